"""What failed in a row in the loop, and from when on going on makes no sense."""

import logging
from dataclasses import dataclass

from ocr_edge.daemon.scene import Scene
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)

MAX_ERRORS = 5
"""Errors of our own in a row after which going on makes no sense: a fresh process may do better. Frames that could not
be read are no reason, as long as the self-test passes: a fresh process would fail on them too."""


@dataclass(slots=True)
class Failures:
    """Errors and unread frames in a row.

    Attributes:
        health: The board of problems.
        errors: Errors of our own; ``MAX_ERRORS`` where the self-test fails.
        unread: Frames that could not be read.
    """

    health: Health
    errors: int = 0
    unread: int = 0
    _ask_at: int = MAX_ERRORS

    @property
    def too_many(self) -> bool:
        """Whether the daemon should end, for a fresh start."""
        return self.errors >= MAX_ERRORS

    def add(self) -> None:
        """Count an error of our own."""
        self.errors += 1
        self.health.problem("program", f"{self.errors} errors in a row; see the log")

    def note(self, scene: Scene) -> None:
        """Note the end of a frame's reading; after some that failed in a row, see whether the networks are sound."""
        if not scene.failed:
            self.errors, self.unread, self._ask_at = 0, 0, MAX_ERRORS
            self.health.problem("program", "")
            return
        self.unread += 1
        self.health.problem("program", f"failed on {self.unread} frames in a row; see the log")
        if self.unread < self._ask_at:
            return
        self._ask_at *= 2
        try:
            scene.prove()
        except Exception as error:
            _LOGGER.error("%d frames in a row failed, and so does the self-test: %s", self.unread, error)
            self.errors = MAX_ERRORS
        else:
            _LOGGER.error(
                "%d frames in a row failed, the self-test passes: it is what they show; going on", self.unread
            )
