"""Between the loop and each sink: readings that wait, and a thread, so that a dead receiver delays nothing."""

import logging
import random
import threading
import time

from ocr_edge.errors import OcrEdgeError, PublishError, RefusedError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S, ReceiverStats, Sink
from ocr_edge.sinks.pending import InStore, Queue
from ocr_edge.sinks.store import Store
from ocr_edge.system.health import Health, State

_LOGGER = logging.getLogger(__name__)
_TRIES = 3  # of a reading on which the sink fails with something that is not its receiver's fault
_REPORT_S = 10.0  # between two counts of dropped readings on the health board


class Outbox:
    """Delivers readings to one sink, at least once and in order, in a thread of its own.

    Attributes:
        name: What people call the receiver; also its place in the store and its line on the health board.
        gone: Whether nobody can ever take readings again: the reader of our output has closed it.
    """

    def __init__(
        self, name: str, sink: Sink, *, health: Health, store: Store | None = None, limit: int = 1000
    ) -> None:
        """Start the thread.

        Args:
            name: The receiver.
            sink: Called and closed by the thread alone.
            health: Where trouble is written, under ``name``.
            store: Whatever it has accepted is delivered, also after a restart; it must get each reading first.
            limit: Readings that wait in memory where there is no store.
        """
        self.name = name
        self.gone = False
        self._sink = sink
        self._report = getattr(sink, "report", None)
        self._health = health
        self._waiting = Queue(limit) if store is None else InStore(name, store)
        self._changed = threading.Condition()
        # Below: shared, under the lock.
        self._state: State | None = None
        self._delivered = self._dropped = self._lost = 0
        self._closing = self._kicked = False
        self._deadline = 0.0
        self._error = ""
        self._said_at = 0.0
        # Below: the thread's own.
        self._last_state: State | None = None
        self._delay = 0.0
        self._tries = 0
        self._refused = False
        self._thread = threading.Thread(target=self._run, name=f"outbox {name}", daemon=True)
        self._thread.start()

    def put(self, reading: Reading) -> None:
        """Take a reading; never blocks."""
        with self._changed:
            if not self.gone and not self._waiting.put(reading):
                self._lose()
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
    def stats(self) -> ReceiverStats:
        """What went through so far."""
        with self._changed:
            return ReceiverStats(self.name, len(self._waiting), self._delivered, self._dropped, self._error)

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
            kept = "the store keeps them" if self._waiting.kept else "they are lost"
            _LOGGER.warning("%s: %s not delivered; %s", self.name, _count(stats.queued), kept)
        return not self._thread.is_alive()

    def _lose(self) -> None:
        """Account for a reading that there was no room for."""
        self._dropped += 1
        self._lost += 1
        if self._lost == 1:
            _LOGGER.warning("%s: %s, the oldest are dropped", self.name, _wait(len(self._waiting)))
        if self._lost == 1 or time.monotonic() - self._said_at > _REPORT_S:
            self._said_at = time.monotonic()
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
                while not (self._state or self._closing or self._waiting.any):
                    self._changed.wait()
                if self.gone or (self._closing and time.monotonic() > self._deadline):
                    return None
                if self._state is not None:
                    self._last_state, self._state = self._state, None
                    return self._last_state
            try:
                reading = self._waiting.take()
            except PublishError as error:
                self._fail(str(error))
                continue
            if reading is not None or self._closing:
                return reading
            self._recover()

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
                self._waiting.clear()
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
        if isinstance(item, Reading):
            self._waiting.done(item)
            with self._changed:
                self._delivered += delivered
                self._dropped += not delivered
        # A state that got through does not mean that the reading will, which failed before.
        if not self._waiting.begun:
            self._recover()

    def _recover(self) -> None:
        """All is well again."""
        self._tries = 0
        self._delay = 0.0
        with self._changed:
            if self._error:
                _LOGGER.info("%s: takes readings again; %s", self.name, _wait(len(self._waiting)))
            said = bool(self._error or self._lost)
            self._error = ""
            if not self._waiting.crowded:
                self._lost = 0
            if said:
                self._say()

    def _fail(self, error: str, after_s: float = 0.0) -> None:
        """An attempt failed: say so, and wait."""
        self._delay = max(min(self._delay * 2, RETRY_MAX_S), RETRY_MIN_S)
        self._waiting.recount()
        with self._changed:
            if not self._error:
                _LOGGER.warning("%s: %s; tried again", self.name, error)
            self._error = error
            # The receiver may have forgotten it; a newer one is as good.
            self._state = self._state or self._last_state
            self._say()
            if self._closing:
                self._deadline = 0.0
        # Not all devices at once when a broker is back.
        self._pause(max(self._delay * random.uniform(0.75, 1.0), after_s))

    def _pause(self, seconds: float) -> None:
        """Wait, or until kicked."""
        with self._changed:
            self._changed.wait_for(lambda: self._kicked or self._closing, seconds)

    def _say(self) -> None:
        """Write on the health board what is wrong."""
        parts = [self._error, _wait(len(self._waiting))] if self._error else []
        if self._lost:
            parts.append(f"{_count(self._lost)} dropped")
        self._health.problem(self.name, "; ".join(parts))


def _count(number: int) -> str:
    return "1 reading" if number == 1 else f"{number} readings"


def _wait(number: int) -> str:
    return "1 reading waits" if number == 1 else f"{number} readings wait"
