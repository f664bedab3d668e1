"""Readings of the store, as the page asks for them: a page of rows, points to plot, a table for other programs.

Each question opens the file for reading alone, takes a moment and closes it: a long transaction would let the
write-ahead log grow. What is not committed yet is not seen.
"""

import csv
import io
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ocr_edge.errors import PublishError
from ocr_edge.sinks.store import faults, queries

ROWS = 50
"""Rows of a page."""
POINTS = 1500
"""Points of a plot: more than a screen has columns. Of a span with more readings, the first of each part is taken."""
PARTS = 400
"""Parts that a long span is divided into: each costs a look into the index, together under 0.1 s."""
LIMIT_S = 3.0
"""Seconds that a question may take: half a gigabyte on an SD card would be gone through for a minute."""
STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock, a few milliseconds."""
BATCH = 500
"""Rows of the table read at a time, 1 MB with their JSON left out."""
CODES = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula: a sign before the camera could bring one."""

Time = Annotated[float, Meta(ge=0, lt=1e11)]


class TooMuch(Exception):
    """A question has taken too long."""


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"since": "from"}):
    """Which readings are wanted; the query of the page's address.

    Attributes:
        region: Name of a region; empty for all.
        since: Epoch seconds of the first.
        to: Epoch seconds before which the last lies.
        text: What their text contains.
        least: Least confidence.
        kind: All, those believed, or those that say why not.
        before: A number; those that were read before it.
    """

    region: Annotated[str, Meta(max_length=64)] = ""
    since: Time | None = None
    to: Time | None = None
    text: Annotated[str, Meta(max_length=200)] = ""
    least: Annotated[float, Meta(ge=0, le=1)] = 0.0
    kind: Literal["all", "believed", "doubted"] = "all"
    before: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL, and what its question marks stand for."""
        parts: list[str] = ["1"]
        values: list[Any] = []
        for condition, value in (
            ("number < ?", self.before),
            ("region = ?", self.region or None),
            ("time >= ?", self.since),
            ("time < ?", self.to),
            ("instr(lower(text), lower(?)) > 0", self.text or None),
            ("confidence >= ?", self.least or None),
        ):
            if value is not None:
                parts.append(condition)
                values.append(value)
        if self.kind != "all":
            parts.append("why = ''" if self.kind == "believed" else "why <> ''")
        return " AND ".join(parts), values


_COLUMNS = "number, time, region, text, value, unit, confidence, why"
_PLOTTED = "time, value, confidence"


@dataclass(frozen=True, slots=True)
class History:
    """The store's file, for reading; each method is for a thread that may wait for the disk.

    Attributes:
        path: The file.
    """

    path: Path

    def rows(self, wanted: Filter) -> dict[str, object]:
        """The newest readings wanted, and where the next page begins.

        Raises:
            PublishError: The file cannot be read now.
            TooMuch: It takes too long.
        """
        found = self._rows(wanted, ROWS + 1)
        keys = _COLUMNS.split(", ")
        rows = [dict(zip(keys, row, strict=True)) for row in found[:ROWS]]
        return {"rows": rows, "next": found[ROWS - 1][0] if len(found) > ROWS else None}

    def points(self, wanted: Filter) -> dict[str, object]:
        """Time, value and confidence of the believed readings wanted, oldest first; their errors as of ``rows``.

        ``sampled`` is whether only the first reading of each of ``PARTS`` parts of the span is among them.
        """
        wanted = msgspec.structs.replace(wanted, kind="believed", before=None)
        condition, values = wanted.where()
        with self._reading() as ask:
            # The index by time is gone through backwards: the newest come first, also where no span is given.
            newest = (
                f"SELECT {_PLOTTED} FROM readings WHERE {condition} ORDER BY time DESC LIMIT {POINTS + 1}"
            )
            points = ask(newest, values)[::-1]
            sampled = len(points) > POINTS and wanted.since is not None
            if sampled:
                first, last = float(wanted.since or 0), float(points[-1][0])
                width = max((last - first) / PARTS, 1e-3)
                within = f"{condition} AND time >= ? AND time < ?"
                of_part = f"SELECT {_PLOTTED} FROM readings WHERE {within} ORDER BY time LIMIT 1"
                points = [
                    point
                    for part in range(PARTS + 1)
                    for point in ask(of_part, [*values, first + part * width, first + (part + 1) * width])
                ]
        return {"points": points[-POINTS:], "sampled": sampled}

    def table(self, wanted: Filter) -> Iterator[bytes]:
        """All readings wanted as CSV, newest first, in pieces; the errors of ``rows``."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*_COLUMNS.split(", ")[:2], "utc", *_COLUMNS.split(", ")[2:]])
        while True:
            found = self._rows(wanted, BATCH)
            for number, at, region, said, value, unit, confidence, why in found:
                writer.writerow(
                    [number, at, utc(at), region, harmless(said), value, harmless(unit), confidence, why]
                )
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
            if len(found) < BATCH:
                return
            wanted = msgspec.structs.replace(wanted, before=found[-1][0])

    def _rows(self, wanted: Filter, limit: int) -> list[Any]:
        condition, values = wanted.where()
        with self._reading() as ask:
            query = f"SELECT {_COLUMNS} FROM readings WHERE {condition} ORDER BY number DESC LIMIT ?"
            return ask(query, [*values, limit])

    @contextmanager
    def _reading(self) -> Iterator[Callable[[str, list[Any]], list[Any]]]:
        """A block that asks the file, and is ended when it takes too long."""
        ends = time.monotonic() + LIMIT_S
        try:
            with faults.explained(self.path), closing(queries.reader(self.path)) as connection:
                connection.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
                yield lambda query, values: connection.execute(query, values).fetchall()
        except PublishError as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise TooMuch("too many readings to look through: choose a shorter time") from error
            raise


def utc(seconds: float) -> str:
    """Epoch seconds as text, such as ``2026-11-22T15:42:27.250Z``; empty for what is no date."""
    try:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03d}Z"
    except (OverflowError, ValueError, OSError):
        return ""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; plain numbers stay as they are."""
    if not text.startswith(CODES):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
