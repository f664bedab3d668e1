"""The capture thread: it alone touches the camera, so that a hung driver never stops the loop."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self, TypeVar

import cv2

from ocr_edge.config import urls
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.sources.base import EndOfSource, Frame, Source
from ocr_edge.sources.capture.hunger import Hunger
from ocr_edge.sources.capture.light import Light
from ocr_edge.sources.gpio import Lamp

_LOGGER = logging.getLogger(__name__)

POLL_S = 0.2
"""Seconds until a source without news is asked again."""
POLL_SHARE = 20
"""It is asked at most for one part in so many of the time, however long an answer takes."""
PACE_S = 0.005
"""Shortest time between two grabs: a stream that has fallen behind catches up, a mad one does not take the core."""
MOST_DAMAGED = 5
"""Damaged pictures in a row after which a source counts as lost."""
GOODBYE_S = 1.0
"""Seconds that the end of the daemon waits for a driver."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """How the source is.

    Attributes:
        state: ``hung`` while an attempt takes longer than ``timeout_s``, ``lost`` from a failure to the next success,
            also when nothing fails and no picture comes.
        detail: One line for people, without credentials; empty while all is well.
        failures: Attempts that failed or hung since the start.
    """

    state: Literal["starting", "ok", "lost", "hung", "ended"]
    detail: str
    failures: int


class Capturer:
    """Owns a source and gives its newest frame; ``with`` starts and stops the thread.

    Args:
        open_source: Makes the source, for each attempt anew; called in the capture thread.
        settings: Patience, pauses between attempts, rotation.
        lamp: Lit while a frame is waited for; frames from before the light was steady are passed over.
    """

    def __init__(
        self, open_source: Callable[[], Source], settings: SourceSettings, lamp: Lamp | None = None
    ) -> None:
        self._open_source = open_source
        self._settings = settings
        self._name = urls.shown(settings.url)
        self._changed = threading.Condition()
        # All below is guarded by it.
        self._stopping = False
        self._wanted: float | None = None
        self._frame: Frame | None = None
        self._asked_at = 0.0
        self._light = Light(lamp)
        self._in_order = False
        self._hunger = Hunger(settings, lamp.settle_s if lamp else 0.0)
        self._busy_since: float | None = None
        self._state: Literal["starting", "ok", "lost", "ended"] = "starting"
        self._detail = ""
        self._failures = 0
        # These belong to the thread.
        self._attempts = 0
        self._damaged = 0
        self._reopened_at = -math.inf
        self._starved = False
        # A daemon: a driver that never comes back must not keep the process.
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(GOODBYE_S)
        if self._thread.is_alive():
            _LOGGER.warning("%s: the driver does not return; left behind", self._name)
        with self._changed:
            self._light.off()

    @property
    def status(self) -> CaptureStatus:
        """How the source is now; never waits for it."""
        with self._changed:
            if self._is_overdue():
                detail = (
                    f"{self._name}: no answer from the driver for more than {self._settings.timeout_s:g} s"
                )
                return CaptureStatus("hung", detail, self._failures + 1)
            if self._is_starving():
                return CaptureStatus("lost", f"{self._name}: gives no pictures", self._failures)
            return CaptureStatus(self._state, self._detail, self._failures)

    @property
    def separate(self) -> bool:
        """Whether each picture shows a thing of its own, by the settings or else by the source's nature."""
        return self._in_order if self._settings.separate is None else self._settings.separate

    @property
    def in_order(self) -> bool:
        """Whether the source gives each of its pictures once, as a folder does."""
        return self._in_order

    def next(self, not_before: float, timeout_s: float) -> Frame | None:
        """The newest frame; of a source of separate pictures the next one.

        Args:
            not_before: ``time.monotonic()`` before which no frame may have been exposed. A time in the future is
                waited for. Separate pictures may be older.
            timeout_s: Longest wait. Asking again at once goes on with the same attempt.

        Returns:
            The frame, turned as the settings say; None when none came in time or the source has ended.
        """
        with self._changed:
            if self._frame and not self._in_order and self._frame.monotonic < not_before:
                self._frame = None  # came too late for whoever asked before
            self._wanted = not_before
            self._hunger.begin(max(not_before, time.monotonic()))
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._frame or self._state == "ended", timeout_s)
            self._hunger.end(fed=self._frame is not None)
            self._wanted, self._asked_at = None, time.monotonic()
            frame, self._frame = self._frame, None
            if self._is_overdue():
                self._light.off()
            return frame

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._capture()
            except EndOfSource:
                self._tell("ended", "")
                return
            except OcrEdgeError as error:
                self._lose(str(error))
            except Exception as error:
                self._lose(f"{self._name}: {type(error).__name__}: {error}", unexpected=True)

    def _capture(self) -> None:
        """One life of a source, from opening it to losing it or to the end of the daemon."""
        source = self._timed(self._open)
        try:
            self._in_order, self._damaged = source.separate, 0
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
            with self._changed:
                self._light.off()
            self._timed(lambda: source.__exit__(None, None, None))

    def _gives_nothing(self) -> bool:
        """Whether a source without pictures is to be opened anew; what is lost is still lost then."""
        now = time.monotonic()
        with self._changed:
            starving = self._is_starving()
        if starving != self._starved:
            self._starved = starving
            if starving:
                _LOGGER.warning("%s: gives no pictures; is opened anew", self._name)
            else:
                _LOGGER.info("%s: gives pictures again", self._name)
        if not starving or now - self._reopened_at < self._settings.retry_max_s:
            return False
        self._reopened_at = now
        with self._changed:
            self._failures += 1
        return True

    def _is_starving(self) -> bool:
        # A folder may be empty, and the frames of a video may be far apart.
        if self._state != "ok" or self._in_order or self._settings.url.lower().startswith("video:"):
            return False
        return self._hunger.is_starving

    def _open(self) -> Source:
        return self._open_source().__enter__()

    def _is_due(self, source: Source) -> bool:
        """Wait until it is time to grab; False when it is time to stop."""
        with self._changed:
            while not self._stopping:
                wait_s = self._until_wanted()
                if source.drained or wait_s == 0:
                    return True
                self._changed.wait(wait_s)
        return False

    def _until_wanted(self) -> float | None:
        """Seconds until a frame is wanted or the lamp has to be looked after; None when nobody has asked."""
        if self._wanted is not None and self._frame is None:
            return self._light.ready_in(self._wanted)
        # While a frame lies ready for whoever waits, it is as if they asked just now.
        return self._light.out_in(self._asked_at if self._wanted is None else time.monotonic())

    def _hand_over(self, source: Source) -> None:
        """Decode what was grabbed if somebody wants it."""
        if not source.separate and not self._wants(source.grabbed_at):
            return
        try:
            frame = self._timed(lambda: self._decoded(source))
        except CaptureError as error:
            self._damaged += 1
            if self._damaged >= MOST_DAMAGED:
                raise
            _LOGGER.warning("%s", error)
            with self._changed:
                self._failures += 1
            return
        self._damaged = 0
        with self._changed:
            if source.separate or self._wants(frame.monotonic):
                self._frame = frame
                self._changed.notify_all()

    def _decoded(self, source: Source) -> Frame:
        try:
            return source.retrieve().turned(self._settings.rotate)
        except MemoryError as error:
            raise CaptureError(f"{self._name}: a picture too large for the memory of this machine") from error
        except cv2.error as error:
            raise CaptureError(f"{self._name}: a damaged picture, or too large") from error

    def _wants(self, moment: float) -> bool:
        with self._changed:
            return self._wanted is not None and moment >= self._light.earliest(self._wanted)

    def _timed(self, step: Callable[[], T]) -> T:
        """Do what may hang, where ``status`` can see how long it takes."""
        with self._changed:
            self._busy_since = time.monotonic()
        try:
            result = step()
            with self._changed:
                if self._is_overdue():
                    self._failures += 1
            return result
        finally:
            with self._changed:
                self._busy_since = None

    def _is_overdue(self) -> bool:
        since = self._busy_since
        return since is not None and time.monotonic() - since > self._settings.timeout_s

    def _works(self) -> None:
        if self._state == "lost":
            _LOGGER.info("%s: is back after %d failed attempts", self._name, self._attempts)
        self._attempts = 0
        self._tell("ok", "")

    def _lose(self, detail: str, unexpected: bool = False) -> None:
        """Count a failure and wait before the next attempt."""
        level = logging.DEBUG if detail == self._detail else logging.WARNING
        _LOGGER.log(level, "%s; is tried again", detail, exc_info=unexpected)
        with self._changed:
            self._failures += 1
        self._starved = False
        self._tell("lost", detail)
        retry = self._settings
        longest_s = min(retry.retry_max_s, retry.retry_min_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        # Many devices that lost the same camera do not all come back in the same moment.
        self._pause(max(retry.retry_min_s, longest_s * random.uniform(0.75, 1)))

    def _tell(self, state: Literal["ok", "lost", "ended"], detail: str) -> None:
        with self._changed:
            if state != self._state:
                self._hunger.begin_anew()
            self._state, self._detail = state, detail
            self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, seconds)
