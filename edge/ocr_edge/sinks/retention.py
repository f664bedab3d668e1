"""What the store deletes, because it is too old or too much: never more than it must, a little with each commit."""

import sqlite3
from dataclasses import dataclass

_OLDEST = """DELETE FROM readings WHERE number IN (
SELECT number FROM (SELECT number, time FROM readings ORDER BY number LIMIT :step)
WHERE time < :time AND number <= :number) RETURNING number"""
_STEP = 5  # readings deleted between two looks at the size
_NUMBERS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Keep:
    """What may be deleted.

    Attributes:
        since: Epoch seconds; older readings may go.
        bytes: Size of the file above which the oldest go, whatever their age.
        delivered: Number of the last reading that every receiver has; later ones go only for the size.
    """

    since: float
    bytes: float
    delivered: int = _NUMBERS


def tidy(connection: sqlite3.Connection, keep: Keep, most: int) -> int:
    """Delete what is too old, then what is too much, as a part of the open transaction.

    Args:
        connection: To the database, in a transaction.
        keep: What may be deleted.
        most: Readings deleted for each of the two reasons.

    Returns:
        How many of them some receiver did not have.
    """
    run = connection.execute

    def pages(what: str) -> int:
        return int(run(f"PRAGMA {what}").fetchone()[0])

    run(_OLDEST, {"step": most, "time": keep.since, "number": keep.delivered}).fetchall()
    # Pages that deleting makes free are used again by the next readings: the file stops growing, and nothing is
    # moved. Some room is left, so that it stops before the limit.
    limit = int(keep.bytes) // pages("page_size")
    anything = {"step": _STEP, "time": float("inf"), "number": _NUMBERS}
    lost = 0
    for _ in range(0, most, _STEP):
        if pages("page_count") - pages("freelist_count") <= limit - min(64, limit // 8):
            break
        lost += sum(number > keep.delivered for (number,) in run(_OLDEST, anything))
    for _ in range(min(pages("page_count") - limit, pages("freelist_count"), most)):
        run("PRAGMA incremental_vacuum(1)")  # with a larger number Python stops after the first page too
    return lost
