"""The store: takes readings into memory, has them committed, and gives them back."""

import logging
from collections import Counter
from pathlib import Path

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import ReceiverStats
from ocr_edge.sinks.store import queries
from ocr_edge.sinks.store.faults import DamagedError
from ocr_edge.sinks.store.memory import Memory
from ocr_edge.sinks.store.row import from_data, to_row
from ocr_edge.sinks.store.state import State
from ocr_edge.sinks.store.writer import Writer
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)


class Store:
    """A SQLite file that readings are committed to in batches, in a thread of its own.

    It is its own outbox: ``publish`` only takes a reading into memory. One that is *accepted* has been committed,
    and survives whatever happens to the process. While the disk is full or read-only, readings wait in memory.
    Readings that a receiver has not got stay there too, so that the file is read only for one that was long away.

    Attributes:
        path: The file.
    """

    def __init__(
        self, settings: StoreSettings, path: Path, health: Health, *, limit: int = 5000, kept: int = 1000
    ) -> None:
        """Open the file and start the thread.

        Args:
            settings: When to commit, and how much to keep.
            path: The file; its folder is made.
            health: Where trouble is written, as ``store``.
            limit: Readings in memory, at most; then the oldest go, and those that were not committed are counted.
            kept: Of these, the committed ones, which stay only until every receiver has them.

        A path that cannot be used is tried again and said: a disk may be mounted later, or be given back its rights.
        """
        self.path = path
        self._state = State(settings, Memory(limit, kept))
        self._writer = Writer(path, health, self._state)

    @property
    def accepted(self) -> int:
        """Number of the newest reading that is committed; 0 without one."""
        with self._state as state:
            return state.memory.accepted

    @property
    def deleted(self) -> Counter[str]:
        """Readings deleted since the start, by ``age`` and ``size``."""
        return self._state.deleted

    @property
    def stats(self) -> ReceiverStats:
        """What went through so far; ``delivered`` means committed, ``dropped`` also undelivered and deleted."""
        with self._state as state:
            return ReceiverStats("store", state.memory.fresh, state.committed, state.dropped, state.error)

    def publish(self, reading: Reading) -> None:
        """Take a reading into memory; never blocks on the disk and never raises."""
        row = to_row(reading)
        with self._state as state:
            state.dropped += not state.memory.add(row)
            state.touch()

    def last_number(self) -> int:
        """Number of the newest reading, committed or not; 0 without one."""
        with self._state as state:
            return state.memory.newest

    def last(self, region: str) -> Reading | None:
        """The newest committed reading of a region that was believed; None where there is none or it is not known."""
        try:
            data = queries.last(self.path, region)
            return None if data is None else from_data(data)
        except (PublishError, ValueError) as error:
            _LOGGER.warning("%s: an earlier reading cannot be read back: %s", self.path.name, error)
            return None

    def after(self, number: int, limit: int, *, memory_only: bool = False) -> list[Reading]:
        """The oldest readings after a number, those not yet committed included.

        Args:
            number: A reading's number.
            limit: How many are wanted.
            memory_only: Whether the file is left alone, and what only it has passed over.

        Raises:
            PublishError: The database cannot be read now.
        """
        with self._state as state:
            found, first = state.memory.after(number), state.memory.first
            in_memory = memory_only or state.memory.has_all(number)
            used = self._writer.database
        try:
            if not in_memory:
                found |= queries.select(self.path, number, first, limit)
        except DamagedError:
            with self._state as state:
                # Not one that was begun meanwhile.
                state.damaged = state.damaged or used is self._writer.database
                state.changed.notify()
            raise
        readings = []
        for each in sorted(found)[:limit]:
            try:
                readings.append(from_data(found[each]))
            except ValueError as error:
                _LOGGER.warning("%s: reading %d cannot be read back: %s", self.path.name, each, error)
        return readings

    def held(self, after: int) -> int:
        """How many readings after a number are in memory."""
        with self._state as state:
            return state.memory.count(after)

    def count(self, after: int) -> int:
        """How many readings there are after a number; the errors of ``after``."""
        with self._state as state:
            held, first = state.memory.count(after), state.memory.first
            in_memory = state.memory.has_all(after)
        return held + (0 if in_memory else queries.count(self.path, after, first))

    def delivered(self, name: str) -> int:
        """Number of the last reading a receiver has; one that was never seen begins with the next reading.

        From now on readings that it does not have are kept beyond their age.

        Raises:
            PublishError: The database could not be read yet.
        """
        with self._state as state:
            if not state.places.known:
                raise PublishError(state.error or f"{self.path.name}: not open")
            if name not in state.places:
                state.places.move(name, state.memory.newest)
                state.touch()
            return state.places.follow(name)

    def set_delivered(self, name: str, number: int, *, lasting: bool = True) -> None:
        """Note that a receiver has a reading and all before it.

        Args:
            name: The receiver.
            number: The reading's.
            lasting: Whether the next start goes on after it; committed with the next readings.
        """
        with self._state as state:
            state.places.has(name, number)
            state.memory.free(state.places.least_had)
            if lasting:
                state.places.move(name, number)
                state.touch()

    def flush(self) -> None:
        """Commit what waits, now.

        Raises:
            PublishError: It could not be committed and still waits.
        """
        self._writer.flush()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Commit what waits and end.

        Returns:
            Whether the thread has ended; False when the disk hangs.
        """
        with self._state as state:
            state.closing = True
            state.changed.notify()
        self._writer.thread.join(timeout_s)
        waiting = self.stats.queued
        if waiting:
            _LOGGER.error(
                "store: %d readings could not be committed and are lost: %s", waiting, self._state.error
            )
        return not self._writer.thread.is_alive()
