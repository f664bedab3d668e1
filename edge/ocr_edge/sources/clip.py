"""A video file as a camera: it plays at its own pace."""

import time
from collections.abc import Iterator
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import video
from ocr_edge.sources.base import EndOfSource, Frame

LONGEST_WAIT_S = 0.2
"""Seconds that one ``grab`` waits at most: a video of slow frames is not a hung one."""


class Clip:
    """A video file, played once; frames that nobody wants in time are skipped."""

    separate = False
    drained = True
    more = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.grabbed_at = 0.0
        self._path = path
        self._next: tuple[float, Image] | None = None
        self._current: tuple[float, Image] | None = None

    def __enter__(self) -> "Clip":
        self._frames: Iterator[tuple[float, Image]] = video.frames(self._path, every_s=1e-6)
        self._next = next(self._frames)
        self._began = time.monotonic()
        return self

    def __exit__(self, *exc: object) -> None:
        del self._frames  # closes the file

    def grab(self) -> bool:
        """Wait until the next frame is due, at most ``LONGEST_WAIT_S``."""
        if self._next is None:
            self._next = next(self._frames, None)
            if self._next is None:
                raise EndOfSource
        due = self._began + self._next[0] - time.monotonic()
        time.sleep(min(max(due, 0), LONGEST_WAIT_S))
        if due > LONGEST_WAIT_S:
            return False
        self._current, self._next = self._next, None
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self) -> Frame:
        """The frame that is due."""
        if self._current is None:
            raise CaptureError(f"{self.name}: no frame was grabbed")
        seconds, image = self._current
        age = time.monotonic() - self.grabbed_at
        return Frame(image, time.time() - age, self.grabbed_at, f"{self.name}#t={seconds:.2f}")
