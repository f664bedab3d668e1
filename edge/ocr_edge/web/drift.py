"""What each day was like, for the page; and taking what is now as what is usual."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocr_edge.drift.judge import REFERENCE, SIGNALS
from ocr_edge.drift.monitor import Monitor
from ocr_edge.drift.report import Report
from ocr_edge.errors import PublishError
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.worker import Worker

SHOWN = 120
"""Days of a plot: the reference would be too far away in a whole year on a phone."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request: the name of a region."""

    region: str


class Drift:
    """The routes; for the loop of one server.

    Args:
        monitor: Who takes note of the days.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._worker = Worker("http-drift")

    def close(self) -> None:
        """End the thread."""
        self._worker.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [Route("/drift.json", self._told), Route("/drift/accept", self._accept, methods=["POST"])]

    async def _told(self, _request: Request) -> Response:
        """How each region has been doing."""
        return json(200, {"needed": REFERENCE, "regions": [told(r) for r in self._monitor.reports.values()]})

    async def _accept(self, request: Request) -> Response:
        """Learn anew what is usual in a region."""
        try:
            name = msgspec.json.decode(await request.body(), type=Wanted).region
        except msgspec.MsgspecError:
            return refusal(400, 'expected {"region": NAME}')
        if name not in self._monitor.reports:
            return refusal(404, "there is no such region, or nothing is known of it yet")
        try:
            await self._worker.do(lambda: self._monitor.accept(name))
        except PublishError as error:
            return refusal(503, str(error))
        return json(200, {"ok": True})


def told(report: Report) -> dict[str, object]:
    """A report as plain values."""
    days = report.days[-SHOWN:]
    strength = {shift.signal: shift for shift in report.shifts}
    return {
        "region": report.region,
        "act": report.act,
        "text": report.text,
        "known": report.known,
        "reference": report.reference and [day.isoformat() for day in report.reference],
        "strange": round(report.strange, 3),
        "days": [day.isoformat() for day, _ in days],
        "looks": [sums.looks for _, sums in days],
        "signals": [
            {
                "name": name,
                "values": [_rounded(sums.mean(name)) for _, sums in days],
                "usual": _rounded(strength[name].before) if name in strength else None,
                "strength": round(strength[name].strength, 2) if name in strength else None,
            }
            for name in SIGNALS
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
