"""What the store deletes, because it is too old or too much: never more than it must, a little with each commit."""

import logging
import sqlite3
import time
from dataclasses import dataclass

from ocr_edge.sinks.store.row import NO_END
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)
DAY_S = 86400.0

_OLDEST = """DELETE FROM readings WHERE number IN (
SELECT number FROM (SELECT number, stored FROM readings ORDER BY number LIMIT :step)
WHERE stored < :stored AND number <= :number) RETURNING number"""
_STEP = 5  # readings deleted between two looks at the size


@dataclass(frozen=True, slots=True)
class Keep:
    """What may be deleted.

    Attributes:
        since_s: By the store's own clock; what was stored before may go.
        bytes: Size of the file above which the oldest go, whatever their age.
        delivered: Number of the last reading that every receiver has; later ones go only for the size.
    """

    since_s: float
    bytes: float
    delivered: int = NO_END


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many readings were deleted.

    Attributes:
        old: For their age.
        much: For the size of the file.
        lost: Of ``much``, those that some receiver did not have.
    """

    old: int = 0
    much: int = 0
    lost: int = 0


def tidy(connection: sqlite3.Connection, keep: Keep, most: int) -> Deleted:
    """Delete what is too old, then what is too much, as a part of the open transaction.

    Args:
        connection: To the database, in a transaction.
        keep: What may be deleted.
        most: Readings deleted for each of the two reasons.

    Returns:
        What was deleted.
    """
    run = connection.execute

    def pages(what: str) -> int:
        return int(run(f"PRAGMA {what}").fetchone()[0])

    old = run(_OLDEST, {"step": most, "stored": keep.since_s, "number": keep.delivered}).fetchall()
    # Pages that deleting makes free are used again by the next readings: the file stops growing, and nothing is
    # moved. Some room is left, so that it stops before the limit.
    limit = int(keep.bytes) // pages("page_size")
    anything = {"step": _STEP, "stored": float("inf"), "number": NO_END}
    much: list[int] = []
    for _ in range(0, most, _STEP):
        if pages("page_count") - pages("freelist_count") <= limit - min(64, limit // 8):
            break
        much += [number for (number,) in run(_OLDEST, anything)]
    for _ in range(min(pages("page_count") - limit, pages("freelist_count"), most)):
        run("PRAGMA incremental_vacuum(1)")  # with a larger number Python stops after the first page too
    return Deleted(len(old), len(much), sum(number > keep.delivered for number in much))


class Announcer:
    """Says what the store deletes: at once, then once a day, for a full store deletes with every commit."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._full = False
        self._unsaid, self._said_at = Deleted(), -DAY_S

    def note(self, deleted: Deleted) -> None:
        """Take what was deleted with a commit."""
        if deleted.lost and not self._full:
            _LOGGER.warning("store: max_mb is reached; readings are deleted before every receiver has them")
        self._full = deleted.lost > 0
        self._health.problem(
            "store", "max_mb is reached; undelivered readings are deleted" if self._full else ""
        )
        self._unsaid = Deleted(self._unsaid.old + deleted.old, self._unsaid.much + deleted.much)
        if time.monotonic() - self._said_at >= DAY_S:
            self.say()

    def say(self) -> None:
        """Log what was not said yet."""
        old, much = self._unsaid.old, self._unsaid.much
        if old or much:
            why = [f"{old} stored more than keep_days ago"] * bool(old)
            why += [f"{much} to stay below max_mb"] * bool(much)
            _LOGGER.info("store: readings deleted: %s", ", ".join(why))
            self._unsaid, self._said_at = Deleted(), time.monotonic()
