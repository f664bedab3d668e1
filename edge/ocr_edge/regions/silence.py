"""How long a region has said nothing, and when that is worth a word."""

from dataclasses import dataclass

AFTER_S = 60.0
"""Seconds without a reading that are worth a word: long for a person who looks, short for one who sets it up."""
AGAIN_S = 3600.0
"""Seconds until the same is said again: a line an hour is found in a journal, and does not fill it."""


@dataclass(slots=True)
class Silence:
    """Counts the time in which one region says nothing.

    Attributes:
        least: Looks in a row without a reading that are worth a word: fewer may be the settling of a new text.
        why: Why it says nothing now; empty when it says something, or was not looked at yet.
        spoken: Whether it has ever said something: then it is set up rightly, and may just have nothing to show.
    """

    least: int = 1
    why: str = ""
    spoken: bool = False
    _since: float | None = None
    _seconds: float = 0.0
    _looks: int = 0
    _told_at: float | None = None

    def over(self) -> None:
        """The region says something."""
        self.why, self.spoken, self._since, self._told_at = "", True, None, None
        self._seconds, self._looks = 0.0, 0

    def lasts(self, why: str, now: float) -> bool:
        """Note that the region says nothing.

        Args:
            why: The reason.
            now: Seconds on a clock that never jumps.

        Returns:
            Whether it is time for a line in the log.
        """
        self.why = why
        if self._since is None:
            self._since = now
        self._seconds, self._looks = now - self._since, self._looks + 1
        if not self.is_long or (self._told_at is not None and now - self._told_at < AGAIN_S):
            return False
        self._told_at = now
        return True

    @property
    def is_long(self) -> bool:
        """Whether it lasts long enough for a word."""
        return self._seconds >= AFTER_S and self._looks >= self.least

    @property
    def is_suspicious(self) -> bool:
        """Whether it looks like a mistake of the setup: something is seen there, and none of it was ever said."""
        return self.is_long and not self.spoken and self.why != "no text"

    @property
    def span(self) -> str:
        """How long it has lasted, for people."""
        return f"{self._seconds:.0f} s" if self._seconds < 2 * AGAIN_S else f"{self._seconds / 3600:.0f} h"
