"""Somebody asks for a picture: a button, an MQTT message, a web request."""

import threading


class Trigger:
    """Passes a wish on to the loop; wishes made before it was taken up count as one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._origin: str | None = None

    def fire(self, origin: str) -> None:
        """Ask for a picture; from any thread, never blocks.

        Args:
            origin: Who asks, such as ``gpio``, ``mqtt`` or ``http``; the first one is kept.
        """
        with self._condition:
            if self._origin is None:
                self._origin = origin
                self._condition.notify()

    def wait(self, timeout_s: float) -> str | None:
        """Take up a wish.

        Args:
            timeout_s: Longest wait for one.

        Returns:
            Who asked; None when nobody did.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._origin is not None, timeout_s)
            origin, self._origin = self._origin, None
            return origin
