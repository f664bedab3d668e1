"""What callers of the store and its writer both know and change."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from ocr_edge.config.settings import StoreSettings
from ocr_edge.sinks.store.memory import Memory
from ocr_edge.sinks.store.places import Places


@dataclass(slots=True, eq=False)
class State:
    """Readings, places and trouble, shared by threads: changed inside ``with`` alone, which takes the lock.

    Attributes:
        settings: When to commit.
        memory: Readings that are in memory.
        places: How far each receiver has got.
        changed: The lock of it all; notified when the writer may have something to do.
        since: Monotonic time of the first thing that is not committed; None where everything is.
        committed: Readings committed since the start.
        dropped: Readings that some receiver will never get.
        deleted: Readings deleted since the start, by ``age`` and ``size``.
        retry_at: Monotonic time of the next attempt after one that failed; None where none did.
        error: Why the last attempt failed; empty when it did not.
        damaged: Whether the file was found damaged, and is to be moved aside.
        closing: Whether the store is to end.
    """

    settings: StoreSettings
    memory: Memory
    places: Places = field(default_factory=Places)
    changed: threading.Condition = field(default_factory=threading.Condition)
    since: float | None = None
    committed: int = 0
    dropped: int = 0
    deleted: Counter[str] = field(default_factory=Counter)
    retry_at: float | None = None
    error: str = ""
    damaged: bool = False
    closing: bool = False

    def __enter__(self) -> Self:
        self.changed.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.changed.release()

    def touch(self) -> None:
        """Something new is to be committed."""
        if self.since is None:
            self.since = time.monotonic()
            self.changed.notify()
        elif self.memory.fresh == self.settings.commit_readings:
            self.changed.notify()

    def wait_s(self) -> float:
        """Seconds until there is something to do."""
        if self.retry_at is not None:
            return self.retry_at - time.monotonic()
        if self.damaged or self.memory.fresh >= self.settings.commit_readings:
            return 0.0
        if self.since is None:
            return float("inf")
        return self.since + self.settings.commit_s - time.monotonic()
