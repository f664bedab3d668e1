"""One picture file that something else renews: a camera whose picture is a file."""

import os
import time
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame, file_time

SETTLE_S = 0.2
"""Seconds that a changed file must stay the same before it is read."""
RESTLESS_S = 1.0
"""Seconds after which a file that never does is read as it is, if only it is a whole picture."""


class Still:
    """A picture file; read when it has changed, given whenever a frame is wanted.

    Args:
        path: The file.
        separate: Whether it is given only when it has changed: each picture shows a thing of its own.
    """

    drained = False
    more = False

    def __init__(self, path: Path, separate: bool = False) -> None:
        self.name = str(path)
        self.separate = separate
        self.grabbed_at = 0.0
        self._path = path
        self._image: Image | None = None
        self._seen = self._pending = (0, 0, 0)
        self._pending_since = 0.0
        self._changing_since: float | None = None
        self._given = False

    def __enter__(self) -> "Still":
        if not self._renew():
            time.sleep(SETTLE_S)
            self._renew()
        return self

    def __exit__(self, *exc: object) -> None:
        self._image = None

    def grab(self) -> bool:
        """Read the file again if it has changed; False while it is being written."""
        self.grabbed_at = time.monotonic()
        if self._image is not None and self._version() == self._seen:
            if self.grabbed_at - self._pending_since >= SETTLE_S:
                self._changing_since = None
            return not (self.separate and self._given)
        return self._renew()

    def retrieve(self) -> Frame:
        """The picture, with the time its file was last changed."""
        if self._image is None:
            raise CaptureError(f"{self.name}: is still being written")
        self._given = True
        return Frame(self._image.copy(), file_time(self._seen[0]), self.grabbed_at, self.name)

    def _renew(self) -> bool:
        """Read the file once it stays the same; one that never does as it is, if it is whole."""
        now, version = time.monotonic(), self._version()
        if version != self._pending:
            self._pending, self._pending_since = version, now
        if self._changing_since is None:
            self._changing_since = now
        quiet = now - self._pending_since >= SETTLE_S
        restless = now - self._changing_since >= RESTLESS_S
        if not (quiet or restless):
            return False
        try:
            image = pictures.load(self._path, live=True)
        except CaptureError:
            if quiet and self._version() == version:
                raise
            return False
        if not restless and self._version() != version:
            return False
        if quiet:
            self._changing_since = None
        self._image, self._seen, self._given = image, version, False
        return True

    def _version(self) -> tuple[int, int, int]:
        try:
            found = os.stat(self._path)
        except OSError as error:
            raise CaptureError(f"{self.name}: {error.strerror}") from error
        return found.st_mtime_ns, found.st_size, found.st_ino
