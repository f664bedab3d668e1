"""The camera watched from the loop: what people are told of it, and when only a fresh process can help."""

import time
from dataclasses import dataclass

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources.capture import Capturer
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.notify import Notifier

HUNG_LIMIT_S = 60.0
"""A source that hangs longer ends the daemon where no watchdog does, so that whoever started it starts it again."""
LOST_LIMIT_S = 300.0
"""A ribbon camera that is lost longer ends the daemon: what libcamera holds is freed by a fresh process alone."""


@dataclass(slots=True)
class CameraWatch:
    """Feeds the service manager's watchdog as long as the capture thread answers."""

    source: SourceSettings
    capturer: Capturer
    health: Health
    counters: Counters
    notifier: Notifier
    _hung_since: float | None = None
    _lost_since: float | None = None

    def look(self) -> bool:
        """Feed the watchdog, unless a capture attempt has not ended in its time; whether the source has more.

        Raises:
            CaptureError: A fresh process is needed, and nothing else would end this one.
        """
        status = self.capturer.status
        self.counters.capture_errors = status.failures
        self.health.problem("camera", status.detail if status.state in ("lost", "hung") else "")
        now = time.monotonic()
        self._lost_since = (self._lost_since or now) if status.state == "lost" else None
        if now - (self._lost_since or now) > LOST_LIMIT_S and self.source.url.startswith("picamera2:"):
            raise CaptureError(f"{status.detail}; ending, so that a fresh start can free it")
        if status.state != "hung":
            self._hung_since = None
            self.notifier.watchdog()
            return status.state != "ended"
        self._hung_since = self._hung_since or now
        if now - self._hung_since > HUNG_LIMIT_S and self.notifier.watchdog_s is None:
            raise CaptureError(f"camera: {status.detail}; ending, so that a fresh start can free it")
        return True
