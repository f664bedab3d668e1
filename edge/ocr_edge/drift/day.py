"""What one day of one region was like: sums alone, so that two parts of a day are added."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from ocr_edge.reading import Reading
from ocr_edge.regions.quality import Quality

MAX_CLASSES = 64
"""Characters that are counted by themselves; what else there is counts as one more. A display has a dozen."""
OTHERS = ""
"""Stands for all others in the counts."""

Sum = Annotated[float, Meta(ge=0, le=1e12)]
Number = Annotated[int, Meta(ge=0, le=10**9)]


@dataclass(slots=True)
class Look:
    """One look at a region.

    Attributes:
        quality: What its picture is worth.
        reading: What this picture alone said; None when it was not read.
        believed: Whether what it led to was not rejected.
    """

    quality: Quality
    reading: Reading | None = None
    believed: bool = True


class Day(msgspec.Struct, forbid_unknown_fields=True):
    """Sums over the looks of a day, or of a part of one.

    Attributes:
        looks: How many there were.
        unread: Those that gave nothing to believe: spoiled, nothing read, or rejected.
        sharpness: Sum of their sharpness.
        brightness: Sum of their brightness, in grey levels.
        placed: Those in which marks were found, and
        moved: the sum of how far these had moved, as a share of the picture's longer side.
        said: Those in which something was read, and
        confidence: the sum of how sure that was.
        classes: How often each character was read.
    """

    looks: Number = 0
    unread: Number = 0
    sharpness: Sum = 0.0
    brightness: Sum = 0.0
    placed: Number = 0
    moved: Sum = 0.0
    said: Number = 0
    confidence: Sum = 0.0
    classes: dict[str, Number] = {}

    def take(self, look: Look, moved: float | None) -> None:
        """Add a look; ``moved`` is how far the marks have moved, None without marks."""
        reading = look.reading
        self.looks += 1
        self.unread += reading is None or not reading.lines or not look.believed
        self.sharpness += look.quality.sharpness
        self.brightness += look.quality.brightness
        if moved is not None:
            self.placed += 1
            self.moved += moved
        if reading is not None and reading.lines:
            self.said += 1
            self.confidence += reading.confidence
            self._count(Counter(c.text for line in reading.lines for c in line.characters))

    def add(self, other: "Day") -> None:
        """Add another part of the same day."""
        for name in ("looks", "unread", "placed", "said", "sharpness", "brightness", "moved", "confidence"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self._count(Counter(other.classes))

    def mean(self, signal: str) -> float | None:
        """A day's value of a signal; None where nothing is known of it."""
        count = {"moved": self.placed, "confidence": self.said}.get(signal, self.looks)
        return float(getattr(self, signal)) / count if count else None

    def _count(self, more: Counter[str]) -> None:
        for text, count in more.items():
            known = text in self.classes or len(self.classes) < MAX_CLASSES
            key = text if known else OTHERS
            self.classes[key] = self.classes.get(key, 0) + count
