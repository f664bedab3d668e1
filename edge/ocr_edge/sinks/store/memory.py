"""The readings of the store that are in memory."""

import itertools
from collections import deque

from ocr_edge.sinks.store.row import NO_END, Row


class Memory:
    """Readings that are not committed, and committed ones until every receiver has them; not for two threads at a time.

    Args:
        limit: Readings, at most; then the oldest go.
        kept: Of these, the committed ones.

    Attributes:
        fresh: How many are not committed, the newest.
        accepted: Number of the newest reading that is committed; 0 without one.
    """

    def __init__(self, limit: int, kept: int) -> None:
        self._limit, self._kept = limit, kept
        self._rows: deque[Row] = deque()  # committed ones, then ``fresh`` that are not
        self._gone = 0  # up to this number readings may be in the file alone
        self.fresh = self.accepted = 0

    @property
    def newest(self) -> int:
        """Number of the newest reading, committed or not; 0 without one."""
        return self._rows[-1][0] if self._rows else self.accepted

    @property
    def first(self) -> int:
        """Number of the oldest reading that is here; ``NO_END`` without one."""
        return self._rows[0][0] if self._rows else NO_END

    def add(self, row: Row) -> bool:
        """Take a reading.

        Returns:
            Whether there was room; False when one that was not committed was lost for it.
        """
        self._rows.append(row)
        self.fresh += 1
        if len(self._rows) > self._limit:
            self._gone = self._rows.popleft()[0]
            if self.fresh > len(self._rows):
                self.fresh -= 1
                return False
        return True

    def after(self, number: int) -> dict[int, str]:
        """Numbers and data of the readings after a number."""
        return {row[0]: row[-1] for row in self._rows if row[0] > number}

    def count(self, after: int) -> int:
        """How many readings after a number are here."""
        return sum(row[0] > after for row in self._rows)

    def has_all(self, after: int) -> bool:
        """Whether all readings after a number are here, so that the file need not be read."""
        return after >= self._gone

    def uncommitted(self) -> list[Row]:
        """What is to be committed."""
        return list(itertools.islice(self._rows, len(self._rows) - self.fresh, None))

    def committed(self, number: int) -> None:
        """Note that the readings up to a number are in the file."""
        self.accepted = number
        self.fresh = self.count(number)

    def free(self, number: int) -> None:
        """Let go of what is committed, up to a number, or more where it is too much."""
        while (kept := len(self._rows) - self.fresh) and (kept > self._kept or self._rows[0][0] <= number):
            self._gone = self._rows.popleft()[0]

    def opened(self, last: int) -> None:
        """Note the number of the last reading in a file that was opened."""
        self.accepted = last
        self._gone = max(self._gone, min(last, self.first - 1))
