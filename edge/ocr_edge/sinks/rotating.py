"""Readings as JSON lines in files that take turns."""

import errno
import os
from contextlib import suppress
from io import FileIO

import msgspec

from ocr_edge.config.settings import Files
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading

_MEGABYTE = 1_000_000
_HEALS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""What goes wrong with a disk and not with a setting."""


class RotatingSink:
    """Appends to a file; when it is full it becomes ``<name>.1``, the one before ``<name>.2``, and so on.

    A line is handed to the system whole and at once; one that a full disk cut short is taken back. Somebody else may
    rename or remove the file at any time: the next line begins a new one.

    Attributes:
        path: The file that is written now.
    """

    def __init__(self, settings: Files) -> None:
        """Open the file.

        Raises:
            ConfigError: The path can never work. A disk that is full, read-only or failing is survived.
        """
        self.path = settings.path
        self._max_bytes = settings.max_mb * _MEGABYTE
        self._keep = settings.keep
        self._file: FileIO | None = None
        try:
            self._file = self._open()
        except OSError as error:
            if error.errno not in _HEALS:
                raise ConfigError(f"files.path {self.path}: cannot be written: {error.strerror}") from error

    def publish(self, reading: Reading) -> None:
        """Append one reading as one line."""
        values = reading.as_dict()
        line = msgspec.json.encode(values) + b"\n"
        try:
            self._write(line)
        except OSError as error:
            self.close()
            raise PublishError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _write(self, line: bytes) -> None:
        if self._file is None or not self._is_ours(self._file):
            self.close()
            self._file = self._open()
        size = self._file.seek(0, os.SEEK_END)
        if size and size + len(line) > self._max_bytes:
            self._turn()
            self._file = self._open()
            size = 0
        if self._file.write(line) != len(line):
            self._file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self) -> FileIO:
        """The file, ending with a whole line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = FileIO(self.path, "a+")
        # A power cut may have left half a line.
        if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")
        return file

    def _is_ours(self, file: FileIO) -> bool:
        """Whether the path still names the open file."""
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self.path))
        return False

    def _turn(self) -> None:
        """Give every file the next number; the last one goes."""
        self.close()
        for number in range(self._keep - 1, 0, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        os.replace(self.path, f"{self.path}.1")
