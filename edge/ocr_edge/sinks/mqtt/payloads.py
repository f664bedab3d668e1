"""What stands in the messages to a broker, besides the readings themselves (pure)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ocr_edge.config.settings import Region
from ocr_edge.reading import Reading
from ocr_edge.system.health import State

LONGEST = 255
"""Characters of a state that Home Assistant takes."""


def state(now: State) -> bytes:
    """How the daemon is, as JSON: ``time``, ``ok``, ``text`` (at most 255 characters), ``problems``, ``facts``."""
    document = {
        "time": round(now.time, 3),
        "ok": now.ok,
        "text": _cut(now.text),
        "problems": now.problems,
        "facts": now.facts,
    }
    return msgspec.json.encode(document)


def value(reading: Reading, region: Region | None) -> bytes:
    """What Home Assistant shows: the number where the region shows one, else the text on one line.

    Returns:
        At most 255 characters; empty when there is nothing to show or it is not believed.
    """
    if reading.why:
        return b""
    if region and region.value:
        return b"" if reading.value is None else f"{reading.value:.15g}".encode()
    return _cut(reading.text.replace("\n", " ")).encode()


def attributes(reading: Reading, before: Mapping[str, Any]) -> dict[str, Any]:
    """What else is known about a region's value.

    Args:
        reading: The newest one.
        before: The attributes before it: they stay when the reading is not believed, with ``why``, ``raw`` and
            ``rejected_at`` of the rejected one.

    Returns:
        Plain values; ``number`` is that of the reading.
    """
    if reading.why:
        rejected = {"why": reading.why, "raw": reading.raw, "rejected_at": round(reading.time, 3)}
        return dict(before) | rejected | {"number": reading.number}
    return {
        "id": reading.id,
        "number": reading.number,
        "time": round(reading.time, 3),
        "text": reading.text,
        "confidence": round(reading.confidence, 4),
        "raw": reading.raw,
        "value": reading.value,
        "unit": reading.unit,
        "why": "",
    }


def parse_attributes(payload: bytes) -> dict[str, Any] | None:
    """The attributes of a message; None for anything that this program has not written."""
    try:
        found = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return found if isinstance(found.get("number"), int) else None


def _cut(text: str) -> str:
    """The text, with an ellipsis at its end when it was too long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
