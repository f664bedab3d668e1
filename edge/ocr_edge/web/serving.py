"""A port of this machine, and the thread that serves it."""

import logging
import os
import socket
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Self

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S
from ocr_edge.system.health import Health
from ocr_edge.web.sight import Asked

if TYPE_CHECKING:
    from ocr_edge.web.server import Server

_LOGGER = logging.getLogger(__name__)

END_S = 1.5
"""Seconds that the thread gets to end, which takes it 0.2; the process ends without one that hangs."""


def library() -> ModuleType:
    """The module that speaks HTTP: 0.15 s and 6 MB that only those pay who configured a port.

    Raises:
        ConfigError: A package that it needs is missing.
    """
    try:
        from ocr_edge.web import server  # noqa: PLC0415 - see above
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(f"[http] needs {package}: pip install 'ocr-edge[http]'") from error
    return server


class Serving:
    """The server, in a thread of its own; ``with`` or ``close`` ends it.

    While it cannot be had (the port is busy, a package or the secret is missing) it is tried again, and said to be.

    Args:
        settings: Address and port.
        health: Where it is written, as ``http``, why there is none.
        asked: What the daemon tells, in that thread.

    Attributes:
        port: The port it listens on; None while it does not.
    """

    def __init__(self, settings: Http, health: Health, asked: Asked) -> None:
        self.port: int | None = None
        self._settings, self._health, self._asked = settings, health, asked
        self._closing = threading.Event()
        self._server: Server | None = None
        # Clients may come from now on; they wait until the server is loaded, and the daemon does not.
        first = self._listen()
        self._thread = threading.Thread(target=self._run, args=(first,), name="http", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; a request that has not come whole is not waited for."""
        self._closing.set()
        if (server := self._server) is not None:
            server.end()
        self._thread.join(END_S)

    def _run(self, listening: socket.socket | None) -> None:
        delay_s = RETRY_MIN_S
        while True:
            if listening is not None:
                with listening:
                    self._serve(listening)
            if self._closing.wait(delay_s):
                return
            delay_s = min(2 * delay_s, RETRY_MAX_S)
            listening = self._listen()

    def _listen(self) -> socket.socket | None:
        """Take the port; None, with the reason said, where it cannot be had now."""
        address = self._settings.address, self._settings.port
        family = socket.AF_INET6 if ":" in self._settings.address else socket.AF_INET
        try:
            # "::" is every address, those of IPv4 too.
            both = self._settings.address == "::" and socket.has_dualstack_ipv6()
            listening = socket.create_server(address, family=family, dualstack_ipv6=both)
        except OSError as error:
            why = os.strerror(error.errno or 0)  # its own strerror says the address once more
            self._failed(f"http.port {self._settings.port} on {self._settings.address}: {why}")
            return None
        self.port = listening.getsockname()[1]
        return listening

    def _serve(self, listening: socket.socket) -> None:
        """Answer until ``close``."""
        try:
            server: Server = library().Server(self._settings, self._asked)
            self._server = server
            self._health.problem("http", "")
            if not self._closing.is_set():  # ``close`` may have looked for the server before it was there
                server.run([listening])
        except ConfigError as error:
            self._failed(str(error))
        except Exception as error:  # the thread must outlive what nobody thought of
            _LOGGER.debug("http", exc_info=True)
            self._failed(repr(error))
        self.port = self._server = None

    def _failed(self, why: str) -> None:
        self._health.problem("http", f"{why}; tried again")
