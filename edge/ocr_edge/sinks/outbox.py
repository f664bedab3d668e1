"""Between the loop and each sink: a queue and a thread, so that a dead receiver delays nothing.

Without a store the queue is all there is: when it is full, the oldest reading is dropped and counted. With a store
the queue is only the fast way: the store is the log, the receiver has a place in it (``Store.delivered``), and what
the queue had no room for, or an earlier run did not get rid of, is read back from there, in order.
"""

import logging
import random
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_edge.errors import OcrEdgeError, PublishError, RefusedError
from ocr_edge.health import Health, State
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import Sink

if TYPE_CHECKING:
    from ocr_edge.sinks.store import Store

_LOGGER = logging.getLogger(__name__)
RETRY_MIN_S = 1.0
RETRY_MAX_S = 60.0
_BATCH = 100  # readings taken from the store at a time
_TRIES = 3  # of a reading on which the sink fails with something that is not its receiver's fault
_STORE_TRIES = 5
_REPORT_S = 10.0  # between two counts of dropped readings on the health board


class LaterError(PublishError):
    """A receiver asks not to be tried again before some time has passed.

    Attributes:
        after_s: Seconds to wait.
    """

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """What went through an outbox since the start.

    Attributes:
        name: The receiver.
        queued: Readings that wait, those in the store included.
        delivered: Readings that the receiver has taken.
        dropped: Readings that it will never get: refused by it, or pushed out of a full queue.
        last_error: Why the last attempt failed; empty when it did not.
    """

    name: str
    queued: int = 0
    delivered: int = 0
    dropped: int = 0
    last_error: str = ""


