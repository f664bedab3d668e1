"""The readings that wait for one receiver: a queue, and before it what only the store has."""

import logging
import threading
from collections import deque
from contextlib import suppress

from ocr_edge.errors import PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.store import Store

_LOGGER = logging.getLogger(__name__)
_BATCH = 100  # readings taken from the store at a time
_TRIES = 5  # to read the store, before the receiver is served without it


class Waiting:
    """Readings in the order of their numbers, each given out until it is done.

    Without a store the queue is all there is: when it is full, the oldest reading is lost. With a store the queue is
    only the fast way: the receiver has a place in the store, and what lies between it and the queue is read back.
    """

    def __init__(self, name: str, store: Store | None, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._lock = threading.Lock()
        # Below: shared, under the lock.
        self._queue: deque[Reading] = deque()
        self._older: deque[Reading] = deque()  # read back from the store
        self._current: Reading | None = None
        self._behind = False  # the store may hold readings between the cursor and the queue
        self._backlog = 0  # how many, as far as is known
        # Below: of the outbox's thread alone.
        self._store = store
        self._cursor = -1  # number of the last reading that is done
        self._tries = 0
        if store is not None:
            try:
                self._cursor = store.delivered(name)
                self._behind = True
            except PublishError as error:
                self._forgo_store(error)

    def __len__(self) -> int:
        """How many wait, as far as is known."""
        with self._lock:
            return len(self._queue) + len(self._older) + self._backlog + (self._current is not None)

    @property
    def any(self) -> bool:
        """Whether something may wait."""
        with self._lock:
            return bool(self._current or self._older or self._behind or self._queue)

    @property
    def begun(self) -> bool:
        """Whether a reading was given out that is not done."""
        return self._current is not None

    @property
    def crowded(self) -> bool:
        """Whether the queue is more than half full."""
        return len(self._queue) > self._limit // 2

    @property
    def kept(self) -> bool:
        """Whether the next start will find in the store what is not done now."""
        return self._store is not None

    def put(self, reading: Reading) -> bool:
        """Take a reading.

        Returns:
            Whether there was room; False when the oldest one was lost for it.
        """
        with self._lock:
            self._queue.append(reading)
            if len(self._queue) <= self._limit:
                return True
            self._queue.popleft()
            if self._store is None:
                return False
            self._behind = True
            self._backlog += 1
            return True

    def take(self) -> Reading | None:
        """The next reading, the same one until it is done; None when nothing waits.

        Raises:
            PublishError: The store cannot be read now.
        """
        while True:
            with self._lock:
                behind = self._behind and not (self._current or self._older)
                while self._current is None and not behind:
                    waiting = self._older or self._queue
                    if not waiting:
                        return None
                    reading = waiting.popleft()
                    if reading.number > self._cursor:  # else the store had it already
                        self._current = reading
                if self._current is not None:
                    return self._current
            self._read_back()

    def done(self, reading: Reading) -> None:
        """The reading is out of our hands."""
        with self._lock:
            self._current = None
        if self._store is not None:
            self._cursor = reading.number
            self._store.set_delivered(self._name, reading.number)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._queue.clear()
            self._older.clear()
            self._current, self._behind, self._backlog = None, False, 0

    def recount(self) -> None:
        """Find out how many wait in the store alone."""
        with self._lock:
            known = self._older[-1] if self._older else self._current
            first = self._queue[0].number if self._queue else None
            behind = self._behind
        if self._store is not None and behind:
            with suppress(PublishError):
                backlog = self._store.count(known.number if known else self._cursor, first)
                with self._lock:
                    self._backlog = backlog

    def _read_back(self) -> None:
        """Take from the store what comes after the cursor and before the queue."""
        assert self._store is not None
        with self._lock:
            # An overflow from here on makes another round necessary and sets it again.
            self._behind = False
            first = self._queue[0].number if self._queue else None
        try:
            batch = self._store.after(self._cursor, _BATCH)
        except PublishError as error:
            with self._lock:
                self._behind = True
            self._tries += 1
            if self._tries < _TRIES:
                raise
            self._forgo_store(error)
            return
        self._tries = 0
        older = [reading for reading in batch if first is None or reading.number < first]
        with self._lock:
            self._behind = self._behind or bool(older)
            self._older.extend(older)
            self._backlog = max(self._backlog - len(older), 0) if older else 0
            unknown = bool(older) and not self._backlog
        if unknown:
            self.recount()

    def _forgo_store(self, error: PublishError) -> None:
        """Go on with the queue alone. The place in the store stays: the next start goes on from there."""
        _LOGGER.warning(
            "%s: what waits in the store is not sent before the next start: %s", self._name, error
        )
        self._store = None
        with self._lock:
            self._behind, self._backlog = False, 0
