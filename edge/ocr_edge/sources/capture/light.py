"""When a lamp is lit for a picture, and until when."""

import math
import time

from ocr_edge.sources.gpio import Lamp

LIT_S = 0.2
"""Seconds a lamp stays lit after the last request: the frames of one answer do without a new warming up."""


class Light:
    """The light that pictures are taken in; not for two threads at a time.

    Args:
        lamp: Where it comes from; None where it is there anyhow.
    """

    def __init__(self, lamp: Lamp | None) -> None:
        self._lamp = lamp
        self._lit_at: float | None = None

    def ready_in(self, wanted: float) -> float:
        """Seconds until a picture may be exposed, or until the lamp has to be lit for it; it is lit in time.

        Args:
            wanted: ``time.monotonic()`` before which no picture may have been exposed.
        """
        now = time.monotonic()
        if self._lamp and self._lit_at is None:
            early_s = wanted - self._lamp.settle_s - now
            if early_s > 0:
                return early_s
            self._lamp.on()
            self._lit_at = now
        return max(0.0, self.earliest(wanted) - now)

    def earliest(self, wanted: float) -> float:
        """When the exposure may begin: not before the light is steady."""
        if self._lamp is None:
            return wanted
        return math.inf if self._lit_at is None else max(wanted, self._lit_at + self._lamp.settle_s)

    def out_in(self, asked_at: float) -> float | None:
        """Seconds until the lamp goes out, given when somebody asked last; None where it is dark, or is from now on."""
        now = time.monotonic()
        if now - asked_at >= LIT_S:
            self.off()
        return None if self._lit_at is None else asked_at + LIT_S - now

    def off(self) -> None:
        """Make it dark."""
        if self._lamp and self._lit_at is not None:
            self._lamp.off()
            self._lit_at = None
