"""Answers in JSON."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response


def json(code: int, what: object, headers: Mapping[str, str] | None = None) -> Response:
    """Plain values."""
    return Response(msgspec.json.encode(what) + b"\n", code, headers, "application/json")


def refusal(code: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    """What is wrong, one line."""
    return json(code, {"error": why}, headers)
