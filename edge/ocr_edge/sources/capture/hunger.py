"""How long pictures have been waited for, and whether that is too long."""

import time

from ocr_edge.config.settings import SourceSettings

PATIENCE = 3
"""How often ``timeout_s`` may pass without a picture, while nothing fails, before a source counts as lost."""
LEAST_PATIENCE_S = 10.0
"""Shortest such time, in seconds: the settings may ask for a picture in far less than a slow camera needs."""


class Hunger:
    """How long somebody has waited since the last frame, in one request or several; not for two threads at a time.

    Args:
        settings: How long an attempt may take.
        settle_s: Seconds that the light needs.
    """

    def __init__(self, settings: SourceSettings, settle_s: float) -> None:
        self._patience_s = max(PATIENCE * settings.timeout_s, LEAST_PATIENCE_S) + settle_s
        self._before_s = 0.0  # in the requests before this one
        self._since: float | None = None

    @property
    def is_starving(self) -> bool:
        """Whether it has been longer than a source may take."""
        return self._waited() > self._patience_s

    def begin(self, since: float) -> None:
        """Somebody waits from a moment on, on ``time.monotonic()``."""
        self._since = since

    def end(self, fed: bool) -> None:
        """Nobody waits any more, with a frame or without."""
        self._before_s = 0.0 if fed else self._waited()
        self._since = None

    def begin_anew(self) -> None:
        """Forget the time up to now."""
        self._before_s = 0.0
        self._since = self._since and max(self._since, time.monotonic())

    def _waited(self) -> float:
        now = time.monotonic()
        return self._before_s + max(0.0, now - (now if self._since is None else self._since))
