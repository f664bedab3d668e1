"""The thread that commits what the store has in memory, and goes on while the disk does not let it."""

import logging
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S
from ocr_edge.sinks.store import faults
from ocr_edge.sinks.store.database import Database
from ocr_edge.sinks.store.faults import DamagedError
from ocr_edge.sinks.store.retention import DAY_S, Announcer, Deleted, Keep
from ocr_edge.sinks.store.row import Row
from ocr_edge.sinks.store.state import State
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)
_MEGABYTE = 1_000_000


class Writer:
    """Commits in batches, in a thread of its own, and tries again what failed.

    Age is counted by a clock of the store's own: the time that daemons have run on it. The machine's clock leaps (a Pi
    starts in the past, until the network has told it the time), and pictures may be years old when they are read.

    Args:
        path: The file.
        health: Where trouble is written, as ``store``.
        state: What is committed.

    Attributes:
        path: The file.
        thread: What commits; a daemon, for a disk that hangs must not keep the process.
        database: The open file; None while it cannot be used.
    """

    def __init__(self, path: Path, health: Health, state: State) -> None:
        self.path = path
        self._health = health
        self._state = state
        # Below: under this lock, which only those take who write to the file.
        self._writing = threading.Lock()
        self.database: Database | None = None
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
        self.thread = threading.Thread(target=self._run, name="store", daemon=True)
        self.thread.start()

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

    def _run(self) -> None:
        state, ending = self._state, False
        while not ending:
            with state:
                while not state.closing and (wait := state.wait_s()) > 0:
                    state.changed.wait(min(wait, threading.TIMEOUT_MAX))
                ending = state.closing
            try:
                self.flush()
            except PublishError:
                pass  # said, and tried again
            except Exception:  # the thread must outlive what nobody thought of
                _LOGGER.warning("store: unexpected", exc_info=not state.error)
                self._fail(PublishError(f"{self.path.name}: unexpected, see the log"))
        if state.damaged:
            with suppress(PublishError):
                self.flush()
        self._announcer.say()
        if self.database is not None:
            self.database.close()

    def _commit(self) -> None:
        """Write everything that waits; called with ``_writing`` held."""
        state = self._state
        if state.damaged:
            self._begin_anew()
        if self.database is None:
            self._open()
        assert self.database is not None
        with state:
            rows, places, least = state.memory.uncommitted(), state.places.moved, state.places.least_place
            state.since = None
        age_s = time.monotonic() - self._born
        keep_days, max_mb = state.settings.keep_days, state.settings.max_mb
        keep = Keep(age_s - keep_days * DAY_S, max_mb * _MEGABYTE, least)
        try:
            deleted = self.database.write(rows, places, keep, age_s)
        except PublishError as error:
            self.database.close()
            self.database = None
            with state:
                state.damaged = isinstance(error, DamagedError)
            raise
        self._succeed(rows, places, deleted)

    def _succeed(self, rows: list[Row], places: dict[str, int], deleted: Deleted) -> None:
        """Forget what was committed."""
        self._delay = 0.0
        state = self._state
        with state:
            if rows:
                state.committed += len(rows)
                state.memory.committed(rows[-1][0])
                state.memory.free(state.places.least_had)
            state.places.committed(places)
            state.dropped += deleted.lost
            state.deleted += Counter(age=deleted.old, size=deleted.much)
            if state.error:
                _LOGGER.info("store: %s takes readings again", self.path.name)
            state.error = ""
            state.retry_at = None
        self._announcer.note(deleted)

    def _fail(self, error: PublishError) -> None:
        """Say that a commit failed, and when it is tried again."""
        self._delay = max(min(self._delay * 2, RETRY_MAX_S), RETRY_MIN_S)
        state = self._state
        with state:
            if not state.error:
                _LOGGER.warning("store: %s; readings wait in memory", error)
            state.error = str(error)
            state.retry_at = time.monotonic() + self._delay
            state.changed.notify()
            dropped = f", {state.dropped} dropped" if state.dropped else ""
            self._health.problem("store", f"{error}; {state.memory.fresh} readings wait in memory{dropped}")

    def _open(self) -> None:
        """Open the file; the places in memory are newer than those in it."""
        try:
            faults.refuse(self.path)
            with faults.explained(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self.database = Database(self.path)
        except ConfigError as error:
            raise PublishError(str(error)) from error
        with self._state as state:
            state.memory.opened(self.database.last)
            state.places.opened(self.database.delivered)
            # A file begun anew does not set the clock back.
            self._born = min(self._born, time.monotonic() - self.database.age_s)

    def _begin_anew(self) -> None:
        """Move a damaged file aside."""
        if self.database is not None:
            self.database.close()
            self.database = None
        aside = faults.set_aside(self.path)
        what = f"{self.path.name} was damaged and is now {aside.name}; a new one was begun"
        _LOGGER.error("store: %s", what)
        self._health.problem("damaged store", what)
        with self._state as state:
            state.damaged = False
            state.places.begin_anew()
