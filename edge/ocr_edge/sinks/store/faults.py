"""What can be wrong with the store's file: SQLite's errors in plain words, wrong paths, damaged files."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ocr_edge.errors import ConfigError, PublishError

_KEPT_DAMAGED = 3
"""Damaged files that are kept: each may be as large as the store."""
_MEANING = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: the file or the disk is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: the folder is missing, read-only or not ours",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_IOERR: "the disk failed or is full",
    sqlite3.SQLITE_PERM: "cannot be opened: no permission",
}


class DamagedError(PublishError):
    """The file is not a database, or not a whole one."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one line.

    Raises:
        DamagedError: The database is damaged.
        PublishError: It cannot be used now.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise DamagedError(f"{path.name} is damaged: {error}") from error
        raise PublishError(f"{path.name}: {_MEANING.get(code, error)}") from error
    except OSError as error:
        raise PublishError(f"{path.name}: {error.strerror or error}") from error


def set_aside(path: Path) -> Path:
    """Rename a damaged database; its write-ahead log goes with it. The oldest of several such is deleted.

    Returns:
        The new name.

    Raises:
        PublishError: It cannot be renamed.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    with explained(path):
        for ending in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{ending}").rename(f"{aside}{ending}")
        earlier = sorted(path.parent.glob(f"{path.name}.damaged-*Z"))
        for each in earlier[:-_KEPT_DAMAGED]:
            for ending in ("-wal", "-shm", ""):
                Path(f"{each}{ending}").unlink(missing_ok=True)
    return aside


def refuse(path: Path) -> None:
    """Find what is wrong with a path for good.

    Raises:
        ConfigError: It cannot be written, and waiting will not help.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise ConfigError(f"store.path {path}: its folder cannot be made: {error.strerror}") from error
    except OSError:
        return  # full, read-only, failing: it may heal
    if not os.access(path.parent, os.X_OK):
        raise ConfigError(f"store.path {path}: this user may not go to {path.parent}")
    if path.is_dir():
        raise ConfigError(f"store.path {path}: is a folder; expected a file name")
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK) and not os.statvfs(target).f_flag & os.ST_RDONLY:
        raise ConfigError(f"store.path {path}: may not be written by this user")
