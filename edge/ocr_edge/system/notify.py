"""Tell systemd how the daemon is: ready, reloading, stopping, alive, and one line of status."""

import logging
import os
import socket
import time
from collections.abc import MutableMapping

_LOGGER = logging.getLogger(__name__)

STATUS_BYTES = 1000
"""Longest status; systemd drops a whole message of more than 4096 bytes."""
FEEDS = 4
"""How often the watchdog is fed within its time, at most."""
SEND_TIMEOUT_S = 0.5


class Notifier:
    """The daemon's end of ``sd_notify``; does nothing where no service manager listens.

    Every method may be called at any time and never raises: a manager that does not listen is no reason to
    stop reading. Nothing here has a thread of its own, so a loop that hangs also stops feeding the watchdog.

    Attributes:
        watchdog_s: Seconds without ``watchdog()`` after which the process is killed; None without a watchdog.
        fed_at: ``time.monotonic()`` when it was last fed.
    """

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Take the socket and the watchdog's time out of the environment.

        Args:
            environ: Where ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are; they are removed, so that
                no child speaks for the daemon.
        """
        self._address = _address(environ.pop("NOTIFY_SOCKET", ""))
        limit = _watchdog_s(environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", ""))
        self.watchdog_s = limit if self._address else None
        self.fed_at = float("-inf")
        self._status = ""

    def ready(self) -> None:
        """Started, or done with reloading."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready()`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """On the way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Show a line in ``systemctl status``; sent when it differs from the last one."""
        # A line break would begin another assignment.
        line = "".join(c if c.isprintable() else " " for c in text)
        line = line.encode(errors="replace")[:STATUS_BYTES].decode(errors="ignore")
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def watchdog(self) -> None:
        """Feed the watchdog; as cheap as looking at the clock when it was fed a moment ago."""
        if self.watchdog_s is None:
            return
        now = time.monotonic()
        if now - self.fed_at >= self.watchdog_s / FEEDS and self._send("WATCHDOG=1"):
            self.fed_at = now

    def _send(self, message: str) -> bool:
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.settimeout(SEND_TIMEOUT_S)
                manager.sendto(message.encode(), self._address)
        except OSError as error:
            _LOGGER.debug("systemd did not take %r: %s", message, error)
            return False
        return True


def _address(name: str) -> str:
    """The socket's address; empty for a kind that only virtual machines have (``vsock:``)."""
    if name.startswith("@"):  # an abstract name
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _watchdog_s(usec: str, pid: str) -> float | None:
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6
