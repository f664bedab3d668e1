"""What the service manager or a terminal asks for by signal."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Self

_HANDLED = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


class Stopped(Exception):
    """The daemon was told to end while it was reading a picture, which may take longer than anyone waits."""


class Signals:
    """Notes signals from ``with`` on; for the main thread alone.

    Attributes:
        stop: SIGTERM or SIGINT came.
        reload: SIGHUP came; set it back when it is done.
    """

    def __init__(self) -> None:
        self.stop = self.reload = False
        self._raise = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in _HANDLED}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """A block of pure work that a signal to stop ends at once, with ``Stopped``."""
        self._raise = True
        try:
            if self.stop:
                raise Stopped
            yield
        finally:
            self._raise = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self.reload = True
            return
        self.stop = True
        if self._raise:
            self._raise = False
            raise Stopped
