"""A folder in which pictures arrive: each is read once, also across a restart."""

import hashlib
import json
import logging
import os
import time
from collections import deque
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import paths, pictures
from ocr_edge.sources.base import Frame

_LOGGER = logging.getLogger(__name__)

SETTLE_S = 0.5
"""Seconds that size and time of a file must stay the same before it is read."""
REMEMBER_AFTER_S = 30.0
"""Seconds after which a picture that was read is remembered on disk: by then its reading is there too."""

Version = tuple[str, int, int]
"""Name, time of the last change in nanoseconds, and size: a file written anew is a new picture."""


class Folder:
    """The pictures directly in a folder, those found together in natural order of their names.

    Args:
        path: The folder.
        state: Folder in which is remembered what was read; None: only as long as the source is open.
    """

    separate = True
    drained = False

    def __init__(self, path: Path, state: Path | None = None) -> None:
        self.name = str(path)
        self.grabbed_at = 0.0
        self._path = path
        self._memory = (
            state and state / "folders" / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.jsonl"
        )
        self._done: set[Version] = set()
        self._arriving: dict[Version, float] = {}
        self._ready: deque[Version] = deque()
        self._current: tuple[Version, Image] | None = None
        self._given: Version | None = None
        self._unwritten: deque[tuple[float, Version]] = deque()

    def __enter__(self) -> "Folder":
        present = self._present()
        self._done = {version for version in self._recall() if version in present}
        self._write(self._done, "w")
        return self

    def __exit__(self, *exc: object) -> None:
        self._write([version for _, version in self._unwritten], "a")
        self._unwritten.clear()

    def grab(self) -> bool:
        """Load the next picture whose file is complete; a broken one is reported and passed over."""
        if self._current is None:
            self._settle_last()
            if not self._ready:
                self._look()
            if not self._ready:
                return False
            version = self._ready.popleft()
            self._done.add(version)
            try:
                self._current = version, pictures.load(self._path / version[0])
            except CaptureError as error:
                if (self._path / version[0]).exists():
                    _LOGGER.warning("%s; skipped", error)
                    self._unwritten.append((time.monotonic(), version))
                return False
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self) -> Frame:
        """The picture that was loaded, with the time its file was last changed."""
        if self._current is None:
            raise CaptureError(f"{self.name}: no picture was grabbed")
        version, image = self._current
        self._current, self._given = None, version
        return Frame(image, version[1] / 1e9, self.grabbed_at, str(self._path / version[0]))

    def _settle_last(self) -> None:
        """Being asked for the next picture means that the one before has been dealt with."""
        now = time.monotonic()
        if self._given:
            self._unwritten.append((now, self._given))
            self._given = None
        old = []
        while self._unwritten and now - self._unwritten[0][0] > REMEMBER_AFTER_S:
            old.append(self._unwritten.popleft()[1])
        self._write(old, "a")

    def _look(self) -> None:
        """Find the new pictures that nobody writes to any more."""
        now, present = time.monotonic(), self._present()
        self._done &= present
        self._arriving = {version: self._arriving.get(version, now) for version in present - self._done}
        quiet = [version for version, since in self._arriving.items() if now - since >= SETTLE_S]
        self._ready.extend(sorted(quiet, key=lambda version: paths.natural(Path(version[0]))))

    def _present(self) -> set[Version]:
        found = set()
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    name = entry.name.lower()
                    if (
                        name.startswith(".")
                        or name.endswith(paths.ANNOTATED)
                        or not name.endswith(paths.PICTURES)
                    ):
                        continue
                    try:
                        status = entry.stat()
                        if entry.is_file():
                            found.add((entry.name, status.st_mtime_ns, status.st_size))
                    except FileNotFoundError:  # taken away meanwhile, or a link to nothing
                        continue
        except OSError as error:
            raise CaptureError(f"{self.name}: the folder cannot be read: {error.strerror}") from error
        return found

    def _recall(self) -> list[Version]:
        try:
            lines = self._memory.read_text(encoding="utf-8").splitlines() if self._memory else []
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            _LOGGER.warning("%s: cannot be read, pictures are read again: %s", self._memory, error)
            return []
        versions = []
        for line in lines:
            try:
                name, changed, size = json.loads(line)
                versions.append((str(name), int(changed), int(size)))
            except (ValueError, TypeError):  # the last line after a power cut
                continue
        return versions

    def _write(self, versions: set[Version] | list[Version], mode: str) -> None:
        if self._memory is None or (mode == "a" and not versions):
            return
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with open(self._memory, mode, encoding="utf-8") as file:
                file.writelines(json.dumps(version) + "\n" for version in versions)
        except OSError as error:
            _LOGGER.warning("%s: cannot be written, a restart reads pictures again: %s", self._memory, error)
