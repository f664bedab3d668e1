"""Uvicorn with the limits that it lacks: how long, how much and how many at a time."""

import asyncio
import logging
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from socket import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.system.regular import opened
from ocr_edge.web import large
from ocr_edge.web.application import application
from ocr_edge.web.sight import Asked

_LOGGER = logging.getLogger(__name__)

CONNECTIONS = 64
"""Open at a time, or waiting to be: ten people with a browser, and a sixteenth of the files that a process may open."""
EXCHANGE_S = 2.0
"""Seconds in which a whole request must have come, TLS included; without a page also its answer been taken, which
takes milliseconds on one machine."""
STALLED_S = 10.0
"""Seconds in which a browser must take some of an answer, or ask for the next: a phone's radio sleeps for less."""
REQUEST_BYTES = 16384
"""Headers and body together: a request has a few hundred bytes, and a form a few more. Routes of kind ``Large`` say
for themselves what they take."""
LARGE_S = 600.0
"""Seconds in which a large request must have come: 64 MiB by a poor radio link of 1 Mbit/s."""


class Server(uvicorn.Server):
    """Says nothing, to anybody, of what clients do wrong.

    Without a page a connection is good for one request; browsers keep theirs for the next one.

    Args:
        settings: Where it listens, and to whom.
        asked: What the daemon tells.

    Raises:
        ConfigError: Certificate, key or secret cannot be used, or a package is missing.
    """

    def __init__(self, settings: Http, asked: Asked) -> None:
        self._end: Future[None] = Future()
        self._stack = ExitStack()
        has_page = settings.page is not None
        app = application(settings, asked, self._stack)
        # Of h11, and Python's event loop: fast enough here.
        connection: Any = (
            partial(BrowserConnection, large=large.paths(app.routes)) if has_page else Connection
        )
        config = uvicorn.Config(
            app,
            http=connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            backlog=CONNECTIONS,
            headers=[] if has_page else [("Connection", "close")],
            proxy_headers=False,
            server_header=False,
            log_config=None,
            log_level="critical",  # it would write tracebacks as errors
            access_log=False,
            timeout_keep_alive=int(STALLED_S),
            timeout_graceful_shutdown=0,  # answers are never half ready: who is waited for is a slow client
            ssl_certfile=settings.cert_file,
            ssl_keyfile=settings.key_file,
        )
        try:
            for path in filter(None, (settings.cert_file, settings.key_file)):
                opened(path).close()
            config.load()
        except OSError as error:  # SSLError is one
            self._stack.close()
            why = error.strerror or str(error)
            raise ConfigError(f"http.cert_file {settings.cert_file}, key_file: {why}") from error
        super().__init__(config)

    def run(self, sockets: list[socket] | None = None) -> None:
        """Answer until ``end``."""
        with self._stack:
            super().run(sockets)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen, in a loop that writes no tracebacks."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _loop, context: _LOGGER.debug("%(message)s", context, exc_info=context.get("exception"))
        )
        if self.config.ssl is not None:
            limited: Any = partial(loop.create_server, ssl_handshake_timeout=EXCHANGE_S)
            loop.create_server = limited  # type: ignore[method-assign]  # uvicorn passes no limit on, and its own is 60 s
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Those that have not yet agreed on TLS are no connections to uvicorn, and would be without limit.
        now, state = self.loop.time(), self.server_state
        waiting: dict[int, float] = state.__dict__.setdefault("waiting", {})
        for key in [key for key, began in waiting.items() if now - began > EXCHANGE_S]:
            del waiting[key]  # ended by then
        if len(waiting) >= CONNECTIONS:
            raise ConnectionRefusedError  # asyncio closes it
        waiting[id(self)] = now
        self._deadline: asyncio.TimerHandle | None = None
        self._bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection."""
        self.server_state.__dict__["waiting"].pop(id(self), None)
        super().connection_made(transport)
        self._began = self.loop.time()
        self._limit(EXCHANGE_S)
        connections: Any = self.connections
        if len(connections) > CONNECTIONS:
            oldest = min(connections, key=lambda connection: connection._began)
            connections.discard(oldest)  # its end is noticed later, and until then others may come
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget one that has ended."""
        self._limit(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hang up on who sends too much."""
        self._bytes += len(data)
        if self._bytes > REQUEST_BYTES:
            self.transport.abort()
        else:
            super().data_received(data)

    def _limit(self, seconds: float | None) -> None:
        """End the connection after a time, in place of an earlier limit; None: not at all."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class BrowserConnection(Connection):
    """Requests one after the other, whose answers may take their time, as long as they are taken.

    Args:
        *args: As the library's.
        large: Paths at which requests may be large.
        **kwargs: As the library's.
    """

    def __init__(self, *args: Any, large: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._large, self._most, self._ends = large, REQUEST_BYTES, 0.0
        self.app_state = {**self.app_state, "admit": self._admit}  # each request's ``state``

    def data_received(self, data: bytes) -> None:
        """Take a part of a request: what comes after an answer is the next one."""
        if self._bytes == 0:
            self._began = self.loop.time()
            self._limit(EXCHANGE_S)
        room = self._most - self._bytes
        self._bytes += len(data)
        if room > 0:  # without a byte it would be the end of the connection
            H11Protocol.data_received(self, data[:room])
        if len(data) > room and (room < 0 or not self._hold(data[room:])):
            self.transport.abort()
            return
        if self._bytes and self.cycle is not None and not self.cycle.more_body and not self.flow.write_paused:
            self._limit(None)  # it has come whole; how long the answer takes is ours to limit
        elif self._most > REQUEST_BYTES:
            self._next_part()

    def _hold(self, rest: bytes) -> bool:
        """Keep what has come of a request that is too large, and take no more before it is admitted.

        Returns:
            Whether it may be admitted: it is at one of the large routes, and nobody has judged it yet.
        """
        cycle = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started or self._most > REQUEST_BYTES:
            return False
        if self.scope["path"] not in self._large or self.scope["method"] != "POST":
            return False
        H11Protocol.data_received(self, rest)  # at most what one look at the socket brings, 256 KiB
        self.flow.pause_reading()
        return True

    def _admit(self, most: int) -> None:
        """Let the request that is being answered have so many bytes of body, and the time for it."""
        self._most, self._ends = REQUEST_BYTES + most, self.loop.time() + LARGE_S
        if self.cycle.more_body:
            self._next_part()

    def _next_part(self) -> None:
        """Wait for another part of a large request: not long, and not beyond the time for the whole."""
        self._limit(min(STALLED_S, self._ends - self.loop.time()))

    def pause_writing(self) -> None:
        """The client does not take the answer as fast as it is made."""
        super().pause_writing()
        self._limit(STALLED_S)

    def resume_writing(self) -> None:
        """It has taken some of it."""
        super().resume_writing()
        self._limit(None)

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the client to take what is left of the answer."""
        self._bytes, self._most = 0, REQUEST_BYTES
        self._limit(STALLED_S + 1)  # uvicorn ends an idle one politely a second before
        super().on_response_complete()
