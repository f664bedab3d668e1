"""The configuration's file on disk: replaced as one step, with the version before it kept beside it."""

import hashlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from ocr_edge.bundles import archive
from ocr_edge.config.load import MAX_BYTES
from ocr_edge.errors import ConfigError

CHANGED = "somebody changed the file meanwhile; load it again, then repeat what you changed"
_MARK = b"\xef\xbb\xbf"
"""Some editors begin a file with a byte order mark: it stays."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a file says.

    Attributes:
        text: Its content.
        hash: SHA-256 of its bytes.
    """

    text: str
    hash: str


@dataclass(slots=True)
class Versions:
    """One configuration and the version before its last save; every method waits for the disk.

    A previous version is one of our own if its time is that of the file: whoever edits the file by hand has another
    time, and nothing of theirs is undone.

    Attributes:
        path: The file; the version before is ``<name>.1``.
    """

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Version:
        """What the file says now.

        Raises:
            ConfigError: It cannot be read, or is no text.
        """
        content = self._read(self.path)
        try:
            return Version(content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest())
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.path}: is not UTF-8 text") from error

    def before(self) -> str | None:
        """What the file said before the last save; None where that cannot be undone."""
        try:
            if self._previous.stat().st_mtime_ns != self.path.stat().st_mtime_ns:
                return None
            return self._read(self._previous).decode("utf-8-sig")
        except (OSError, ConfigError, UnicodeDecodeError):
            return None

    def replace(self, text: str, known: str) -> None:
        """Put another text into the file, and keep what it said; a power cut leaves the old file or the new one.

        Args:
            text: The text, found right.
            known: The hash of what it was made from.

        Raises:
            ConfigError: The file says something else by now, or cannot be written.
        """
        with self._lock:
            old = self._read(self.path)
            if hashlib.sha256(old).hexdigest() != known:
                raise ConfigError(CHANGED)
            mark = _MARK if old.startswith(_MARK) else b""
            try:
                mode = self.path.stat().st_mode & 0o777
                fresh = self._written(mark + text.encode(), ".new", mode)
                kept = self._written(old, ".1.new", mode)
                time = fresh.stat().st_mtime_ns
                os.utime(kept, ns=(time, time))
                kept.replace(self._previous)
                fresh.replace(self.path)
                archive.fsync(self.path.parent)
            except OSError as error:
                raise ConfigError(f"{self.path}: cannot be written: {error.strerror}") from error

    @property
    def _previous(self) -> Path:
        return self.path.with_name(f"{self.path.name}.1")

    def _written(self, content: bytes, ending: str, mode: int) -> Path:
        """A file beside ours, whole on the disk."""
        path = self.path.with_name(self.path.name + ending)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        return path

    def _read(self, path: Path) -> bytes:
        try:
            with open(path, "rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES >> 10} KiB, which no configuration is")
        return content
