"""What is answered to whom: routes for programs and for people, behind the guard."""

import logging
from contextlib import ExitStack

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ocr_edge.config.settings import Http
from ocr_edge.web import programs
from ocr_edge.web.answers import refusal
from ocr_edge.web.guard import Guard
from ocr_edge.web.lock import Lock
from ocr_edge.web.sight import Asked

_LOGGER = logging.getLogger(__name__)


def application(settings: Http, asked: Asked, stack: ExitStack) -> Starlette:
    """Everything that is answered.

    Args:
        settings: Where it listens, and to whom.
        asked: What the daemon tells.
        stack: Ends the threads behind the routes when it is closed.

    Raises:
        ConfigError: The secret file cannot be used, or a package is missing.
    """
    routes = programs.routes(asked.snapshot, asked.trigger)
    lock: Lock | None = None
    if settings.secret_file is not None:
        lock = Lock(settings.secret_file)
        stack.callback(lock.close)
    if settings.page is not None and asked.sight is not None:
        from ocr_edge.web.login import routes as forms  # noqa: PLC0415 - nothing of the page is loaded without it
        from ocr_edge.web.page import Page  # noqa: PLC0415

        page = Page(asked.sight, settings.page, asked.snapshot, login=lock is not None)
        stack.callback(page.close)
        if asked.sight.samples is not None:
            from ocr_edge.web.samples import SamplesPage  # noqa: PLC0415 - see above

            samples = SamplesPage(asked.sight)
            stack.callback(samples.close)
            routes += samples.routes()
        routes += page.routes() + (forms(lock, settings) if lock else [])
        if asked.sight.bundles is not None:
            from ocr_edge.web.models import Models  # noqa: PLC0415

            models = Models(asked.sight.bundles, asked.snapshot, login=lock is not None)
            stack.callback(models.close)
            routes += models.routes()
        if asked.sight.drift is not None:
            from ocr_edge.web.drift import Drift  # noqa: PLC0415

            drift = Drift(asked.sight.drift)
            stack.callback(drift.close)
            routes += drift.routes()
    ways = ", ".join(route.path for route in routes)

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        allowed = (error.headers or {}).get("Allow", "")
        return refusal(error.status_code, f"use {allowed}" if allowed else f"there is {ways}", error.headers)

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # for nobody: its connection has ended

    async def failed(request: Request, error: Exception) -> Response:
        _LOGGER.error("http: %s failed: %r", request.url.path, error)
        return refusal(500, "failed; see the log of the daemon")

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, settings=settings, lock=lock)],
        exception_handlers={HTTPException: refused, ClientDisconnect: gone, Exception: failed},
    )
    app.router.redirect_slashes = False
    return app
