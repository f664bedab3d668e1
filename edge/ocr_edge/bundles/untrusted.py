"""Files and archives that somebody else made: what they claim is judged before it costs time or memory."""

import errno
import os
import stat
import struct
import tarfile
import zipfile
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, Self

MAX_DIRECTORY = 2**20
"""Largest list of members of a .zip: 1,000 of them, each with a long name and all that is optional."""
MAX_HEADER = 2**16
"""Largest header of a .tar that itself has content, such as a long name; tarfile reads it whole."""
_HEADERS = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}


class StrangeError(OSError):
    """A file is none that is read here; ``strerror`` says why."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EINVAL, why)

    def __str__(self) -> str:
        return str(self.strerror)


def regular(path: Path, limit: int) -> BufferedReader:
    """Open a regular file for reading.

    Args:
        path: It, or a link to it.
        limit: Most bytes that it may have.

    Raises:
        StrangeError: It is larger, or a device, a pipe or a folder.
        OSError: It cannot be opened.
    """
    try:
        # Without waiting: a pipe that nobody writes to would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise StrangeError("has a name that no file can have") from error
    file = os.fdopen(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StrangeError("is no regular file")
        if status.st_size > limit:
            raise StrangeError(f"has {status.st_size:,} bytes, at most {limit:,} are read")
    except BaseException:
        file.close()
        raise
    return file


def content(path: Path, limit: int) -> bytes:
    """What a regular file holds; errors as in ``regular``."""
    with regular(path, limit) as file:
        # Not more than it said: files of /proc say 0 and go on for ever.
        return file.read(os.fstat(file.fileno()).st_size)


def opened_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Open a .zip whose list of members has a size that makes sense: zipfile reads it whole.

    Args:
        file: Open for reading, at any place; it stays open when the archive is closed.

    Raises:
        zipfile.BadZipFile: It is none, or its list is too large.
    """
    length = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, length - 2**16 - 42))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) - end < 22:
        raise zipfile.BadZipFile("is no .zip, or a part of one")
    (size,) = struct.unpack_from("<L", tail, end + 12)
    if size > min(MAX_DIRECTORY, start + end) or tail[:end].rfind(b"PK\6\7", max(0, end - 20)) >= 0:
        raise zipfile.BadZipFile("its list of members is larger than that of any bundle")
    file.seek(0)
    return zipfile.ZipFile(file)


class Header(tarfile.TarInfo):
    """A member of a .tar whose extra headers have a size that makes sense.

    As ``tarinfo`` of ``tarfile.open``; raises ``tarfile.ReadError``.
    """

    @classmethod
    def frombuf(cls, *args: Any, **kwargs: Any) -> Self:
        """As the library's."""
        header = super().frombuf(*args, **kwargs)
        if header.type in _HEADERS and header.size > MAX_HEADER:
            raise tarfile.ReadError(f"a header claims {header.size:,} bytes, at most {MAX_HEADER:,} are read")
        return header
