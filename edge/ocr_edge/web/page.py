"""The page: its files, what is seen now, how the daemon is, and what was read."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ocr_edge.config.settings import PageSettings
from ocr_edge.errors import PublishError
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.web import assets
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.history import Filter, History, TooMuch
from ocr_edge.web.pictures import Pictures
from ocr_edge.web.setup import SetupRoutes
from ocr_edge.web.sight import Sight
from ocr_edge.web.worker import Worker

SETUP_FILES = ("setup.css", "setup.js", "setup-canvas.js", "setup-form.js", "setup-tools.js")
FILES = (
    "page.css",
    "icon.svg",
    "common.js",
    "live.js",
    "history.js",
    "plot.js",
    "samples.js",
    "state.js",
    "models.js",
    "card.js",
    "drift.js",
    *SETUP_FILES,
)
ASKING = 8
"""Questions to the store that wait at a time; more are refused until some are answered."""
FIRST_S = 2.0
"""Seconds that a program waits for the first picture: a camera gives one in less, once somebody looks."""
T = TypeVar("T")


class Page:
    """The routes of the page; for the loop of one server.

    Args:
        sight: What is shown.
        settings: How pictures are made.
        snapshot: The daemon's state.
        login: Whether there is a login, and so somebody to log out.
    """

    def __init__(
        self, sight: Sight, settings: PageSettings, snapshot: Callable[[], Snapshot], *, login: bool
    ) -> None:
        self._sight, self._snapshot, self._login = sight, snapshot, login
        self._pictures = Pictures(sight.newest, settings)
        self._history = History(sight.store) if sight.store else None
        self._setup = SetupRoutes(sight.setup, sight.newest) if sight.setup else None
        self._worker = Worker("http-history")
        self._asking = 0

    def close(self) -> None:
        """End the threads."""
        self._pictures.close()
        if self._setup:
            self._setup.close()
        self._worker.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            *(Route(path, _always(assets.page(path), "page.html")) for path in assets.PAGES),
            *(Route(f"/{name}", _always(assets.read(name), name)) for name in FILES),
            Route("/live.json", self._live),
            Route("/live.jpg", self._jpeg),
            Route("/state.json", self._state),
            Route("/history.json", self._rows),
            Route("/points.json", self._points),
            Route("/history.csv", self._table),
            *(self._setup.routes() if self._setup else ()),
        ]

    async def _live(self, request: Request) -> Response:
        """What is seen in the newest picture; waits for another one than the client has."""
        picture = await self._pictures.next(_number(request, "after"))
        return (
            Response(status_code=204)
            if picture is None
            else Response(picture.told, 200, None, "application/json")
        )

    async def _jpeg(self, request: Request) -> Response:
        """A picture by its number, or the newest."""
        number = _number(request, "number")
        picture = await self._pictures.next(-1, FIRST_S) if number < 0 else self._pictures.get(number)
        if picture is None:
            return refusal(404, "there is no such picture now")
        return Response(picture.jpeg, 200, None, "image/jpeg")

    async def _state(self, _request: Request) -> Response:
        """How the daemon is, the last reading of each region, and the log."""
        now = self._snapshot()
        return json(
            200,
            {
                "time": now.state.time,
                "ok": now.state.ok,
                "problems": now.state.problems,
                "facts": now.state.facts,
                "readings": [
                    {
                        "region": reading.region,
                        "time": reading.time,
                        "text": reading.text,
                        "value": reading.value,
                        "unit": reading.unit,
                        "raw": reading.raw,
                        "confidence": round(reading.confidence, 4),
                        "why": reading.why,
                    }
                    for reading in now.latest
                ],
                "receivers": now.outboxes,
                "frames": now.counters.frames,
                "reads": now.counters.read,
                "read_seconds": round(now.counters.read_seconds, 3),
                "unchanged": now.counters.unchanged,
                "login": self._login,
                "store": self._history is not None,
                "log": list(self._sight.log.lines),
            }
            | dict(self._sight.board()),
        )

    async def _rows(self, request: Request) -> Response:
        """A page of readings."""
        return await self._answered(request, lambda history, wanted: history.rows(wanted))

    async def _points(self, request: Request) -> Response:
        """Points of a plot."""
        return await self._answered(request, lambda history, wanted: history.points(wanted))

    async def _answered(self, request: Request, ask: Callable[[History, Filter], object]) -> Response:
        wanted = self._wanted(request)
        if isinstance(wanted, Response):
            return wanted
        history = self._history
        assert history is not None
        try:
            return json(200, await self._work(lambda: ask(history, wanted)))
        except (PublishError, TooMuch) as error:
            return refusal(503, str(error))

    async def _table(self, request: Request) -> Response:
        """All readings wanted, as a file for other programs."""
        wanted = self._wanted(request)
        if isinstance(wanted, Response):
            return wanted
        assert self._history is not None
        pieces = self._history.table(wanted)
        try:
            first = await self._work(lambda: next(pieces))
        except (PublishError, TooMuch) as error:
            return refusal(503, str(error))
        headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
        return StreamingResponse(self._rest(first, pieces), 200, headers, "text/csv")

    async def _rest(self, first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces, each made when the one before has been taken; an error breaks the answer off."""
        piece: bytes | None = first
        while piece is not None:
            yield piece
            piece = await self._work(lambda: next(pieces, None))

    def _wanted(self, request: Request) -> Filter | Response:
        """What is asked of the store, or why it cannot be."""
        if self._history is None:
            return refusal(404, "nothing is stored: store.enabled is false")
        if self._asking >= ASKING:
            return refusal(503, "the store is busy; try again")
        given = {name: value for name, value in request.query_params.items() if value}
        try:
            return msgspec.convert(given, Filter, strict=False)
        except msgspec.ValidationError as error:
            return refusal(400, str(error).replace("`", "'").replace(" - at '$.", " in '"))

    async def _work(self, job: Callable[[], T]) -> T:
        self._asking += 1
        try:
            return await self._worker.do(job)
        finally:
            self._asking -= 1


def _always(content: bytes, name: str) -> Callable[[Request], Any]:
    """What answers with one content, of the kind that the name says."""
    kind = assets.media_type(name)

    async def answer(_request: Request) -> Response:
        return Response(content, 200, None, kind)

    return answer


def _number(request: Request, name: str) -> int:
    """A number of the query; -1 where there is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
