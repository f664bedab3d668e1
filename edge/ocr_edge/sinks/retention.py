"""What the store deletes, because it is too old or too much: never more than it must, a little with each commit."""

import sqlite3
from dataclasses import dataclass

_OLDEST = """DELETE FROM readings WHERE number IN (
SELECT number FROM (SELECT number, stored FROM readings ORDER BY number LIMIT :step)
WHERE stored < :stored AND number <= :number) RETURNING number"""
_STEP = 5  # readings deleted between two looks at the size
_NUMBERS = 2**63 - 1


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
    delivered: int = _NUMBERS


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
    anything = {"step": _STEP, "stored": float("inf"), "number": _NUMBERS}
    much: list[int] = []
    for _ in range(0, most, _STEP):
        if pages("page_count") - pages("freelist_count") <= limit - min(64, limit // 8):
            break
        much += [number for (number,) in run(_OLDEST, anything)]
    for _ in range(min(pages("page_count") - limit, pages("freelist_count"), most)):
        run("PRAGMA incremental_vacuum(1)")  # with a larger number Python stops after the first page too
    return Deleted(len(old), len(much), sum(number > keep.delivered for number in much))
