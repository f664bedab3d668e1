"""Values that cross the borders between training, conversion and the device."""

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""uint8 pixels, shape ``(H, W, C)``, or ``(H, W)`` where a function says so. Colour is RGB."""

Scores = npt.NDArray[np.float32]
"""float32 values, one row per glyph and one column per label."""


class Polarity(enum.Enum):
    """Which of ink and paper is the brighter one."""

    DARK = "dark"
    """Dark ink on light paper."""
    LIGHT = "light"
    """Light ink on dark paper."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in picture pixels; right and bottom are exclusive.

    Attributes:
        left: First column.
        top: First row.
        width: Columns, at least 1.
        height: Rows, at least 1.
    """

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"box of {self.width}x{self.height} pixels: both sides must be at least 1")

    @property
    def right(self) -> int:
        """First column after the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row after the box."""
        return self.top + self.height

    def union(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Box(left, top, right - left, bottom - top)

    def overlap(self, other: "Box") -> int:
        """Pixels that both boxes cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(wide, 0) * max(high, 0)

    def as_list(self) -> list[int]:
        """``[left, top, width, height]``, the form results are published in."""
        return [self.left, self.top, self.width, self.height]


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """One segmented character image, not yet named.

    Attributes:
        rgb: uint8, shape ``(H, W, 3)``, channel order RGB.
        binary: uint8, shape ``(H, W, 1)``, ink 255 and paper 0; None when it is to be derived from ``rgb``.
        polarity: Ink against paper where it is known (a line knows), None where it must be guessed.
    """

    rgb: Image
    binary: Image | None = None
    polarity: Polarity | None = None
