"""The SQLite file of the store: its schema, and the connection that writes."""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.store.faults import explained
from ocr_edge.sinks.store.retention import Deleted, Keep, tidy
from ocr_edge.sinks.store.row import Row

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
BUSY_S = 1.0
"""Seconds that another program's lock is waited for."""
_WAL_BYTES = 4_000_000
"""Length of the write-ahead log from which on it is moved into the file."""


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
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
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
        if (found := version(self._connection, self.path)) != VERSION:
            run("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n") if found == 0 else [_UPGRADE]:
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


def version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the schema; 0 where there is none yet."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise ConfigError(f"{path}: is the database of another program; give store.path another name")
    if not 0 <= found <= VERSION:
        raise ConfigError(
            f"{path}: has schema {found}, this program knows 1 to {VERSION}: it was written by another version"
            " of ocr-edge; install that one, or move the file away"
        )
    return found
