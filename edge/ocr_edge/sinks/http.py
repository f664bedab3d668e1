"""The page of the daemon: a port of this machine, and the thread that serves it."""

import os
import socket
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Self

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.system.health import Health

if TYPE_CHECKING:
    from ocr_edge.sinks.http_server import Server

END_S = 1.5
"""Seconds that the thread gets to end, which takes it 0.2; the process ends without one that hangs."""


def library() -> ModuleType:
    """The module that speaks HTTP: 0.1 s and 7 MB that only those pay who configured a port.

    Raises:
        ConfigError: A package that it needs is missing.
    """
    try:
        from ocr_edge.sinks import http_server  # noqa: PLC0415 - see above
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(f"[http] needs {package}: pip install 'ocr-edge[http]'") from error
    return http_server


class Page:
    """The server, in a thread of its own that loads it too; ``with`` or ``close`` ends it.

    While it cannot be had (the port is busy, a package is missing) it is tried again, and said to be.

    Args:
        settings: Address and port.
        health: Where it is written, as ``http``, why there is none.
        snapshot: Asked for each answer, in that thread.
        trigger: Called with ``http`` when somebody asks for a picture; must return at once. None: nobody may.

    Attributes:
        port: The port it listens on; None while it does not.
    """

    def __init__(
        self,
        settings: Http,
        health: Health,
        snapshot: Callable[[], Snapshot],
        trigger: Callable[[str], None] | None = None,
    ) -> None:
        self.port: int | None = None
        self._settings, self._health = settings, health
        self._snapshot, self._trigger = snapshot, trigger
        self._closing = threading.Event()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
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

    def _run(self) -> None:
        where = f"http.port {self._settings.port} on {self._settings.address}"
        delay_s = 0.0
        while not self._closing.wait(delay_s):
            try:
                self._serve()
            except ConfigError as error:
                self._health.problem("http", f"{error}; tried again")
            except Exception as error:  # the thread must outlive what nobody thought of
                # create_server adds the address to strerror; it stands in ``where`` already.
                why = os.strerror(error.errno or 0) if isinstance(error, OSError) else repr(error)
                self._health.problem("http", f"{where}: {why}; tried again")
            self.port = self._server = None
            delay_s = min(max(2 * delay_s, RETRY_MIN_S), RETRY_MAX_S)

    def _serve(self) -> None:
        """Listen until ``close``."""
        http_server = library()
        family = socket.AF_INET6 if ":" in self._settings.address else socket.AF_INET
        address = self._settings.address, self._settings.port
        with socket.create_server(address, family=family, backlog=http_server.CONNECTIONS) as listening:
            server: Server = http_server.Server(self._snapshot, self._trigger)
            self._server, self.port = server, listening.getsockname()[1]
            self._health.problem("http", "")
            if not self._closing.is_set():  # ``close`` may have looked for the server before it was there
                server.run([listening])
