"""A receiver that could not be set up: a file, secret, package or folder is missing, and may come."""

from collections.abc import Callable

from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import Sink
from ocr_edge.system.health import State


class Unopened:
    """Stands in for a receiver and makes it with the next attempt to pass something on, if it can be made then.

    For the outbox a receiver that cannot be made is one that is away: readings wait, it is tried again and said.

    Args:
        make: Makes the receiver; called in the outbox's thread.
    """

    def __init__(self, make: Callable[[], Sink]) -> None:
        self._make = make
        self._sink: Sink | None = None

    def publish(self, reading: Reading) -> None:
        """Pass a reading on.

        Raises:
            PublishError: The receiver cannot be made, or does not take it.
        """
        self._made().publish(reading)

    def report(self, state: State) -> None:
        """Pass on how the daemon is, to a receiver that wants to know; the errors of ``publish``."""
        report = getattr(self._made(), "report", None)
        if report is not None:
            report(state)

    def close(self) -> None:
        """Close what was made."""
        if self._sink is not None:
            self._sink.close()

    def _made(self) -> Sink:
        if self._sink is None:
            try:
                self._sink = self._make()
            except (ConfigError, OSError) as error:
                raise PublishError(str(error)) from error
        return self._sink
