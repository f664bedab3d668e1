"""``/metrics``, ``/healthz`` and ``POST /trigger``, for programs."""

from collections.abc import Callable
from typing import Any

from prometheus_client import make_asgi_app
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocr_edge.sinks import metrics
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.web.answers import json


def routes(snapshot: Callable[[], Snapshot], trigger: Callable[[str], None] | None) -> list[Route]:
    """The routes for programs.

    Args:
        snapshot: Asked for each answer.
        trigger: Called with ``http`` when somebody asks for a picture. None: nobody may.
    """
    scrape = make_asgi_app(metrics.registry(snapshot))

    async def scraped(_request: Request) -> Any:
        return scrape

    async def healthz(_request: Request) -> Response:
        state = snapshot().state
        answer = {"ok": state.ok, "problems": state.problems, "facts": state.facts, "time": state.time}
        return json(200 if state.ok else 503, answer)

    async def pull(request: Request) -> Response:
        await request.body()  # whole before it counts
        assert trigger is not None
        trigger("http")
        return json(202, {"ok": True})

    made = [Route("/metrics", scraped), Route("/healthz", healthz)]
    return made if trigger is None else [*made, Route("/trigger", pull, methods=["POST"])]
