"""One picture file that something else renews: a camera whose picture is a file."""

import os
import time
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame

SETTLE_S = 0.2
"""Seconds that size and time of a changed file must stay the same before it is read."""


class Still:
    """A picture file; read when it has changed, given whenever a frame is wanted."""

    separate = False
    drained = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.grabbed_at = 0.0
        self._path = path
        self._image: Image | None = None
        self._seen: tuple[int, int] | None = None

    def __enter__(self) -> "Still":
        self._renew()
        return self

    def __exit__(self, *exc: object) -> None:
        self._image = None

    def grab(self) -> bool:
        """Read the file again if it has changed; False while it is being written."""
        self.grabbed_at = time.monotonic()
        return self._version() == self._seen or self._renew()

    def retrieve(self) -> Frame:
        """The picture, with the time its file was last changed."""
        if self._image is None or self._seen is None:
            raise CaptureError(f"{self.name}: is still being written")
        return Frame(self._image.copy(), self._seen[0] / 1e9, self.grabbed_at, self.name)

    def _renew(self) -> bool:
        """Read the file; False when it is being written just now."""
        before = self._version()
        time.sleep(SETTLE_S)
        if self._version() != before:
            return False
        image = pictures.load(self._path)
        if self._version() != before:
            return False
        self._image, self._seen = image, before
        return True

    def _version(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)
        except OSError as error:
            raise CaptureError(f"{self.name}: {error.strerror}") from error
        return found.st_mtime_ns, found.st_size
