"""How a region has been doing, out of its days."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_edge.drift import wording
from ocr_edge.drift.day import OTHERS, Day
from ocr_edge.drift.journal import Row
from ocr_edge.drift.judge import MANY, REFERENCE, SIGNALS, Shift, points, shifts, worth_a_word


@dataclass(frozen=True, slots=True)
class Report:
    """A region's report.

    Attributes:
        region: Its name.
        act: What to do, what moved and since when, one line; empty while nothing is worth a word.
        known: Days of the reference that are known; ``REFERENCE`` when it is complete.
        reference: First and last day of the reference of reading, as far as it is known; None before the first day.
        shifts: How far each signal has moved; empty before the reference is complete.
        strange: Share of the last days' characters that the reference does not have.
        days: All days that are known, oldest first, joined where looks were few.
        kept: Days that must be kept for the references.
    """

    region: str
    act: str = ""
    known: int = 0
    reference: tuple[dt.date, dt.date] | None = None
    shifts: tuple[Shift, ...] = ()
    strange: float = 0.0
    days: tuple[tuple[dt.date, Day], ...] = ()
    kept: tuple[dt.date, ...] = ()

    @property
    def text(self) -> str:
        """The report in one line."""
        if self.act:
            return self.act
        if self.known < REFERENCE:
            return f"learning what is usual, {self.known} of {REFERENCE} days"
        return "as usual"


def report(region: str, rows: Sequence[Row], today: dt.date) -> Report:
    """A region's report.

    Args:
        region: Its name.
        rows: Its days, oldest first.
        today: Left out, as is what a wrong clock has dated later: it is not over.
    """
    over = [row for row in rows if row.day < today]
    if not over:
        return Report(region)
    last = over[-1]
    pictures = points([(row.day, row.sums) for row in over if row.picture == last.picture])
    readers = points([(r.day, r.sums) for r in over if (r.picture, r.reader) == (last.picture, last.reader)])
    found = [*shifts(pictures, picture=True), *shifts(readers, picture=False)]
    worth = worth_a_word(found)
    strange = _strange(readers)
    kept = {
        row.day for row in over for days in (pictures, readers) if days and row.day <= days[:REFERENCE][-1][0]
    }
    return Report(
        region=region,
        act=wording.line(worth, strange, today) if worth else "",
        known=min(len(readers), REFERENCE),
        reference=(readers[0][0], readers[:REFERENCE][-1][0]) if readers else None,
        shifts=tuple(sorted(found, key=lambda shift: list(SIGNALS).index(shift.signal))),
        strange=strange,
        days=tuple(points([(row.day, row.sums) for row in over])),
        kept=tuple(
            sorted(day for day in kept if any(r.day == day and r.picture == last.picture for r in over))
        ),
    )


def _strange(days: Sequence[tuple[dt.date, Day]]) -> float:
    """Share of the last days' characters that are not in the reference; 0 before it is complete."""
    if len(days) <= REFERENCE:
        return 0.0
    known = {text for _, day in days[:REFERENCE] for text in day.classes}
    recent: Counter[str] = Counter()
    for _, day in days[REFERENCE:][-MANY:]:
        recent.update(day.classes)
    total = sum(recent.values())
    if not total or OTHERS in known:  # it has had more kinds of characters than are counted
        return 0.0
    return sum(count for text, count in recent.items() if text not in known) / total
