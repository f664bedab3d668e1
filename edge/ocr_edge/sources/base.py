"""What every live source has in common."""

import time
from dataclasses import dataclass, replace
from typing import Protocol, Self

from ocr_edge.contract.types import Image
from ocr_edge.geometry import rectify

YEAR_9999 = 253_370_764_800
"""Epoch seconds at its start; datetime knows none after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured picture and its time.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``; the frame owns it.
        captured_at: Epoch seconds of the exposure.
        monotonic: ``time.monotonic()`` of the exposure, for durations: the wall clock may jump.
        source: Name of the camera or file.
        small: The camera's low-resolution picture of the same moment, uint8, shape ``(h, w)``, grey; None where
            there is none.
    """

    image: Image
    captured_at: float
    monotonic: float
    source: str
    small: Image | None = None

    def turned(self, degrees: int) -> Self:
        """The frame turned clockwise by 0, 90, 180 or 270 degrees."""
        if not degrees:
            return self
        small = None if self.small is None else rectify.turned(self.small, degrees)
        return replace(self, image=rectify.turned(self.image, degrees), small=small)


class Source(Protocol):
    """A device, stream or folder that gives frames; opened by ``with``.

    Everything here may block and runs in the capture thread alone (``ocr_edge.sources.capture``).

    Attributes:
        name: What people call it, without credentials.
        separate: Whether each picture shows a thing of its own, as in a folder of scans: none is skipped.
        drained: Whether frames wait in a buffer and grow old there: such a source is grabbed from all the time.
            The others are asked when a frame is wanted, and have shown that they work when they are open.
        grabbed_at: ``time.monotonic()`` of the picture grabbed last, or of its arrival where the device does not
            tell when it was exposed.
    """

    name: str
    separate: bool
    drained: bool
    grabbed_at: float

    @property
    def more(self) -> bool:
        """Whether another ``grab`` has something to look at, although the last one gave no picture: no need to wait."""

    def __enter__(self) -> Self:
        """Open the device.

        Raises:
            CaptureError: It is not there, busy or not a camera; tried again later.
        """

    def __exit__(self, *exc: object) -> None:
        """Give the device back, whatever state it is in."""

    def grab(self) -> bool:
        """Take the next picture from the device, as cheaply as it allows.

        Returns:
            Whether there is one; False where nothing is new (a folder) and the source should be asked later.
            A picture that is not retrieved may be grabbed again.

        Raises:
            CaptureError: The device is lost; it is closed and opened again.
            EndOfSource: There will never be another one.
        """

    def retrieve(self) -> Frame:
        """The picture that was grabbed last, decoded.

        Raises:
            CaptureError: It is damaged; the next one may be whole.
        """


def file_time(changed_ns: int) -> float:
    """Epoch seconds of a file's last change; now where a clock or a tool has left what is no date.

    Args:
        changed_ns: ``st_mtime_ns``.
    """
    seconds = changed_ns / 1e9
    return seconds if 0 <= seconds < YEAR_9999 else time.time()


class EndOfSource(Exception):
    """A finite source, such as a video, has given its last frame; like StopIteration it is no error."""
