"""What the service manager or a terminal asks for by signal."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Self

_HANDLED = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


class Stopped(BaseException):
    """The daemon was told to end in the middle of pure work; like KeyboardInterrupt, no error to be survived."""


class Signals:
    """Notes signals from ``with`` on, so that a second one does not cut short what the first one began.

    For the main thread alone.

    Args:
        hangup_ends: Whether SIGHUP means that the terminal was closed, and not that settings have changed.

    Attributes:
        stop: SIGTERM or SIGINT came.
        reload: SIGHUP came; set it back when it is done.
    """

    def __init__(self, *, hangup_ends: bool = False) -> None:
        self.stop = self.reload = False
        self._hangup_ends = hangup_ends
        self._raise = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in _HANDLED}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            # Once told to end, the process is on its way out: another signal must not change its exit code.
            signal.signal(number, signal.SIG_IGN if self.stop else handler)

    def ask_reload(self) -> None:
        """Note a wish to reload, as SIGHUP does; from any thread."""
        self.reload = True

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """A block of pure work that a signal to stop ends at once, with ``Stopped``."""
        self._raise = True
        try:
            if self.stop:
                raise Stopped
            yield
        except Exception:
            if self.stop:  # some libraries of C answer with an error of their own: an import that failed
                raise Stopped from None
            raise
        finally:
            self._raise = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._hangup_ends:
            self.reload = True
            return
        self.stop = True
        if self._raise:
            self._raise = False
            raise Stopped
