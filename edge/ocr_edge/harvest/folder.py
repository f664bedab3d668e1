"""The samples' folder: one file a sample, and a small one beside it for its label.

Every file is written beside its name and renamed, so that a power cut costs what was not renamed yet. Daemon, page and
command line may work here at the same time: what one of them deletes is gone for the others, and no error.
"""

import logging
import os
import stat
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ocr_edge.bundles.archive import fsync
from ocr_edge.errors import OcrEdgeError
from ocr_edge.harvest import sample
from ocr_edge.harvest.labels import Label
from ocr_edge.harvest.sample import ID, MAX_BYTES, MAX_HEAD, About, DamagedError, Sample

_LOGGER = logging.getLogger(__name__)

NAME = "samples"
"""The folder, below the state folder."""
SUFFIX, LABEL, NEW = ".sample", ".label", ".new"
MAX_LABEL = 4096
"""Bytes of a label's file; one has 100."""
WRITTEN_S = 60.0
"""Seconds after which a file that was not renamed is no other process's any more: writing takes some milliseconds."""
AT_ONCE = 20
"""Most samples that are deleted for their age at a time: a clock that leaps for a moment must not take all."""


class SamplesError(OcrEdgeError):
    """The folder cannot be read or written now."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample in the folder.

    Attributes:
        about: What is known of it.
        label: What its owner says; None until then.
        size: Bytes of its file.
        at: Epoch seconds at which it was written.
    """

    about: About
    label: Label | None
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    Attributes:
        samples: Most files.
        bytes: Most bytes of them.
        age_s: Seconds after which one without a label goes.
    """

    samples: int
    bytes: float
    age_s: float


class Samples:
    """The folder. For one thread at a time; several may have an object each.

    Args:
        path: It; made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heads: dict[str, tuple[tuple[int, int], About | None]] = {}

    def entries(self) -> list[Entry]:
        """Every sample, oldest first; damaged ones are left out, and said once.

        Raises:
            SamplesError: The folder cannot be read.
        """
        heads: dict[str, tuple[tuple[int, int], About | None]] = {}
        found = []
        for each, status in self._files():
            key = status.st_mtime_ns, status.st_size
            known = self._heads.get(each)
            about = known[1] if known and known[0] == key else self._head(each)
            heads[each] = key, about
            if about:
                found.append(Entry(about, self.label(each), status.st_size, status.st_mtime))
        self._heads = heads
        return found

    @property
    def damaged(self) -> list[str]:
        """The damaged files that ``entries`` found."""
        return [each for each, (_, about) in self._heads.items() if about is None]

    def read(self, each: str) -> bytes:
        """The file of a sample.

        Raises:
            KeyError: There is none of this name.
            DamagedError: It is not whole.
            SamplesError: It cannot be read.
        """
        data = self._content(each, SUFFIX, MAX_BYTES)
        if not data or sample.head(data)[0].id != each:
            raise DamagedError(f"{each}: another sample's")
        return data

    def label(self, each: str) -> Label | None:
        """The label of a sample; None where it has none, or a damaged one."""
        try:
            return msgspec.json.decode(self._content(each, LABEL, MAX_LABEL), type=Label)
        except (KeyError, ValueError, SamplesError):
            return None

    def set_label(self, each: str, label: Label | None) -> None:
        """Write a label, or take it back.

        Raises:
            KeyError: There is no such sample.
            SamplesError: It cannot be written.
        """
        if not ID.match(each) or not os.path.lexists(self._path(each, SUFFIX)):
            raise KeyError(each)
        try:
            if label is None:
                self._path(each, LABEL).unlink(missing_ok=True)
            else:
                self._write(each, LABEL, msgspec.json.encode(label))
        except OSError as error:
            raise SamplesError(f"{self.path}: cannot be written: {error.strerror}") from error

    def add(self, samples: Iterable[Sample]) -> None:
        """Write samples.

        Raises:
            SamplesError: They cannot be written now; some of them may have been.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for one in samples:
                self._write(one.about.id, SUFFIX, one.data)
            fsync(self.path)
        except OSError as error:
            raise SamplesError(f"{self.path}: cannot be written: {error.strerror}") from error

    def drop(self, ids: Iterable[str]) -> int:
        """Delete samples with their labels; how many there were.

        Raises:
            SamplesError: They cannot be deleted.
        """
        count = 0
        try:
            for each in ids:
                if not ID.match(each):
                    continue
                with suppress(FileNotFoundError):
                    self._path(each, SUFFIX).unlink()
                    count += 1
                self._path(each, LABEL).unlink(missing_ok=True)
        except OSError as error:
            raise SamplesError(f"{self.path}: cannot be written: {error.strerror}") from error
        return count

    def tidy(self, limits: Limits, now: float) -> list[str]:
        """Delete what is too old or too much, the oldest first; what has a label stays: it is its owner's work.

        Args:
            limits: How much is kept.
            now: Epoch seconds.

        Returns:
            The ids of those that were deleted.

        Raises:
            SamplesError: The folder cannot be used.
        """
        files = self._files()
        labelled = {each for each, _ in files if os.path.lexists(self._path(each, LABEL))}
        free = [(each, status) for each, status in files if each not in labelled]
        gone = [each for each, status in free if now - status.st_mtime > limits.age_s][:AT_ONCE]
        count, size = (
            len(files) - len(gone),
            sum(status.st_size for each, status in files if each not in gone),
        )
        for each, status in free:
            if count <= limits.samples and size <= limits.bytes:
                break
            if each not in gone:
                gone.append(each)
                count, size = count - 1, size - status.st_size
        self.drop(gone)
        return gone

    def is_full(self, limits: Limits) -> bool:
        """Whether labelled samples alone take all the room; the errors of ``tidy``."""
        sizes = [s.st_size for each, s in self._files() if os.path.lexists(self._path(each, LABEL))]
        return len(sizes) >= limits.samples or sum(sizes) >= limits.bytes

    def clean(self) -> None:
        """Delete what a power cut left: files not renamed yet, damaged samples, labels of none."""
        self.entries()
        for each in self.damaged:
            _LOGGER.warning("harvest: %s%s is damaged and deleted", each, SUFFIX)
        self.drop(self.damaged)
        with suppress(OSError):
            names = os.listdir(self.path)
            for name in names:
                stem = name.removesuffix(LABEL)
                orphan = stem != name and ID.match(stem) and f"{stem}{SUFFIX}" not in names
                if orphan or (name.startswith(".") and name.endswith(NEW) and self._is_left(name)):
                    (self.path / name).unlink(missing_ok=True)

    def _is_left(self, name: str) -> bool:
        """Whether nobody writes a file any more."""
        return time.time() - (self.path / name).lstat().st_mtime > WRITTEN_S

    def _files(self) -> list[tuple[str, os.stat_result]]:
        """The regular files that are samples by their name, oldest first; links are none."""
        try:
            with os.scandir(self.path) as files:
                found = [(f.name, f.stat(follow_symlinks=False)) for f in files if f.name.endswith(SUFFIX)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SamplesError(f"{self.path}: cannot be read: {error.strerror}") from error
        ids = [(name.removesuffix(SUFFIX), status) for name, status in found if stat.S_ISREG(status.st_mode)]
        return sorted([pair for pair in ids if ID.match(pair[0])], key=lambda pair: pair[0])

    def _head(self, each: str) -> About | None:
        try:
            about = sample.head(self._content(each, SUFFIX, MAX_HEAD))[0]
        except (DamagedError, KeyError, SamplesError):
            return None
        return about if about.id == each else None

    def _content(self, each: str, suffix: str, most: int) -> bytes:
        if not ID.match(each):
            raise KeyError(each)
        try:
            # Not through a link, and not waiting for a pipe that somebody put here.
            descriptor = os.open(self._path(each, suffix), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:
                return file.read(most)
        except FileNotFoundError as error:
            raise KeyError(each) from error
        except OSError as error:
            raise SamplesError(f"{self.path}: cannot be read: {error.strerror}") from error

    def _path(self, each: str, suffix: str) -> Path:
        return self.path / f"{each}{suffix}"

    def _write(self, each: str, suffix: str, data: bytes) -> None:
        """Write a file whole or not at all."""
        part = self.path / f".{each}{suffix}{os.getpid()}{NEW}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with open(os.open(part, flags, 0o640), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(each, suffix))
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def unlabelled(entries: Sequence[Entry]) -> list[Entry]:
    """Those without a label, least sure first."""
    return sorted([e for e in entries if e.label is None], key=lambda e: (e.about.confidence, e.about.id))
