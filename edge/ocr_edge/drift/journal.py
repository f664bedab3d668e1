"""The days of all regions, in a small SQLite file: it survives power cuts, and it stays small."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from ocr_edge.drift.day import Day
from ocr_edge.errors import PublishError

FILE_NAME = "drift.sqlite"
KEPT_DAYS = 400
"""Days of a region that are kept, beside its reference: a year, so that seasons can be seen, and a month."""
BUSY_S = 5.0
"""Seconds that a write waits for another process, such as ``ocr-edge status``, which reads for milliseconds."""
_SCHEMA = """CREATE TABLE IF NOT EXISTS days (region TEXT, day TEXT, picture TEXT, reader TEXT, sums TEXT,
PRIMARY KEY (region, day, picture, reader)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted (region TEXT PRIMARY KEY, day TEXT) WITHOUT ROWID;"""


class Key(NamedTuple):
    """What a day's sums belong to.

    Attributes:
        region: Name of the region.
        day: ISO 8601, the day where the device is.
        picture: Stands for how the region is cut out; another one begins another reference.
        reader: The same for who reads it, and what.
    """

    region: str
    day: str
    picture: str
    reader: str


class Row(NamedTuple):
    """A day of a region."""

    day: dt.date
    picture: str
    reader: str
    sums: Day


@dataclass(frozen=True, slots=True)
class Journal:
    """The file; everything here may wait for the disk, and raises PublishError when it cannot be used.

    Attributes:
        path: Where it is.
    """

    path: Path

    def add(self, parts: Mapping[Key, Day]) -> None:
        """Add parts of days to what is there, all or nothing."""
        with self._open() as connection, connection:
            for key, part in parts.items():
                where = "WHERE region = ? AND day = ? AND picture = ? AND reader = ?"
                found = connection.execute(f"SELECT sums FROM days {where}", key).fetchone()
                day = (_decoded(found[0]) if found else None) or Day()
                day.add(part)
                connection.execute(
                    "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?)",
                    (*key, msgspec.json.encode(day).decode()),
                )

    def rows(self, region: str) -> list[Row]:
        """All days of a region since its reference was last renewed, oldest first; damaged ones are left out."""
        with self._open() as connection:
            (since,) = connection.execute(
                "SELECT max(day) FROM accepted WHERE region = ?", (region,)
            ).fetchone()
            found = connection.execute(
                "SELECT day, picture, reader, sums FROM days WHERE region = ? AND day >= ? ORDER BY day",
                (region, since or ""),
            ).fetchall()
        return [row for each in found if (row := _row(*each)) is not None]

    def regions(self) -> list[str]:
        """All regions that it knows."""
        with self._open() as connection:
            return [
                name for (name,) in connection.execute("SELECT DISTINCT region FROM days ORDER BY region")
            ]

    def accept(self, region: str, day: dt.date) -> None:
        """Take the days from this one on as the new reference."""
        with self._open() as connection, connection:
            connection.execute("INSERT OR REPLACE INTO accepted VALUES (?, ?)", (region, day.isoformat()))

    def prune(self, region: str, reference: Iterable[dt.date]) -> None:
        """Forget all but the newest ``KEPT_DAYS`` days of a region and those of its reference."""
        with self._open() as connection, connection:
            days = connection.execute(
                "SELECT DISTINCT day FROM days WHERE region = ? ORDER BY day DESC", (region,)
            ).fetchall()
            keep = {day.isoformat() for day in reference}
            old = [(region, day) for (day,) in days[KEPT_DAYS:] if day not in keep]
            connection.executemany("DELETE FROM days WHERE region = ? AND day = ?", old)

    def forget(self, regions: Iterable[str], before: dt.date) -> None:
        """Forget regions that there are no more, where their newest day lies before another one."""
        names = list(regions)
        marks = ", ".join("?" * len(names))
        with self._open() as connection, connection:
            connection.execute(
                f"DELETE FROM days WHERE region NOT IN ({marks}) AND day < ?", (*names, before.isoformat())
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connection()) as connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise PublishError(f"{self.path}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        """An open file with its tables; one that is no database any more is put aside."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in (1, 2):
            connection = sqlite3.connect(self.path, timeout=BUSY_S)
            try:
                connection.executescript(_SCHEMA)
                return connection
            except sqlite3.OperationalError:  # locked, full, read-only: the file is as good as before
                connection.close()
                raise
            except sqlite3.DatabaseError:
                connection.close()
                if attempt == 2:
                    raise
                self.path.replace(self.path.with_suffix(".damaged"))
        raise AssertionError


def _row(day: str, picture: str, reader: str, sums: str) -> Row | None:
    decoded = _decoded(sums)
    try:
        return Row(dt.date.fromisoformat(day), picture, reader, decoded) if decoded else None
    except ValueError:
        return None


def _decoded(sums: str) -> Day | None:
    try:
        return msgspec.json.decode(sums, type=Day)
    except msgspec.MsgspecError:
        return None
