"""What those who want frames and the capture thread both know: the request, the frame, and how the source is."""

import threading
import time
from dataclasses import dataclass
from typing import Literal, Self

from ocr_edge.config import urls
from ocr_edge.config.settings import SourceSettings
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture.hunger import Hunger
from ocr_edge.sources.capture.light import Light
from ocr_edge.sources.gpio import Lamp


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


class Shared:
    """Shared by two threads: read and changed inside ``with`` alone, which takes the lock.

    Args:
        settings: Patience of the source.
        lamp: What pictures are taken by; None where there is none.

    Attributes:
        settings: As given.
        name: The source for people, without credentials.
        changed: The lock; notified of every change that somebody may wait for.
        light: When a picture may be exposed.
        hunger: How long pictures have been waited for.
        stopping: Whether the thread is to end.
        wanted: ``time.monotonic()`` before which no frame may have been exposed; None while nobody waits for one.
        asked_at: When somebody waited last.
        frame: What lies ready for them.
        in_order: Whether the source gives each of its pictures once, as a folder does.
        busy_since: When the thread began what may hang; None while it does nothing of the kind.
        state: As of ``CaptureStatus``, but for what only the time tells.
        detail: As of ``CaptureStatus``.
        failures: As of ``CaptureStatus``.
    """

    def __init__(self, settings: SourceSettings, lamp: Lamp | None) -> None:
        self.settings = settings
        self.name = urls.shown(settings.url)
        self.changed = threading.Condition()
        self.light = Light(lamp)
        self.hunger = Hunger(settings, lamp.settle_s if lamp else 0.0)
        self.stopping = False
        self.wanted: float | None = None
        self.asked_at = 0.0
        self.frame: Frame | None = None
        self.in_order = False
        self.busy_since: float | None = None
        self.state: Literal["starting", "ok", "lost", "ended"] = "starting"
        self.detail = ""
        self.failures = 0

    def __enter__(self) -> Self:
        self.changed.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.changed.release()

    @property
    def status(self) -> CaptureStatus:
        """How the source is now."""
        if self.is_overdue:
            detail = f"{self.name}: no answer from the driver for more than {self.settings.timeout_s:g} s"
            return CaptureStatus("hung", detail, self.failures + 1)
        if self.is_starving:
            return CaptureStatus("lost", f"{self.name}: gives no pictures", self.failures)
        return CaptureStatus(self.state, self.detail, self.failures)

    @property
    def is_overdue(self) -> bool:
        """Whether the thread has waited for the driver longer than it may take."""
        since = self.busy_since
        return since is not None and time.monotonic() - since > self.settings.timeout_s

    @property
    def is_starving(self) -> bool:
        """Whether nothing fails, and yet no picture has come for too long."""
        # A folder may be empty, and the frames of a video may be far apart.
        if self.state != "ok" or self.in_order or self.settings.url.lower().startswith("video:"):
            return False
        return self.hunger.is_starving

    def until_wanted(self) -> float | None:
        """Seconds until a frame is wanted or the lamp has to be looked after; None when nobody has asked."""
        if self.wanted is not None and self.frame is None:
            return self.light.ready_in(self.wanted)
        # While a frame lies ready for whoever waits, it is as if they asked just now.
        return self.light.out_in(self.asked_at if self.wanted is None else time.monotonic())

    def wants(self, moment: float) -> bool:
        """Whether somebody waits for a frame that was exposed at a moment."""
        return self.wanted is not None and moment >= self.light.earliest(self.wanted)

    def tell(self, state: Literal["ok", "lost", "ended"], detail: str) -> None:
        """Say how the source is from now on."""
        if state != self.state:
            self.hunger.begin_anew()
        self.state, self.detail = state, detail
        self.changed.notify_all()
