"""The store: takes readings into memory, commits them in a thread of its own, and gives them back."""

import logging
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S, ReceiverStats
from ocr_edge.sinks.store import faults, queries
from ocr_edge.sinks.store.database import Database
from ocr_edge.sinks.store.faults import DamagedError
from ocr_edge.sinks.store.memory import Memory
from ocr_edge.sinks.store.places import Places
from ocr_edge.sinks.store.retention import DAY_S, Announcer, Deleted, Keep
from ocr_edge.sinks.store.row import Row, from_data, to_row
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)
_MEGABYTE = 1_000_000


class Store:
    """A SQLite file that readings are committed to in batches, in a thread of its own.

    It is its own outbox: ``publish`` only takes a reading into memory. One that is *accepted* has been committed,
    and survives whatever happens to the process. While the disk is full or read-only, readings wait in memory.
    Readings that a receiver has not got stay there too, so that the file is read only for one that was long away.

    Age is counted by a clock of the store's own: the time that daemons have run on it. The machine's clock leaps (a Pi
    starts in the past, until the network has told it the time), and pictures may be years old when they are read.

    Attributes:
        path: The file.
        deleted: Readings deleted since the start, by ``age`` and ``size``.
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
        self._settings = settings
        self._health = health
        self._changed = threading.Condition()
        # Below: shared, under the lock.
        self._memory, self._places = Memory(limit, kept), Places()
        self._since: float | None = None  # monotonic time of the first thing that is not committed
        self._committed = self._dropped = 0
        self.deleted: Counter[str] = Counter()
        self._retry_at: float | None = None
        self._error = ""
        self._damaged = self._closing = False
        # Below: under this lock, which only writers take.
        self._writing = threading.Lock()
        self._database: Database | None = None
        self._delay = 0.0
        self._announcer = Announcer(health)
        self._born = time.monotonic()  # when the store's own clock said 0, by the machine's that never leaps
        try:
            try:
                self._open()
            except DamagedError:
                self._begin_anew()
                self._open()
        except PublishError as error:
            self._fail(error)
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    @property
    def accepted(self) -> int:
        """Number of the newest reading that is committed; 0 without one."""
        with self._changed:
            return self._memory.accepted

    @property
    def stats(self) -> ReceiverStats:
        """What went through so far; ``delivered`` means committed, ``dropped`` also undelivered and deleted."""
        with self._changed:
            return ReceiverStats("store", self._memory.fresh, self._committed, self._dropped, self._error)

    def publish(self, reading: Reading) -> None:
        """Take a reading into memory; never blocks on the disk and never raises."""
        row = to_row(reading)
        with self._changed:
            self._dropped += not self._memory.add(row)
            self._touch()

    def last_number(self) -> int:
        """Number of the newest reading, committed or not; 0 without one."""
        with self._changed:
            return self._memory.newest

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
        with self._changed:
            found, first = self._memory.after(number), self._memory.first
            in_memory = memory_only or self._memory.has_all(number)
            used = self._database
        try:
            if not in_memory:
                found |= queries.select(self.path, number, first, limit)
        except DamagedError:
            with self._changed:
                self._damaged = self._damaged or used is self._database  # not one that was begun meanwhile
                self._changed.notify()
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
        with self._changed:
            return self._memory.count(after)

    def count(self, after: int) -> int:
        """How many readings there are after a number; the errors of ``after``."""
        with self._changed:
            held, first = self._memory.count(after), self._memory.first
            in_memory = self._memory.has_all(after)
        return held + (0 if in_memory else queries.count(self.path, after, first))

    def delivered(self, name: str) -> int:
        """Number of the last reading a receiver has; one that was never seen begins with the next reading.

        From now on readings that it does not have are kept beyond their age.

        Raises:
            PublishError: The database could not be read yet.
        """
        with self._changed:
            if not self._places.known:
                raise PublishError(self._error or f"{self.path.name}: not open")
            if name not in self._places:
                self._places.move(name, self._memory.newest)
                self._touch()
            return self._places.follow(name)

    def set_delivered(self, name: str, number: int, *, lasting: bool = True) -> None:
        """Note that a receiver has a reading and all before it.

        Args:
            name: The receiver.
            number: The reading's.
            lasting: Whether the next start goes on after it; committed with the next readings.
        """
        with self._changed:
            self._places.has(name, number)
            self._memory.free(self._places.least_had)
            if lasting:
                self._places.move(name, number)
                self._touch()

    def flush(self) -> None:
        """Commit what waits, now.

        Raises:
            PublishError: It could not be committed and still waits.
        """
        with self._writing:
            try:
                self._commit()
            except PublishError as error:
                self._fail(error)
                raise

    def close(self, timeout_s: float = 5.0) -> bool:
        """Commit what waits and end.

        Returns:
            Whether the thread has ended; False when the disk hangs.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        waiting = self.stats.queued
        if waiting:
            _LOGGER.error("store: %d readings could not be committed and are lost: %s", waiting, self._error)
        return not self._thread.is_alive()

    def _touch(self) -> None:
        """Something new is to be committed."""
        if self._since is None:
            self._since = time.monotonic()
            self._changed.notify()
        elif self._memory.fresh == self._settings.commit_readings:
            self._changed.notify()

    def _run(self) -> None:
        ending = False
        while not ending:
            with self._changed:
                while not self._closing and (wait := self._wait_s()) > 0:
                    self._changed.wait(min(wait, threading.TIMEOUT_MAX))
                ending = self._closing
            try:
                self.flush()
            except PublishError:
                pass  # said, and tried again
            except Exception:  # the thread must outlive what nobody thought of
                _LOGGER.warning("store: unexpected", exc_info=not self._error)
                self._fail(PublishError(f"{self.path.name}: unexpected, see the log"))
        if self._damaged:
            with suppress(PublishError):
                self.flush()
        self._announcer.say()
        if self._database is not None:
            self._database.close()

    def _wait_s(self) -> float:
        """Seconds until there is something to do."""
        if self._retry_at is not None:
            return self._retry_at - time.monotonic()
        if self._damaged or self._memory.fresh >= self._settings.commit_readings:
            return 0.0
        if self._since is None:
            return float("inf")
        return self._since + self._settings.commit_s - time.monotonic()

    def _commit(self) -> None:
        """Write everything that waits; called with ``_writing`` held."""
        if self._damaged:
            self._begin_anew()
        if self._database is None:
            self._open()
        assert self._database is not None
        with self._changed:
            rows, places, least = self._memory.uncommitted(), self._places.moved, self._places.least_place
            self._since = None
        age_s = time.monotonic() - self._born
        keep = Keep(age_s - self._settings.keep_days * DAY_S, self._settings.max_mb * _MEGABYTE, least)
        try:
            deleted = self._database.write(rows, places, keep, age_s)
        except PublishError as error:
            self._database.close()
            self._database = None
            with self._changed:
                self._damaged = isinstance(error, DamagedError)
            raise
        self._succeed(rows, places, deleted)

    def _succeed(self, rows: list[Row], places: dict[str, int], deleted: Deleted) -> None:
        """Forget what was committed."""
        self._delay = 0.0
        with self._changed:
            if rows:
                self._committed += len(rows)
                self._memory.committed(rows[-1][0])
                self._memory.free(self._places.least_had)
            self._places.committed(places)
            self._dropped += deleted.lost
            self.deleted += Counter(age=deleted.old, size=deleted.much)
            if self._error:
                _LOGGER.info("store: %s takes readings again", self.path.name)
            self._error = ""
            self._retry_at = None
        self._announcer.note(deleted)

    def _fail(self, error: PublishError) -> None:
        """Say that a commit failed, and when it is tried again."""
        self._delay = max(min(self._delay * 2, RETRY_MAX_S), RETRY_MIN_S)
        with self._changed:
            if not self._error:
                _LOGGER.warning("store: %s; readings wait in memory", error)
            self._error = str(error)
            self._retry_at = time.monotonic() + self._delay
            self._changed.notify()
            dropped = f", {self._dropped} dropped" if self._dropped else ""
            self._health.problem("store", f"{error}; {self._memory.fresh} readings wait in memory{dropped}")

    def _open(self) -> None:
        """Open the file; the places in memory are newer than those in it."""
        try:
            faults.refuse(self.path)
            with faults.explained(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = Database(self.path)
        except ConfigError as error:
            raise PublishError(str(error)) from error
        with self._changed:
            self._memory.opened(self._database.last)
            self._places.opened(self._database.delivered)
            # A file begun anew does not set the clock back.
            self._born = min(self._born, time.monotonic() - self._database.age_s)

    def _begin_anew(self) -> None:
        """Move a damaged file aside."""
        if self._database is not None:
            self._database.close()
            self._database = None
        aside = faults.set_aside(self.path)
        what = f"{self.path.name} was damaged and is now {aside.name}; a new one was begun"
        _LOGGER.error("store: %s", what)
        self._health.problem("damaged store", what)
        with self._changed:
            self._damaged = False
            self._places.begin_anew()