class Outbox:
    """Delivers readings to one sink, at least once and in order, in a thread of its own.

    Attributes:
        name: What people call the receiver; also its place in the store and its line on the health board.
        gone: Whether nobody can ever take readings again: the reader of our output has closed it.
    """

    def __init__(
        self, name: str, sink: Sink, *, health: Health, store: "Store | None" = None, limit: int = 1000
    ) -> None:
        self.name = name
        self.gone = False
        self._sink = sink
        self._report = getattr(sink, "report", None)
        self._health = health
        self._limit = limit
        self._changed = threading.Condition()
        # Below: shared, under the lock.
        self._queue: deque[Reading] = deque()
        self._state: State | None = None
        self._behind = False  # the store may hold readings after the cursor and before the queue
        self._backlog = 0  # how many, as far as is known
        self._delivered = self._dropped = self._lost = 0
        self._closing = self._kicked = False
        self._deadline = 0.0
        self._error = ""
        self._said_at = 0.0
        # Below: the thread's own.
        self._store = store
        self._cursor = -1  # number of the last reading that is done with
        self._older: deque[Reading] = deque()
        self._current: Reading | None = None
        self._last_state: State | None = None
        self._delay = 0.0
        self._tries = self._store_tries = 0
        self._refused = False
        if store is not None:
            self._begin(store)
        self._thread = threading.Thread(target=self._run, name=f"outbox {name}", daemon=True)
        self._thread.start()

    def put(self, reading: Reading) -> None:
        """Take a reading; never blocks. A store must have been given it before."""
        with self._changed:
            if self.gone:
                return
            self._queue.append(reading)
            if len(self._queue) > self._limit:
                self._queue.popleft()
                self._overflow()
            self._changed.notify()

    def report(self, state: State) -> None:
        """Take how the daemon is; only the newest is passed on, and only to a sink that wants to know."""
        if self._report is None:
            return
        with self._changed:
            self._state = state
            self._changed.notify()

    def kick(self) -> None:
        """Try again now: the receiver is back."""
        with self._changed:
            self._kicked = True
            self._changed.notify()

    @property
    def stats(self) -> OutboxStats:
        """What went through so far."""
        with self._changed:
            return OutboxStats(self.name, self._waiting(), self._delivered, self._dropped, self._error)

    def close(self, timeout_s: float) -> bool:
        """Deliver what can be delivered at once, then end; a receiver that fails now is not tried again.

        Returns:
            Whether the thread has ended; False when the sink hangs, and then the process should end without it.
        """
        with self._changed:
            self._closing = True
            self._deadline = time.monotonic() + timeout_s
            self._changed.notify()
        self._thread.join(timeout_s)
        stats = self.stats
        if stats.queued:
            kept = "the store keeps them" if self._store is not None else "they are lost"
            _LOGGER.warning("%s: %s not delivered; %s", self.name, _count(stats.queued), kept)
        return not self._thread.is_alive()

    def _begin(self, store: "Store") -> None:
        """Find the receiver's place in the store."""
        try:
            self._cursor = store.delivered(self.name)
        except PublishError as error:
            self._without_store(error)
        else:
            self._behind = True

    def _without_store(self, error: PublishError) -> None:
        """Go on with the queue alone. The place in the store stays: the next start goes on from there."""
        _LOGGER.warning("%s: what waits in the store is not sent before the next start: %s", self.name, error)
        self._store = None
        with self._changed:
            self._behind, self._backlog = False, 0

    def _overflow(self) -> None:
        """Account for a reading that was pushed out of the queue."""
        if self._store is not None:
            self._behind = True
            self._backlog += 1
            return
        self._dropped += 1
        self._lost += 1
        now = time.monotonic()
        if self._lost == 1:
            _LOGGER.warning("%s: %d readings wait, the oldest are dropped", self.name, self._limit)
        if self._lost == 1 or now - self._said_at > _REPORT_S:
            self._said_at = now
            self._say()

    def _run(self) -> None:
        while True:
            try:
                item = self._next()
                if item is None:
                    break
                self._offer(item)
            except Exception:  # the thread must outlive what nobody thought of
                _LOGGER.exception("%s: unexpected", self.name)
                if self._closing:
                    break
                self._pause(RETRY_MAX_S)
        try:
            self._sink.close()
        except BrokenPipeError:
            pass
        except Exception as error:
            _LOGGER.warning("%s: did not close cleanly: %s", self.name, error)

    def _next(self) -> State | Reading | None:
        """The next thing to pass on, waited for; None when it is time to end."""
        while True:
            with self._changed:
                while not (self._state or self._has_reading() or self._closing):
                    self._changed.wait()
                if self.gone or (self._closing and time.monotonic() > self._deadline):
                    return None
                if self._state is not None:
                    self._last_state, self._state = self._state, None
                    return self._last_state
                if self._current is not None:
                    return self._current
                if not self._has_reading():
                    return None
                behind = self._behind and not self._older
                if behind and self._closing:
                    return None  # the store keeps them
                if not behind:
                    self._current = (self._older or self._queue).popleft()
                    if self._current.number > self._cursor:
                        return self._current
                    self._current = None  # the store had it already
            if behind:
                self._catch_up()

    def _has_reading(self) -> bool:
        return bool(self._current or self._older or self._behind or self._queue)

    def _catch_up(self) -> None:
        """Take from the store what comes after the cursor and before the queue."""
        assert self._store is not None
        with self._changed:
            # An overflow from here on makes another round necessary and sets it again.
            self._behind = False
            first = self._queue[0].number if self._queue else None
        try:
            batch = self._store.after(self._cursor, _BATCH)
        except PublishError as error:
            self._store_tries += 1
            if self._store_tries == _STORE_TRIES:
                self._without_store(error)
                return
            with self._changed:
                self._behind = True
            self._pause(RETRY_MIN_S * 2**self._store_tries)
            return
        self._store_tries = 0
        older = [reading for reading in batch if first is None or reading.number < first]
        with self._changed:
            self._behind = self._behind or bool(older)
            self._older.extend(older)
            self._backlog = max(self._backlog - len(older), 0) if older else 0
        if older and not self._backlog:
            self._count_backlog()

    def _count_backlog(self) -> None:
        """Find out how many readings wait in the store alone."""
        if self._store is None or not self._behind:
            return
        last = (
            self._older[-1].number if self._older else self._current.number if self._current else self._cursor
        )
        with self._changed:
            first = self._queue[0].number if self._queue else None
        with suppress(PublishError):
            backlog = self._store.count(last, first)
            with self._changed:
                self._backlog = backlog

    def _offer(self, item: State | Reading) -> None:
        """One attempt."""
        with self._changed:
            self._kicked = False
        try:
            if isinstance(item, State):
                assert self._report is not None
                self._report(item)
            else:
                self._sink.publish(item)
        except BrokenPipeError:
            _LOGGER.info("%s: the reader of the output went away", self.name)
            with self._changed:
                self.gone = True
                self._current = None
                self._queue.clear()
        except RefusedError as error:
            self._refuse(item, error)
        except OcrEdgeError as error:
            self._fail(str(error), getattr(error, "after_s", 0.0))
        except Exception as error:
            self._tries += 1
            if self._tries == 1:
                _LOGGER.exception("%s: unexpected", self.name)
            if isinstance(item, State) or self._tries >= _TRIES:
                self._refuse(item, error)
            else:
                self._fail(f"unexpected {type(error).__name__}, see the log")
        else:
            self._refused = False
            self._done(item, delivered=True)

    def _refuse(self, item: State | Reading, error: Exception) -> None:
        """Give an item up; said once until one is taken again."""
        if not self._refused:
            _LOGGER.warning("%s: refused and dropped: %s", self.name, error)
        self._refused = True
        self._done(item, delivered=False)

    def _done(self, item: State | Reading, *, delivered: bool) -> None:
        """An item is out of our hands."""
        if isinstance(item, State) and self._current is not None:
            return  # the reading that failed decides whether all is well again
        self._tries = 0
        self._delay = 0.0
        if isinstance(item, Reading):
            self._current = None
            if self._store is not None:
                self._cursor = item.number
                self._store.set_delivered(self.name, item.number)
        with self._changed:
            if isinstance(item, Reading):
                self._delivered += delivered
                self._dropped += not delivered
            if self._error:
                _LOGGER.info("%s: takes readings again; %s", self.name, _wait(self._waiting()))
            said = bool(self._error or self._lost)
            self._error = ""
            if len(self._queue) <= self._limit // 2:
                self._lost = 0
            if said:
                self._say()

    def _fail(self, error: str, after_s: float = 0.0) -> None:
        """An attempt failed: say so, and wait."""
        self._delay = max(min(self._delay * 2, RETRY_MAX_S), RETRY_MIN_S)
        self._count_backlog()
        with self._changed:
            if not self._error:
                _LOGGER.warning("%s: %s; tried again", self.name, error)
            self._error = error
            # The receiver may have forgotten it; a newer one is as good.
            self._state = self._state or self._last_state
            self._say()
            if self._closing:
                self._deadline = 0.0
        self._pause(max(self._delay, after_s))

    def _pause(self, seconds: float) -> None:
        """Wait, a little less each time than others that failed at the same moment, or until kicked."""
        seconds *= random.uniform(0.75, 1.0)
        with self._changed:
            self._changed.wait_for(lambda: self._kicked or self._closing, seconds)

    def _waiting(self) -> int:
        return len(self._queue) + len(self._older) + self._backlog + (self._current is not None)

    def _say(self) -> None:
        """Write on the health board what is wrong."""
        parts = [self._error, _wait(self._waiting())] if self._error else []
        if self._lost:
            parts.append(f"{_count(self._lost)} dropped")
        self._health.problem(self.name, "; ".join(parts))


def _count(number: int) -> str:
    return "1 reading" if number == 1 else f"{number} readings"


def _wait(number: int) -> str:
    return "1 reading waits" if number == 1 else f"{number} readings wait"
