"""A source's newest frame, for whoever asks; the camera itself is touched in a thread of its own."""

import logging
import time
from collections.abc import Callable
from typing import Self

from ocr_edge.config.settings import SourceSettings
from ocr_edge.sources.base import Frame, Source
from ocr_edge.sources.capture.shared import CaptureStatus, Shared
from ocr_edge.sources.capture.thread import CaptureThread
from ocr_edge.sources.gpio import Lamp

_LOGGER = logging.getLogger(__name__)

GOODBYE_S = 1.0
"""Seconds that the end of the daemon waits for a driver."""


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
        self._settings = settings
        self._shared = Shared(settings, lamp)
        self._thread = CaptureThread(open_source, self._shared)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._shared as shared:
            shared.stopping = True
            shared.changed.notify_all()
        self._thread.join(GOODBYE_S)
        if self._thread.is_alive():
            _LOGGER.warning("%s: the driver does not return; left behind", self._shared.name)
        with self._shared as shared:
            shared.light.off()

    @property
    def status(self) -> CaptureStatus:
        """How the source is now; never waits for it."""
        with self._shared as shared:
            return shared.status

    @property
    def separate(self) -> bool:
        """Whether each picture shows a thing of its own, by the settings or else by the source's nature."""
        return self.in_order if self._settings.separate is None else self._settings.separate

    @property
    def in_order(self) -> bool:
        """Whether the source gives each of its pictures once, as a folder does."""
        return self._shared.in_order

    def next(self, not_before: float, timeout_s: float) -> Frame | None:
        """The newest frame; of a source of separate pictures the next one.

        Args:
            not_before: ``time.monotonic()`` before which no frame may have been exposed. A time in the future is
                waited for. Separate pictures may be older.
            timeout_s: Longest wait. Asking again at once goes on with the same attempt.

        Returns:
            The frame, turned as the settings say; None when none came in time or the source has ended.
        """
        with self._shared as shared:
            if shared.frame and not shared.in_order and shared.frame.monotonic < not_before:
                shared.frame = None  # came too late for whoever asked before
            shared.wanted = not_before
            shared.hunger.begin(max(not_before, time.monotonic()))
            shared.changed.notify_all()
            shared.changed.wait_for(lambda: shared.frame or shared.state == "ended", timeout_s)
            shared.hunger.end(fed=shared.frame is not None)
            shared.wanted, shared.asked_at = None, time.monotonic()
            frame, shared.frame = shared.frame, None
            if shared.is_overdue:
                shared.light.off()
            return frame
