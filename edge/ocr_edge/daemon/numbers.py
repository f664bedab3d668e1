"""The numbers of readings: each is given once, for as long as the state folder lasts."""

import logging
import os
import random
import threading
import time
from pathlib import Path

from ocr_edge.bundles import archive
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)

BLOCK = 10_000
"""Numbers reserved at a time: the card is written once in 5,000 readings, and a start skips as many at most."""
AGAIN_S = 60.0
"""Seconds until a disk that did not take a reservation is asked again."""
SPREAD = 10**9
"""Where nothing is reserved, numbers leap by chance, by this at most: of two starts with the same clock and 10,000
readings each, 1 in 50,000 pairs meets. As milliseconds, the unit of the clock's numbers, it is 12 days."""


class Numbers:
    """Gives growing numbers, also after a power cut with the clock set back.

    Receivers may have a reading before the store has: what the store knows is not enough. So a block of numbers is
    written down as used before its first one is given, and a start begins after the last block.

    Args:
        path: The file with the last reserved number.
        least: A number that was given for certain, such as the store's newest.
        health: Where it is written, as ``numbers``, that none can be reserved.
    """

    def __init__(self, path: Path, least: int, health: Health) -> None:
        self._path, self._health = path, health
        reserved = _read(path)
        # The clock matters only where the file is lost: then it is what an earlier start probably stayed below.
        began = int(time.time() * 1000) + (random.randrange(SPREAD) if reserved is None else 0)
        self._number = max(reserved or 0, least, began)
        self._leapt = False
        # Below: written by the one thread that reserves.
        self._reserved = 0
        self._reserving = True
        self._again_at = 0.0
        self._reserve(self._number + BLOCK)

    def next(self) -> int:
        """The next number; never waits for the disk. For one thread alone."""
        left = self._reserved - self._number
        if left > 0:
            self._leapt = False
        elif not self._leapt:
            self._number += random.randrange(SPREAD)
            self._leapt = True
        self._number += 1
        # Half a block early: a disk may hang, and the loop must not hang with it.
        if left < BLOCK // 2 and not self._reserving and time.monotonic() >= self._again_at:
            self._reserving = True
            job = threading.Thread(
                target=self._reserve, args=(self._number + BLOCK,), name="numbers", daemon=True
            )
            try:
                job.start()
            except RuntimeError as error:  # no thread could be started
                self._refused(str(error))
        return self._number

    def _reserve(self, until: int) -> None:
        """Write down that all numbers up to one are used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{self._path.name}.new")
            with open(fresh, "w", encoding="ascii") as file:
                file.write(f"{until}\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            archive.fsync(self._path.parent)
        except OSError as error:
            self._refused(error.strerror or str(error))
        else:
            self._reserved = until
            self._reserving = False
            self._health.problem("numbers", "")

    def _refused(self, why: str) -> None:
        self._again_at = time.monotonic() + AGAIN_S
        self._reserving = False
        what = (
            f"{self._path}: cannot be written: {why}; only chance keeps ids from coming again after a restart"
        )
        self._health.problem("numbers", what)


def _read(path: Path) -> int | None:
    """The last reserved number; None where it is not known."""
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is no number"
        _LOGGER.warning("%s: cannot be read: %s; numbers go on from the store and the clock", path, why)
        return None
