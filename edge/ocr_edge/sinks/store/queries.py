"""The store's file read back, in any thread: what it has is looked up by connections that may not write."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from ocr_edge.sinks.store import database
from ocr_edge.sinks.store.faults import explained


def reader(path: Path, how: str = "") -> sqlite3.Connection:
    """A connection that may not write; ``how`` is what more SQLite is told of the file."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro{how}", uri=True, timeout=database.BUSY_S)


def select(path: Path, after: int, before: int, limit: int) -> list[tuple[int, str]]:
    """Numbers and data of the readings after one number and before another; for any thread.

    Raises:
        PublishError: The database cannot be read.
    """
    query = "SELECT number, data FROM readings WHERE number > ? AND number < ? ORDER BY number LIMIT ?"
    with explained(path), closing(reader(path)) as connection:
        return connection.execute(query, (after, before, limit)).fetchall()


def count(path: Path, after: int, before: int) -> int:
    """How many readings ``select`` would find without a limit; its errors."""
    # The index is a fiftieth of the table.
    query = "SELECT count(*) FROM readings INDEXED BY readings_time WHERE +number > ? AND +number < ?"
    with explained(path), closing(reader(path)) as connection:
        return int(connection.execute(query, (after, before)).fetchone()[0])


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
        if database.version(connection, path):
            connection.execute("SELECT max(number) FROM readings").fetchone()
