"""The readings that one receiver has not got: in a queue of its own, or in the store that all receivers share."""

import logging
import threading
from collections import deque
from contextlib import suppress

from ocr_edge.errors import PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.store import Store
from ocr_edge.sinks.store.row import NO_END

_LOGGER = logging.getLogger(__name__)
_BATCH = 100  # readings taken from the store at a time
_TRIES = 5  # to read the store, before the receiver is served without its file


class Queue:
    """Readings of one receiver in memory, each given out until it is done; when it is full, the oldest is lost.

    Attributes:
        kept: Whether the next start will find what is not done now.
    """

    kept = False

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: deque[Reading] = deque()
        self._current: Reading | None = None

    def __len__(self) -> int:
        """How many wait, as far as is known."""
        with self._lock:
            return len(self._queue) + self.begun

    @property
    def any(self) -> bool:
        """Whether something may wait."""
        return len(self) > 0

    @property
    def begun(self) -> bool:
        """Whether a reading was given out that is not done."""
        return self._current is not None

    @property
    def crowded(self) -> bool:
        """Whether the queue is more than half full."""
        return len(self._queue) > self._limit // 2

    def put(self, reading: Reading) -> bool:
        """Take a reading.

        Returns:
            Whether there was room; False when the oldest one was lost for it.
        """
        with self._lock:
            self._queue.append(reading)
            if full := len(self._queue) > self._limit:
                self._queue.popleft()
            return not full

    def take(self) -> Reading | None:
        """The next reading, the same one until it is done; None when nothing waits."""
        with self._lock:
            if self._current is None and self._queue:
                self._current = self._queue.popleft()
            return self._current

    def done(self, _reading: Reading) -> None:
        """The reading is out of our hands."""
        with self._lock:
            self._current = None

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._queue.clear()
            self._current = None

    def recount(self) -> None:
        """Nothing is to be counted."""


class InStore:
    """The same of a receiver that has a place in the store: it is given what comes after it, in the order of numbers.

    The store holds in memory what is new. Where its file cannot be read, the receiver gets that alone; its place in
    the file stays, and the next start goes on from there.

    Attributes:
        kept: Whether the next start will find what is not done now.
    """

    crowded = False

    def __init__(self, name: str, store: Store) -> None:
        self._name, self._store = name, store
        self._batch: deque[Reading] = deque()  # taken from the store, not given out yet
        self._current: Reading | None = None
        self._last = -1  # number of the last reading taken from the store
        self._in_file = 0  # how many after it the file alone has, as far as is known
        self._tries = 0
        self.kept = True
        try:
            self._last = store.delivered(name)
        except PublishError as error:
            self._forgo_file(error)

    def __len__(self) -> int:
        """How many wait, as far as is known; never waits for the disk."""
        return len(self._batch) + self.begun + self._store.held(self._last) + self._in_file

    @property
    def any(self) -> bool:
        """Whether something may wait."""
        return bool(self.begun or self._batch or self._store.last_number() > self._last)

    @property
    def begun(self) -> bool:
        """Whether a reading was given out that is not done."""
        return self._current is not None

    def put(self, _reading: Reading) -> bool:
        """Nothing to do: the store has it already."""
        return True

    def take(self) -> Reading | None:
        """The next reading, the same one until it is done; None when nothing waits.

        Raises:
            PublishError: The store cannot be read now.
        """
        while self._current is None and not self._batch:
            # Asked first: what comes meanwhile is not passed over where the store gives nothing.
            newest = self._store.last_number()
            if newest <= self._last:
                return None
            self._read(newest)
        if self._current is None:
            self._current = self._batch.popleft()
        return self._current

    def done(self, reading: Reading) -> None:
        """The reading is out of our hands."""
        self._current = None
        self._store.set_delivered(self._name, reading.number, lasting=self.kept)

    def clear(self) -> None:
        """Forget all of them."""
        self._batch.clear()
        self._current, self._last, self._in_file = None, NO_END, 0

    def recount(self) -> None:
        """Find out how many wait in the store's file."""
        if self.kept:
            with suppress(PublishError):
                self._in_file = max(self._store.count(self._last) - self._store.held(self._last), 0)

    def _read(self, newest: int) -> None:
        """Take the next readings from the store, whose newest one has this number."""
        try:
            batch = self._store.after(self._last, _BATCH, memory_only=not self.kept)
        except PublishError as error:
            self._tries += 1
            if self._tries < _TRIES:
                raise
            self._forgo_file(error)
            return
        self._tries = 0
        self._batch.extend(batch)
        self._last = batch[-1].number if batch else newest
        self._in_file = max(self._in_file - len(batch), 0) if batch else 0
        if batch and not self._in_file:
            self.recount()

    def _forgo_file(self, error: PublishError) -> None:
        """Go on with what the store holds in memory."""
        _LOGGER.warning(
            "%s: what waits in the store is not sent before the next start: %s", self._name, error
        )
        self.kept, self._in_file = False, 0
        self._store.set_delivered(self._name, self._last, lasting=False)
