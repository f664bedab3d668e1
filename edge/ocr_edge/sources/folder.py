"""A folder in which pictures arrive: each is read once, also across a restart."""

import collections
import hashlib
import json
import logging
import os
import time
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import paths, pictures
from ocr_edge.sources.base import Frame, file_time
from ocr_edge.sources.syncing import Syncer

_LOGGER = logging.getLogger(__name__)

SETTLE_S = 0.5
"""Seconds that size and time of a file must stay the same before it is read."""
REMEMBER_AFTER_S = 30.0
"""Seconds after which a picture that was read is remembered on disk, beside those until its reading is there."""

MOST_TRIES = 2
"""Times that a picture is begun; the program ended in the middle of each, so it is passed over."""
MOST_LINES = 1000
"""Lines of the memory on disk before those of pictures that are gone are taken out."""

Version = tuple[str, int, int]
"""Name, time of the last change in nanoseconds, and size: a file written anew is a new picture."""


class Folder:
    """The pictures directly in a folder, those found together in natural order of their names.

    Args:
        path: The folder.
        state: Folder in which is remembered what was read; None: only as long as the source is open.
        commit_s: Seconds until the reading of a picture is on the disk: remembered before, it could be lost.
    """

    separate = True
    drained = False

    def __init__(self, path: Path, state: Path | None = None, commit_s: float = 0.0) -> None:
        self.name = str(path)
        self.grabbed_at = 0.0
        self._path = path
        self._remember_after_s = REMEMBER_AFTER_S + commit_s
        key = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        self._memory = state and state / "folders" / f"{key}.jsonl"
        self._workplace = state and state / "folders" / f"{key}.begun"
        self._syncer = self._workplace and Syncer(self._workplace)
        self._lines = 0
        self._odd: set[str] = set()
        self._tries: dict[Version, int] = {}
        self._done: set[Version] = set()
        self._arriving: dict[Version, float] = {}
        self._ready: collections.deque[Version] = collections.deque()
        self._current: tuple[Version, Image] | None = None
        self._given: Version | None = None
        self._unwritten: collections.deque[tuple[float, Version]] = collections.deque()

    def __enter__(self) -> "Folder":
        present = self._present()
        self._done = {version for version in _versions(self._memory) if version in present}
        self._rewrite(self._done)
        begun = collections.Counter(_versions(self._workplace))
        self._tries = {version: tries for version, tries in begun.items() if version in present - self._done}
        return self

    def __exit__(self, *exc: object) -> None:
        self._append([version for _, version in self._unwritten])
        self._unwritten.clear()
        # Whoever gets here has not been killed by a picture.
        for version in (self._given, self._current and self._current[0]):
            self._tries.pop(version or ("", 0, 0), None)
        self._note_begun()
        if self._syncer:
            self._syncer.close()

    @property
    def more(self) -> bool:
        """Whether files wait to be looked at, after one that was bad or has gone."""
        return bool(self._ready)

    def grab(self) -> bool:
        """Load the next picture whose file is complete; a broken one is reported and passed over."""
        if self._current is None:
            self._settle_last()
            if not self._ready:
                self._look()
            if not self._ready:
                return False
            self._begin(self._ready.popleft())
            if self._current is None:
                return False
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self) -> Frame:
        """The picture that was loaded, with the time its file was last changed."""
        if self._current is None:
            raise CaptureError(f"{self.name}: no picture was grabbed")
        version, image = self._current
        self._current, self._given = None, version
        return Frame(image, file_time(version[1]), self.grabbed_at, str(self._path / version[0]))

    def _begin(self, version: Version) -> None:
        """Load a picture, unless it has been the end of the program before."""
        self._done.add(version)
        path, tries = self._path / version[0], self._tries.get(version, 0)
        if tries >= MOST_TRIES:
            _LOGGER.error("%s: the program ended %d times while it was read; skipped", path, tries)
            self._unwritten.append((time.monotonic(), version))
            return
        try:
            # Before the note: a thousand bad files would be a thousand notes.
            data = pictures.whole(path, live=True)
            self._tries[version] = tries + 1
            self._note_begun(durably=True)
            self._current = version, pictures.decode(path, data, live=True)
        except CaptureError as error:
            self._tries.pop(version, None)
            if path.exists():
                _LOGGER.warning("%s; skipped", error)
                self._unwritten.append((time.monotonic(), version))
        except Exception:  # a mistake of ours costs this picture, not the folder
            self._tries.pop(version, None)
            _LOGGER.exception("%s: the program failed on it; skipped", path)
            self._unwritten.append((time.monotonic(), version))

    def _settle_last(self) -> None:
        """Being asked for the next picture means that the one before has been dealt with."""
        now = time.monotonic()
        if self._given:
            self._unwritten.append((now, self._given))
            self._tries.pop(self._given, None)
            self._given = None
            self._note_begun()
        old = []
        while self._unwritten and now - self._unwritten[0][0] > self._remember_after_s:
            old.append(self._unwritten.popleft()[1])
        self._append(old)
        if self._lines > max(MOST_LINES, 2 * len(self._done)):
            self._rewrite(self._done - {version for _, version in self._unwritten})

    def _look(self) -> None:
        """Find the new pictures that nobody writes to any more."""
        now, present = time.monotonic(), self._present()
        self._done &= present
        self._arriving = {version: self._arriving.get(version, now) for version in present - self._done}
        quiet = [version for version, since in self._arriving.items() if now - since >= SETTLE_S]
        self._ready.extend(sorted(quiet, key=lambda version: paths.natural(Path(version[0]))))

    def _present(self) -> set[Version]:
        found: set[Version] = set()
        odd: set[str] = set()
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
                    except OSError as error:  # a link to itself, a bad sector, a share without permission
                        odd.add(entry.name)
                        if entry.name not in self._odd:
                            _LOGGER.warning("%s: skipped: %s", self._path / entry.name, error.strerror)
        except OSError as error:
            raise CaptureError(f"{self.name}: the folder cannot be read: {error.strerror}") from error
        self._odd = odd
        return found

    def _append(self, versions: list[Version]) -> None:
        if self._memory is None or not versions:
            return
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with open(self._memory, "a", encoding="utf-8") as file:
                file.writelines(_line(version) for version in versions)
            self._lines += len(versions)
        except OSError as error:
            _LOGGER.warning("%s: cannot be written, a restart reads pictures again: %s", self._memory, error)

    def _rewrite(self, versions: set[Version]) -> None:
        """Forget the pictures that are gone."""
        if self._memory is None:
            return
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._memory.with_suffix(".new")
            with open(fresh, "w", encoding="utf-8") as file:
                file.writelines(map(_line, versions))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._memory)
            self._lines = len(versions)
        except OSError as error:
            _LOGGER.warning("%s: cannot be written, a restart reads pictures again: %s", self._memory, error)

    def _note_begun(self, durably: bool = False) -> None:
        """Write down which pictures are in work: one line for each time one was begun."""
        if self._workplace is None:
            return
        lines = [_line(version) for version, tries in self._tries.items() for _ in range(tries)]
        try:
            with open(self._workplace, "w", encoding="utf-8") as file:
                file.writelines(lines)
            if (
                durably and self._syncer
            ):  # a kill leaves it as it is; what takes the machine down takes its time too
                self._syncer.soon()
        except OSError as error:
            _LOGGER.warning("%s: cannot be written: %s", self._workplace, error)


def _line(version: Version) -> str:
    return json.dumps(version) + "\n"


def _versions(path: Path | None) -> list[Version]:
    """What is noted in one of our files, as far as it can be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        _LOGGER.warning("%s: cannot be read, pictures are read again: %s", path, error)
        return []
    versions = []
    for line in lines:
        try:
            name, changed, size = json.loads(line)
            versions.append((str(name), int(changed), int(size)))
        except (ValueError, TypeError):  # the last line after a power cut
            continue
    return versions
