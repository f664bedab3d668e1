"""Takes note of every look at a region, and says when it is time to act. The reading loop only adds numbers."""

import datetime as dt
import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ocr_edge.config.settings import Region
from ocr_edge.drift.day import Day, Look
from ocr_edge.drift.journal import FILE_NAME, KEPT_DAYS, Journal, Key
from ocr_edge.drift.report import Report, report
from ocr_edge.errors import PublishError
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)

SAVE_S = 900.0
"""Seconds between two writes: a power cut costs as much of a day, and an SD card gets 2 MB a day."""
MAX_PARTS = 1000
"""Parts of days that wait for a disk that cannot be written: beyond that the oldest are lost."""
END_S = 1.0
"""Seconds that the last write gets when the daemon ends."""


class Monitor:
    """The monitor of all regions; ``with`` or ``close`` saves what is left.

    Args:
        state: The state folder.
        health: Where it writes, as ``drift <region>``, what to do.

    Attributes:
        reports: How each region is doing, by its name; replaced as a whole, for any thread.
    """

    def __init__(self, state: Path, health: Health) -> None:
        self.reports: Mapping[str, Report] = {}
        self._journal, self._health = Journal(state / FILE_NAME), health
        self._lock = threading.Lock()
        self._parts: dict[Key, Day] = {}
        self._regions: set[str] = set()
        self._noted: set[str] = set()
        self._thread: threading.Thread | None = None
        self._due = 0.0  # at once: what was known before the start is said after it

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def look(self, region: Region, bundle: str, look: Look, moved: float | None) -> None:
        """Note a look at a region.

        Args:
            region: Its settings.
            bundle: Name of the bundle that reads.
            look: What came of it.
            moved: How far the marks have moved, as a share of the picture's longer side; None without marks.
        """
        picture = _hash([region.corners, region.rotate])
        key = Key(region.name, dt.date.today().isoformat(), picture, _hash([region, bundle]))
        with self._lock:
            self._parts.setdefault(key, Day()).take(look, moved)

    def tick(self, regions: Iterable[str]) -> None:
        """Save and judge now and then, in a thread of its own: a disk may hang, and the loop must not."""
        now = time.monotonic()
        if now < self._due or (self._thread is not None and self._thread.is_alive()):
            return
        self._due = now + SAVE_S
        self._regions = set(regions)
        self._thread = threading.Thread(target=self._work, name="drift", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            _LOGGER.warning("drift: %s", error)
            self._thread = None

    def accept(self, region: str) -> None:
        """Take the days from today on as a region's reference; raises PublishError. Not for the loop."""
        self._journal.accept(region, dt.date.today())
        self._judge()

    def close(self) -> None:
        """Save what is left, as far as the disk takes it in time."""
        if self._thread is not None:
            self._thread.join(END_S)
        last = threading.Thread(target=self._save, name="drift", daemon=True)
        last.start()
        last.join(END_S)

    def _work(self) -> None:
        if self._save():
            try:
                self._judge()
            except PublishError as error:
                self._health.problem("drift", str(error))
            except Exception:
                _LOGGER.exception("error while judging the days")

    def _save(self) -> bool:
        """Write what was noted since the last time; kept for the next one where that fails."""
        with self._lock:
            parts, self._parts = self._parts, {}
        try:
            if parts:
                self._journal.add(parts)
        except PublishError as error:
            with self._lock:
                for key, part in parts.items():
                    self._parts.setdefault(key, Day()).add(part)
                for key in sorted(self._parts, key=lambda key: key.day)[:-MAX_PARTS]:
                    del self._parts[key]
            self._health.problem("drift", f"days are not kept: {error}")
            return False
        self._health.problem("drift", "")
        return True

    def _judge(self) -> None:
        """Judge all regions, and forget what is too old."""
        today = dt.date.today()
        found = {}
        for name in sorted(self._regions):
            found[name] = report(name, self._journal.rows(name), today)
            self._journal.prune(name, found[name].kept)
        self._journal.forget(self._regions, today - dt.timedelta(KEPT_DAYS))
        self.reports = found
        for name in self._noted - found.keys():
            self._health.problem(f"drift {name}", "")
        for name, each in found.items():
            self._health.problem(f"drift {name}", each.act)
        self._noted = set(found)


def _hash(what: object) -> str:
    return hashlib.sha256(msgspec.json.encode(what, enc_hook=str)).hexdigest()[:12]
