"""Files that a setting names: only regular ones, since a pipe or a device may never end."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

MAX_SECRET_BYTES = 1 << 16
"""Of a file with a secret: a private key has a few thousand, a token fewer."""


def opened(path: Path) -> BinaryIO:
    """A file, open for reading.

    Raises:
        OSError: It cannot be opened, or is no regular file.
        ValueError: The path holds what no path may.
    """
    # Without O_NONBLOCK a named pipe that nobody writes to would be waited for before it can be refused.
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115 - the caller's
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "it is not a regular file")
    return file
