"""The SQLite file of the store: its schema, and what SQLite's errors mean for people."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.retention import Deleted, Keep, tidy

VERSION = 2
_SCHEMA = """
CREATE TABLE readings (
    number INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    utc TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%fZ', time, 'unixepoch')) VIRTUAL,
    region TEXT NOT NULL,
    text TEXT NOT NULL,
    value REAL,
    unit TEXT NOT NULL,
    confidence REAL,
    why TEXT NOT NULL,
    data TEXT NOT NULL,
    stored REAL NOT NULL DEFAULT 0
);
CREATE INDEX readings_time ON readings (time);
CREATE TABLE delivered (receiver TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
_UPGRADE = "ALTER TABLE readings ADD COLUMN stored REAL NOT NULL DEFAULT 0"
"""From version 1 to 2: the readings there are count as stored now."""
_INSERT = """INSERT INTO readings (number, time, region, text, value, unit, confidence, why, data, stored)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO NOTHING"""
_PLACE = """INSERT INTO delivered VALUES (?, ?)
ON CONFLICT (receiver) DO UPDATE SET number = excluded.number"""
_BUSY_S = 1.0
_WAL_BYTES = 4_000_000
_KEPT_DAMAGED = 3
Row = tuple[int, float, str, str, float | None, str, float, str, str]
"""number, time, region, text, value, unit, confidence, why, data."""

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


class Database:
    """The one connection that writes. Not for two threads at a time.

    Attributes:
        path: The file.
        last: Number of the newest reading that was ever in it, as far as can be seen; 0 without one.
        delivered: Number of the last reading each receiver has.
        age_s: Seconds of the store's own clock when the newest reading was stored; see ``write``.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it.

        Raises:
            ConfigError: It belongs to something else.
            PublishError: It cannot be used now.
        """
        self.path = path
        with explained(path):
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        # Before the first table: later it would take a VACUUM, which writes everything anew.
        run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        # See `_checkpoint`.
        run("PRAGMA wal_autocheckpoint = 0")
        if (version := _version(self._connection, self.path)) != VERSION:
            run("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n") if version == 0 else [_UPGRADE]:
                run(statement)
            run(f"PRAGMA user_version = {VERSION}")
            run("COMMIT")
        newest = run("SELECT number, stored FROM readings ORDER BY number DESC LIMIT 1").fetchone()
        number, age_s = newest or (0, 0.0)
        self.age_s = float(age_s)
        self.delivered: dict[str, int] = dict(run("SELECT receiver, number FROM delivered"))
        # Where all readings were deleted, a receiver would take lower numbers for what it has.
        self.last: int = max(number, *self.delivered.values(), 0)
        self._inode = os.stat(self.path).st_ino

    def write(
        self, rows: Sequence[Row], places: Mapping[str, int], keep: Keep, age_s: float = 0.0
    ) -> Deleted:
        """Commit readings and receivers' places, and delete what is too old or too much.

        Args:
            rows: In the order of their numbers.
            places: Number of the last reading each receiver has.
            keep: What may be deleted.
            age_s: What the store's own clock says, which never goes back and never leaps.

        Returns:
            What was deleted.

        Raises:
            PublishError: Nothing was committed; the database should be closed and opened again.
        """
        run = self._connection.execute
        with explained(self.path):
            if os.stat(self.path).st_ino != self._inode:
                raise PublishError(f"{self.path.name}: was replaced while it was in use")
            run("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, [(*row, age_s) for row in rows])
                self._connection.executemany(_PLACE, places.items())
                deleted = tidy(self._connection, keep, most=50 + 2 * len(rows))
                run("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    run("ROLLBACK")
                raise
        if rows:
            self.last = max(self.last, rows[-1][0])
        self._checkpoint()
        return deleted

    def _checkpoint(self) -> None:
        """Move a long write-ahead log into the file, and empty it.

        SQLite's own checkpoint leaves the old log lying there: were it cut then, pages older than those in the file
        would come back.
        """
        with suppress(OSError, sqlite3.Error):
            if os.stat(f"{self.path}-wal").st_size > _WAL_BYTES:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection, which also empties the write-ahead log."""
        with suppress(sqlite3.Error):
            self._connection.close()


def select(path: Path, after: int, before: int | None, limit: int) -> list[tuple[int, str]]:
    """Numbers and data of the readings after one number and before another; for any thread.

    Raises:
        PublishError: The database cannot be read.
    """
    query = "SELECT number, data FROM readings WHERE number > ? AND number < ? ORDER BY number LIMIT ?"
    with explained(path), closing(reader(path)) as connection:
        return connection.execute(query, (after, _before(before), limit)).fetchall()


def count(path: Path, after: int, before: int | None) -> int:
    """How many readings ``select`` would find without a limit; its errors."""
    # The index is a fiftieth of the table.
    query = "SELECT count(*) FROM readings INDEXED BY readings_time WHERE +number > ? AND +number < ?"
    with explained(path), closing(reader(path)) as connection:
        return int(connection.execute(query, (after, _before(before))).fetchone()[0])


def last(path: Path, region: str) -> str | None:
    """Data of the newest believed reading of a region, if it is among the newest 10,000; the errors of ``select``."""
    newest = "SELECT region, why, data FROM readings ORDER BY number DESC LIMIT 10000"
    query = f"SELECT data FROM ({newest}) WHERE region = ? AND why = '' LIMIT 1"
    with explained(path), closing(reader(path)) as connection:
        row = connection.execute(query, (region,)).fetchone()
    return None if row is None else str(row[0])


def look(path: Path) -> None:
    """Find what is wrong with an existing database; nothing is written, and no file made beside it.

    Raises:
        ConfigError: It belongs to something else.
        PublishError: It cannot be read.
    """
    # SQLite begins a write-ahead log even for a reader; where there is none, nobody writes.
    how = "&immutable=1" if not os.path.exists(f"{path}-wal") else ""
    with explained(path), closing(reader(path, how)) as connection:
        if _version(connection, path):
            connection.execute("SELECT max(number) FROM readings").fetchone()


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the schema; 0 where there is none yet."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise ConfigError(f"{path}: is the database of another program; give store.path another name")
    if not 0 <= version <= VERSION:
        raise ConfigError(
            f"{path}: has schema {version}, this program knows 1 to {VERSION}: it was written by another version"
            " of ocr-edge; install that one, or move the file away"
        )
    return version


def _before(number: int | None) -> int:
    return 2**63 - 1 if number is None else number


def reader(path: Path, how: str = "") -> sqlite3.Connection:
    """A connection that may not write; ``how`` is what more SQLite is told of the file."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro{how}", uri=True, timeout=_BUSY_S)


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
