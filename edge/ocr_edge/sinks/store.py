"""Every reading in SQLite, and how far each receiver has got: the log that outboxes read back from."""

import itertools
import logging
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path

import msgspec

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks import database
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S, ReceiverStats
from ocr_edge.sinks.database import DamagedError, Database, Row
from ocr_edge.sinks.retention import Deleted, Keep
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)
_MEGABYTE = 1_000_000
_DAY_S = 86400.0
_NO_END = 2**63 - 1  # no reading has a higher number


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
        self._limit, self._kept = limit, kept
        self._changed = threading.Condition()
        # Below: shared, under the lock.
        self._rows: deque[Row] = deque()  # what is in memory: committed ones, then ``_fresh`` that are not
        self._fresh = 0
        self._gone = 0  # up to this number readings may be in the file alone
        self._has: dict[str, int] = {}  # what each receiver has, also one whose place is not noted
        self._since: float | None = None  # monotonic time of the first thing that is not committed
        self._places: dict[str, int] = {}
        self._moved: set[str] = set()  # receivers whose place is not committed
        self._active: set[str] = set()
        self._known = False  # whether the places in the file have been read
        self._accepted = self._committed = self._dropped = 0
        self.deleted: Counter[str] = Counter()
        self._retry_at: float | None = None
        self._error = ""
        self._damaged = self._closing = False
        # Below: under this lock, which only writers take.
        self._writing = threading.Lock()
        self._database: Database | None = None
        self._delay = 0.0
        self._full = False
        self._born = time.monotonic()  # when the store's own clock said 0, by the machine's that never leaps
        self._unsaid, self._said_at = Deleted(), -_DAY_S
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
            return self._accepted

    @property
    def stats(self) -> ReceiverStats:
        """What went through so far; ``delivered`` means committed, ``dropped`` also undelivered and deleted."""
        with self._changed:
            return ReceiverStats("store", self._fresh, self._committed, self._dropped, self._error)

    def publish(self, reading: Reading) -> None:
        """Take a reading into memory; never blocks on the disk and never raises."""
        data = msgspec.json.encode(reading.as_dict()).decode()
        value, unit = reading.value, reading.unit
        confidence = round(reading.confidence, 4)
        row = (
            reading.number,
            reading.time,
            reading.region,
            reading.text,
            value,
            unit,
            confidence,
            reading.why,
            data,
        )
        with self._changed:
            self._rows.append(row)
            self._fresh += 1
            if len(self._rows) > self._limit:
                self._gone = self._rows.popleft()[0]
                if self._fresh > len(self._rows):
                    self._fresh -= 1
                    self._dropped += 1
            self._touch()

    def last_number(self) -> int:
        """Number of the newest reading, committed or not; 0 without one."""
        with self._changed:
            return self._rows[-1][0] if self._rows else self._accepted

    def last(self, region: str) -> Reading | None:
        """The newest committed reading of a region that was believed; None where there is none or it is not known."""
        try:
            data = database.last(self.path, region)
            return None if data is None else Reading.from_dict(msgspec.json.decode(data))
        except (PublishError, ValueError, msgspec.DecodeError) as error:
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
            found = {row[0]: row[-1] for row in self._rows if row[0] > number}
            first = self._rows[0][0] if self._rows else None
            in_memory = memory_only or number >= self._gone
            used = self._database
        try:
            if not in_memory:
                found |= database.select(self.path, number, first, limit)
        except DamagedError:
            with self._changed:
                self._damaged = self._damaged or used is self._database  # not one that was begun meanwhile
                self._changed.notify()
            raise
        readings = []
        for each in sorted(found)[:limit]:
            try:
                readings.append(Reading.from_dict(msgspec.json.decode(found[each])))
            except (ValueError, msgspec.DecodeError) as error:
                _LOGGER.warning("%s: reading %d cannot be read back: %s", self.path.name, each, error)
        return readings

    def held(self, after: int) -> int:
        """How many readings after a number are in memory."""
        with self._changed:
            return sum(row[0] > after for row in self._rows)

    def count(self, after: int) -> int:
        """How many readings there are after a number; the errors of ``after``."""
        with self._changed:
            numbers = [row[0] for row in self._rows]
            in_memory = after >= self._gone
        in_file = 0 if in_memory else database.count(self.path, after, numbers[0] if numbers else None)
        return in_file + sum(number > after for number in numbers)

    def delivered(self, name: str) -> int:
        """Number of the last reading a receiver has; one that was never seen begins with the next reading.

        From now on readings that it does not have are kept beyond their age.

        Raises:
            PublishError: The database could not be read yet.
        """
        with self._changed:
            if not self._known:
                raise PublishError(self._error or f"{self.path.name}: not open")
            if name not in self._places:
                self._places[name] = self._rows[-1][0] if self._rows else self._accepted
                self._moved.add(name)
                self._touch()
            self._active.add(name)
            self._has[name] = self._places[name]
            return self._places[name]

    def set_delivered(self, name: str, number: int, *, lasting: bool = True) -> None:
        """Note that a receiver has a reading and all before it.

        Args:
            name: The receiver.
            number: The reading's.
            lasting: Whether the next start goes on after it; committed with the next readings.
        """
        with self._changed:
            self._has[name] = number
            self._free()
            if lasting:
                self._places[name] = number
                self._moved.add(name)
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
        elif self._fresh == self._settings.commit_readings:
            self._changed.notify()

    def _free(self) -> None:
        """Let go of what is committed, as far as every receiver has it or there is too much of it."""
        least = min(self._has.values(), default=_NO_END)
        while (kept := len(self._rows) - self._fresh) and (kept > self._kept or self._rows[0][0] <= least):
            self._gone = self._rows.popleft()[0]

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
        self._say_deleted()
        if self._database is not None:
            self._database.close()

    def _wait_s(self) -> float:
        """Seconds until there is something to do."""
        if self._retry_at is not None:
            return self._retry_at - time.monotonic()
        if self._damaged or self._fresh >= self._settings.commit_readings:
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
            rows = list(itertools.islice(self._rows, len(self._rows) - self._fresh, None))
            places = {name: self._places[name] for name in self._moved}
            oldest_place = min((self._places[name] for name in self._active), default=_NO_END)
            self._since = None
        age_s = time.monotonic() - self._born
        keep = Keep(
            age_s - self._settings.keep_days * _DAY_S, self._settings.max_mb * _MEGABYTE, oldest_place
        )
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
                self._accepted = rows[-1][0]
                self._committed += len(rows)
                self._fresh = sum(row[0] > self._accepted for row in self._rows)
                self._free()
            self._moved -= {name for name, number in places.items() if self._places[name] == number}
            self._dropped += deleted.lost
            self.deleted += Counter(age=deleted.old, size=deleted.much)
            if self._error:
                _LOGGER.info("store: %s takes readings again", self.path.name)
            self._error = ""
            self._retry_at = None
        if deleted.lost and not self._full:
            _LOGGER.warning("store: max_mb is reached; readings are deleted before every receiver has them")
        self._full = deleted.lost > 0
        self._health.problem(
            "store", "max_mb is reached; undelivered readings are deleted" if self._full else ""
        )
        self._unsaid = Deleted(self._unsaid.old + deleted.old, self._unsaid.much + deleted.much)
        if time.monotonic() - self._said_at >= _DAY_S:
            self._say_deleted()

    def _say_deleted(self) -> None:
        """Log what was deleted: at once, then once a day, for a full store deletes with every commit."""
        old, much = self._unsaid.old, self._unsaid.much
        if old or much:
            why = [f"{old} stored more than keep_days ago"] * bool(old) + [
                f"{much} to stay below max_mb"
            ] * bool(much)
            _LOGGER.info("store: readings deleted: %s", ", ".join(why))
            self._unsaid, self._said_at = Deleted(), time.monotonic()

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
            self._health.problem("store", f"{error}; {self._fresh} readings wait in memory{dropped}")

    def _open(self) -> None:
        """Open the file; the places in memory are newer than those in it."""
        try:
            database.refuse(self.path)
            with database.explained(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = Database(self.path)
        except ConfigError as error:
            raise PublishError(str(error)) from error
        with self._changed:
            self._accepted = self._database.last
            first = self._rows[0][0] if self._rows else _NO_END
            self._gone = max(self._gone, min(self._accepted, first - 1))
            # A file begun anew does not set the clock back.
            self._born = min(self._born, time.monotonic() - self._database.age_s)
            self._places = self._database.delivered | self._places
            self._known = True

    def _begin_anew(self) -> None:
        """Move a damaged file aside."""
        if self._database is not None:
            self._database.close()
            self._database = None
        aside = database.set_aside(self.path)
        what = f"{self.path.name} was damaged and is now {aside.name}; a new one was begun"
        _LOGGER.error("store: %s", what)
        self._health.problem("damaged store", what)
        with self._changed:
            self._damaged = False
            self._moved = set(self._places)
