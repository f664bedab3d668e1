"""``/metrics``, ``/healthz`` and ``POST /trigger``, for programs on this machine alone.

Nothing here is authenticated, so a web page that the owner has open in a browser on this machine must not get through
either: not by a form or script of a page (``Origin``, ``Referer``, ``Sec-Fetch-Site``), nor by a name that suddenly
means 127.0.0.1 (``Host``).
"""

import contextlib
import io
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Self
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.sinks import metrics
from ocr_edge.sinks.base import RETRY_MAX_S, RETRY_MIN_S
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)
_NAMES = {"localhost", "127.0.0.1", "::1"}
_CONNECTIONS = 8
_REQUEST_S = 2.0  # in which a whole request must have come
_REQUEST_BYTES = 16384  # headers and body together
_POLL_S = 0.2
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})\r\n", re.IGNORECASE)


class Page:
    """The server, in threads of its own; ``with`` or ``close`` ends it.

    While it cannot be had (the port is busy, prometheus-client is missing) it is tried again, and said to be.

    Args:
        settings: Address and port.
        health: Where it is written, as ``http``, why there is none.
        snapshot: Asked for each answer; called in other threads.
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
        self._lock = threading.Lock()
        self._server: _Server | None = None
        first = self._open()
        self._thread = threading.Thread(target=self._run, args=(first,), name="http", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; a request that is being answered is not waited for."""
        with self._lock:
            self._closing.set()
        if self._server is not None:
            self._server.shutdown()
        self._thread.join()
        if self._server is not None:
            self._server.server_close()

    def _run(self, server: "_Server | None") -> None:
        delay_s = RETRY_MIN_S
        while server is None and not self._closing.wait(delay_s):
            delay_s = min(2 * delay_s, RETRY_MAX_S)
            server = self._open()
        if server is not None:
            server.serve_forever(_POLL_S)

    def _open(self) -> "_Server | None":
        """Listen; None, with the reason said, where that cannot be done now."""
        where = f"http.port {self._settings.port} on {self._settings.address}"
        try:
            app = _app(self._snapshot, self._trigger)
            server = _Server(self._settings)
        except (ConfigError, OSError) as error:
            why = f"{where}: {error.strerror}" if isinstance(error, OSError) else str(error)
            self._health.problem("http", f"{why}; tried again")
            return None
        server.set_app(app)
        with self._lock:
            if self._closing.is_set():
                server.server_close()
                return None
            self._server, self.port = server, server.server_port
        self._health.problem("http", "")
        return server


def _app(snapshot: Callable[[], Snapshot], trigger: Callable[[str], None] | None) -> WSGIApplication:
    registry = metrics.registry(snapshot)
    from prometheus_client import make_wsgi_app  # noqa: PLC0415

    scrape: Any = make_wsgi_app(registry)

    def health() -> tuple[int, object]:
        state = snapshot().state
        answer = {"ok": state.ok, "problems": state.problems, "facts": state.facts, "time": state.time}
        return (200 if state.ok else 503), answer

    def pull() -> tuple[int, object]:
        assert trigger is not None
        trigger("http")
        return 202, {"ok": True}

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def answer(code: int, what: object, *headers: tuple[str, str]) -> Iterable[bytes]:
            body = msgspec.json.encode(what) + b"\n"
            fixed = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            start(f"{code} {HTTPStatus(code).phrase}", [*fixed, *headers])
            return [body]

        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        routes = {"/metrics": "GET", "/healthz": "GET"} | ({"/trigger": "POST"} if trigger else {})
        if not _is_local(environ.get("HTTP_HOST", "")):
            return answer(403, {"error": "the Host must be localhost or its address"})
        if path not in routes:
            return answer(404, {"error": f"there is {', '.join(routes)}"})
        if method != routes[path]:
            return answer(405, {"error": f"use {routes[path]}"}, ("Allow", routes[path]))
        if path == "/metrics":
            scraped: Iterable[bytes] = scrape(environ, start)
            return scraped
        if path == "/trigger" and _is_foreign(environ):
            return answer(403, {"error": "not for pages in a browser"})
        return answer(*(pull() if path == "/trigger" else health()))

    return app


def _is_local(host: str) -> bool:
    """Whether a Host header names this machine as only this machine can be named."""
    try:
        return urlsplit(f"//{host}").hostname in _NAMES
    except ValueError:
        return False


def _is_foreign(environ: WSGIEnvironment) -> bool:
    """Whether a browser sends this on behalf of a page."""
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    return "HTTP_ORIGIN" in environ or "HTTP_REFERER" in environ or site not in ("none", "same-origin")


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_S

    server: "_Server"

    def setup(self) -> None:
        """Take the whole request before anything looks at it: limited in size and time."""
        super().setup()
        try:
            request = _request(self.connection)
        finally:
            self.server.arrived(self.connection)
        self.rfile = io.BufferedReader(io.BytesIO(request))

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not news."""


def _request(connection: socket.socket) -> bytes:
    """A whole request; nothing when it is too long or does not come in time."""
    end = time.monotonic() + _REQUEST_S
    data, size = b"", None
    while size is None or len(data) < size:
        left = end - time.monotonic()
        if left <= 0:
            return b""
        connection.settimeout(left)
        try:
            part = connection.recv(4096)
        except OSError:
            return b""
        if not part:
            return b""
        data += part
        head = data.find(b"\r\n\r\n")
        if head >= 0 and size is None:
            length = _LENGTH.search(data, 0, head + 2)
            size = head + 4 + (int(length[1]) if length else 0)
        if max(len(data), size or 0) > _REQUEST_BYTES:
            return b""
    connection.settimeout(_REQUEST_S)
    return data


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, settings: Http) -> None:
        self.address_family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self._silent: dict[socket.socket, None] = {}  # those whose request has not come, the oldest first
        self._changed = threading.Lock()
        super().__init__((settings.address, settings.port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for our name, which can take minutes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; when all are busy, hang up on who has said nothing for longest, or else on this one."""
        if not self._free.acquire(blocking=False):
            self._hang_up()
            if not self._free.acquire(timeout=_POLL_S):
                self.shutdown_request(request)
                return
        with self._changed:
            self._silent[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread could be started
            self.arrived(request)
            self._free.release()
            self.shutdown_request(request)

    def arrived(self, request: socket.socket) -> None:
        """A request has come, or never will: it is answered in peace."""
        with self._changed:
            self._silent.pop(request, None)

    def _hang_up(self) -> None:
        """End the wait for the oldest connection that is silent; its thread sees the end and frees its place."""
        with self._changed:
            oldest = next(iter(self._silent), None)
            if oldest is not None:
                del self._silent[oldest]
                with contextlib.suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        _LOGGER.debug("a request ended early", exc_info=True)
