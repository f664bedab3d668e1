"""Where the milliseconds of a reading go."""

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Adds up the time of steps that come by turns; starts when it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: Counter[str] = Counter()

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Count the time of a block to a step."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += time.perf_counter() - started  # type: ignore[assignment]  # seconds, not counts

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Hand on items, and count the time that making them takes to a step."""
        source = iter(items)
        while True:
            with self.step(name):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item

    def stopped(self) -> dict[str, float]:
        """Milliseconds of each step, and ``total`` since the start."""
        total = time.perf_counter() - self._started
        return {name: 1000 * seconds for name, seconds in self._seconds.items()} | {"total": 1000 * total}
