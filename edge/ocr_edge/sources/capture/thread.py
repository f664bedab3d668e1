"""The capture thread: it alone touches the camera, so that a hung driver never stops the loop."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import cv2

from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.sources.base import EndOfSource, Frame, Source
from ocr_edge.sources.capture.shared import Shared

_LOGGER = logging.getLogger(__name__)

POLL_S = 0.2
"""Seconds until a source without news is asked again."""
POLL_SHARE = 20
"""It is asked at most for one part in so many of the time, however long an answer takes."""
PACE_S = 0.005
"""Shortest time between two grabs: a stream that has fallen behind catches up, a mad one does not take the core."""
MOST_DAMAGED = 5
"""Damaged pictures in a row after which a source counts as lost."""

T = TypeVar("T")


class CaptureThread(threading.Thread):
    """Opens the source, grabs what is wanted, and opens it anew when it is lost.

    Args:
        open_source: Makes the source, for each attempt anew.
        shared: What is wanted, and where frames go.
    """

    def __init__(self, open_source: Callable[[], Source], shared: Shared) -> None:
        # A daemon: a driver that never comes back must not keep the process.
        super().__init__(name="capture", daemon=True)
        self._open_source = open_source
        self._shared = shared
        self._settings = shared.settings
        self._attempts = 0
        self._damaged = 0
        self._reopened_at = -math.inf
        self._starved = False

    def run(self) -> None:
        """Capture until told to stop or until the end of the source."""
        while not self._shared.stopping:
            try:
                self._capture()
            except EndOfSource:
                with self._shared as shared:
                    shared.tell("ended", "")
                return
            except OcrEdgeError as error:
                self._lose(str(error))
            except Exception as error:
                self._lose(f"{self._shared.name}: {type(error).__name__}: {error}", unexpected=True)

    def _capture(self) -> None:
        """One life of a source, from opening it to losing it or to the end of the daemon."""
        source = self._timed(lambda: self._open_source().__enter__())
        try:
            self._damaged = 0
            with self._shared as shared:
                shared.in_order = source.separate
            if not source.drained:
                self._works()
            while self._is_due(source):
                began = time.monotonic()
                found = self._timed(source.grab)
                self._works()
                if found:
                    self._hand_over(source)
                took = time.monotonic() - began
                if found or source.drained:
                    self._pause(PACE_S - took)
                elif not source.more:  # a bad file must not delay the good one after it
                    self._pause(max(POLL_S, POLL_SHARE * took))
                if self._gives_nothing():
                    return
        finally:
            with self._shared as shared:
                shared.light.off()
            self._timed(lambda: source.__exit__(None, None, None))

    def _gives_nothing(self) -> bool:
        """Whether a source without pictures is to be opened anew; what is lost is still lost then."""
        now = time.monotonic()
        with self._shared as shared:
            starving = shared.is_starving
        if starving != self._starved:
            self._starved = starving
            if starving:
                _LOGGER.warning("%s: gives no pictures; is opened anew", shared.name)
            else:
                _LOGGER.info("%s: gives pictures again", shared.name)
        if not starving or now - self._reopened_at < self._settings.retry_max_s:
            return False
        self._reopened_at = now
        with shared:
            shared.failures += 1
        return True

    def _is_due(self, source: Source) -> bool:
        """Wait until it is time to grab; False when it is time to stop."""
        with self._shared as shared:
            while not shared.stopping:
                wait_s = shared.until_wanted()
                if source.drained or wait_s == 0:
                    return True
                shared.changed.wait(wait_s)
        return False

    def _hand_over(self, source: Source) -> None:
        """Decode what was grabbed if somebody wants it."""
        with self._shared as shared:
            is_wanted = source.separate or shared.wants(source.grabbed_at)
        if not is_wanted:
            return
        try:
            frame = self._timed(lambda: self._decoded(source))
        except CaptureError as error:
            self._damaged += 1
            if self._damaged >= MOST_DAMAGED:
                raise
            _LOGGER.warning("%s", error)
            with shared:
                shared.failures += 1
            return
        self._damaged = 0
        with shared:
            if source.separate or shared.wants(frame.monotonic):
                shared.frame = frame
                shared.changed.notify_all()

    def _decoded(self, source: Source) -> Frame:
        name = self._shared.name
        try:
            return source.retrieve().turned(self._settings.rotate)
        except MemoryError as error:
            raise CaptureError(f"{name}: a picture too large for the memory of this machine") from error
        except cv2.error as error:
            raise CaptureError(f"{name}: a damaged picture, or too large") from error

    def _timed(self, step: Callable[[], T]) -> T:
        """Do what may hang, where ``status`` can see how long it takes."""
        with self._shared as shared:
            shared.busy_since = time.monotonic()
        try:
            result = step()
            with shared:
                if shared.is_overdue:
                    shared.failures += 1
            return result
        finally:
            with shared:
                shared.busy_since = None

    def _works(self) -> None:
        with self._shared as shared:
            if shared.state == "lost":
                _LOGGER.info("%s: is back after %d failed attempts", shared.name, self._attempts)
            shared.tell("ok", "")
        self._attempts = 0

    def _lose(self, detail: str, unexpected: bool = False) -> None:
        """Count a failure and wait before the next attempt."""
        with self._shared as shared:
            level = logging.DEBUG if detail == shared.detail else logging.WARNING
            shared.failures += 1
            shared.tell("lost", detail)
        _LOGGER.log(level, "%s; is tried again", detail, exc_info=unexpected)
        self._starved = False
        retry = self._settings
        longest_s = min(retry.retry_max_s, retry.retry_min_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        # Many devices that lost the same camera do not all come back in the same moment.
        self._pause(max(retry.retry_min_s, longest_s * random.uniform(0.75, 1)))

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with self._shared as shared:
                shared.changed.wait_for(lambda: shared.stopping, seconds)
