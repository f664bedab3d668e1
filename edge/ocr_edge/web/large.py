"""Requests that are larger than others: which routes take them, and how their body gets to a file.

Every route has ``server.REQUEST_BYTES`` for headers and body. One of kind ``Large`` gets more, once the guard has let
the request through and the route has said how much: until then no more of the body is taken from the network.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ocr_edge.web.answers import refusal
from ocr_edge.web.worker import Worker

Admit = Callable[[int], None]
"""Lets the request that is being answered bring so many bytes of body."""


class Large(Route):
    """A route, ``POST`` alone, whose requests may be large: its endpoint calls ``admit``."""


def paths(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Where requests may be large."""
    return frozenset(route.path for route in routes if isinstance(route, Large))


def admit(request: Request, most: int) -> Response | None:
    """Take a request whose body has at most ``most`` bytes, and says how many.

    Returns:
        The answer to one that has more, or does not say; None when it is taken.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return refusal(411, "say how long it is: Content-Length")
    if len(length) > 18 or int(length) > most:
        return refusal(413, f"has more than {most >> 10:,} KiB; at most those are taken")
    allow: Admit | None = getattr(request.state, "admit", None)  # none where there is no connection: in tests
    if allow is not None:
        allow(most)
    return None


async def to_file(request: Request, path: Path, worker: Worker) -> None:
    """Write a body to a new file as it comes; at most a few hundred kilobytes of it are in memory.

    Args:
        request: It, admitted.
        path: The file; another one that was there is replaced. It is for us alone.
        worker: Writes it.

    Raises:
        ClientDisconnect: The client went away before the end.
        OSError: The disk is full, and the like. The file is deleted in either case.
    """
    descriptor = await worker.do(lambda: _fresh(path))
    try:
        count = 0
        async for chunk in request.stream():
            count += len(chunk)
            await worker.do(lambda chunk=chunk: _write(descriptor, chunk))  # type: ignore[misc]
        if count != int(request.headers["content-length"]):
            raise ClientDisconnect
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _fresh(path: Path) -> int:
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]
