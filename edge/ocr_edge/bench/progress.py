"""Says on stderr how far something is that takes longer than a moment."""

import sys
import time

QUIET_S = 2.0
EVERY_S = 10.0
"""Between lines where nobody watches: a log."""


class Progress:
    """One line that is rewritten on a terminal, else a line now and then.

    Args:
        what: What is going on.
    """

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, False
        self._next = time.monotonic() + QUIET_S
        self._terminal = sys.stderr.isatty()

    def tell(self, share: float) -> None:
        """Say that a share, 0 to 1, is done."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else EVERY_S)
        self._shown = True
        line = f"{self._what}: {share:.0%}"
        print(
            f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )
        sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._shown and self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
