"""``/metrics``, ``/healthz`` and ``POST /trigger``, for programs on this machine alone.

Nothing here is authenticated, so a web page that the owner has open in a browser on this machine must not get through
either: not by a form or script of a page (``Origin``, ``Referer``, ``Sec-Fetch-Site``), nor by a name that suddenly
means 127.0.0.1 (``Host``).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from socket import socket
from typing import Any

import msgspec
import uvicorn
from prometheus_client import make_asgi_app
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from ocr_edge.sinks import metrics
from ocr_edge.sinks.metrics import Snapshot

_LOGGER = logging.getLogger(__name__)

NAMES = ("localhost", "127.0.0.1", "[::1]")
"""What a Host header may say: what only this machine can be called."""
CONNECTIONS = 64
"""Open at a time, or waiting to be: far more than the programs of one machine need, and a sixteenth of the files that a
process may open."""
EXCHANGE_S = 2.0
"""Seconds in which a whole request must have come and its answer been taken; both take milliseconds on one machine."""
REQUEST_BYTES = 16384
"""Headers and body together: a request has a few hundred bytes, and no answer depends on a body."""


class Server(uvicorn.Server):
    """Uvicorn, for one request a connection; says nothing, to anybody, of what clients do wrong.

    Args:
        snapshot: Asked for each answer.
        trigger: Called with ``http`` when somebody asks for a picture. None: nobody may.
    """

    def __init__(
        self, snapshot: Callable[[], Snapshot], trigger: Callable[[str], None] | None = None
    ) -> None:
        self._end: Future[None] = Future()
        super().__init__(
            uvicorn.Config(
                application(snapshot, trigger),
                http=Connection,  # of h11, and the event loop of Python: nothing here needs the faster ones
                loop="asyncio",
                ws="none",
                lifespan="off",
                backlog=CONNECTIONS,
                headers=[("Connection", "close")],
                proxy_headers=False,
                server_header=False,
                log_config=None,
                log_level="critical",  # it would write tracebacks as errors
                access_log=False,
                timeout_graceful_shutdown=0,  # answers are never half ready: who is waited for is a slow client
            )
        )

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen, in a loop that writes no tracebacks."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: _LOGGER.debug("%(message)s", context, exc_info=context.get("exception"))
        )
        await super().startup(sockets)

    async def main_loop(self) -> None:
        """Wait for ``end``, and wake once a second for the time in the answers: uvicorn's own would ten times."""
        end = asyncio.wrap_future(self._end)
        while not end.done():
            await self.on_tick(0)
            await asyncio.wait([end], timeout=1.0)

    def end(self) -> None:
        """Stop listening; from any thread, also before it began."""
        self._end.set_result(None)


class Connection(H11Protocol):
    """One request and its answer, limited in size and time; when there are too many, the oldest is ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection."""
        super().connection_made(transport)
        self._bytes = 0
        self._deadline = self.loop.call_later(EXCHANGE_S, transport.abort)
        self._began = self.loop.time()
        connections: Any = self.connections
        if len(connections) > CONNECTIONS:
            oldest = min(connections, key=lambda connection: connection._began)
            connections.discard(oldest)  # its end is noticed later, and until then others may come
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget one that has ended."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hang up on who sends too much."""
        self._bytes += len(data)
        if self._bytes > REQUEST_BYTES:
            self.transport.abort()
        else:
            super().data_received(data)


def application(snapshot: Callable[[], Snapshot], trigger: Callable[[str], None] | None) -> Starlette:
    """What is answered to whom; arguments as ``Server`` has them."""
    scrape = make_asgi_app(metrics.registry(snapshot))

    async def scraped(_request: Request) -> Any:
        return scrape

    async def healthz(_request: Request) -> Response:
        state = snapshot().state
        answer = {"ok": state.ok, "problems": state.problems, "facts": state.facts, "time": state.time}
        return _json(200 if state.ok else 503, answer)

    async def pull(request: Request) -> Response:
        await request.body()  # whole before it counts
        if _is_foreign(request):
            return _json(403, {"error": "not for pages in a browser"})
        assert trigger is not None
        trigger("http")
        return _json(202, {"ok": True})

    routes = [Route("/metrics", scraped), Route("/healthz", healthz)]
    if trigger is not None:
        routes.append(Route("/trigger", pull, methods=["POST"]))
    ways = ", ".join(route.path for route in routes)

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        allowed = (error.headers or {}).get("Allow", "")
        said = f"use {allowed}" if allowed else f"there is {ways}"
        return _json(error.status_code, {"error": said}, error.headers)

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # for nobody: its connection has ended

    async def failed(request: Request, error: Exception) -> Response:
        _LOGGER.error("http: %s failed: %r", request.url.path, error)
        return _json(500, {"error": "failed; see the log of the daemon"})

    app = Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=NAMES, www_redirect=False)],
        exception_handlers={HTTPException: refused, ClientDisconnect: gone, Exception: failed},
    )
    app.router.redirect_slashes = False
    return app


def _is_foreign(request: Request) -> bool:
    """Whether a browser sends this on behalf of a page."""
    headers = request.headers
    site = headers.get("sec-fetch-site", "none")
    return "origin" in headers or "referer" in headers or site not in ("none", "same-origin")


def _json(code: int, what: object, headers: Any = None) -> Response:
    return Response(msgspec.json.encode(what) + b"\n", code, headers, "application/json")
