"""All pictures and numbers of one reading, written into its folder."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from ocr_edge.contract.types import Image
from ocr_edge.explain import decision, found, paths, strips
from ocr_edge.explain.account import Account, Told, Try, account
from ocr_edge.reading import Reading
from ocr_edge.segment.decoder import Cut
from ocr_edge.sinks.base import writing
from ocr_edge.trace import Recording

PICTURES: dict[str, Callable[[Account], Image]] = {
    "1-found.png": found.draw,
    "2-strips.png": strips.draw,
    "3-posteriors.png": strips.draw_posteriors,
    "4-paths.png": paths.draw,
    "5-decision.png": decision.draw,
}
NUMBERS = "explain.json"


def write(recording: Recording, reading: Reading, folder: Path) -> None:
    """Write what explains a reading; earlier files of the same names are replaced.

    Args:
        recording: What the pipeline told.
        reading: The reading.
        folder: Made when missing.

    Raises:
        ConfigError: The folder cannot be made or written to.
    """
    told = account(recording, reading)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, data in pictures(told).items():
        with writing(folder / name):
            (folder / name).write_bytes(data)
    text = json.dumps(numbers(told), indent=1, ensure_ascii=False)
    with writing(folder / NUMBERS):
        (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")


def pictures(told: Account) -> dict[str, bytes]:
    """All pictures as PNG, by name."""
    return {
        name: cv2.imencode(".png", cv2.cvtColor(draw(told), cv2.COLOR_RGB2BGR))[1].tobytes()
        for name, draw in PICTURES.items()
    }


def numbers(told: Account) -> dict[str, Any]:
    """The reading as published, the looks at the picture and all lines, as plain values ready for JSON."""
    return {
        "reading": told.reading.as_dict(),
        "looks": [
            {"size": list(look.seen.shape[1::-1]), "outlines": len(look.quads), "taken": int(look.fits.sum())}
            for look in told.looks
        ],
        "guesses": [
            {
                "polarity": guess.mask.polarity.value,
                "name": guess.mask.name,
                "scale": round(guess.scale, 3),
                "lines": len(guess.lines),
            }
            for guess in told.guesses
        ],
        "remarks": list(told.remarks),
        "lines": [_line(told, line) for line in told.lines],
        "without_text": len(told.silent),
    }


def _line(told: Account, line: Told) -> dict[str, Any]:
    return {
        "number": line.number,
        "verdict": line.verdict,
        "reader": line.reader,
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "outline": line.outline.round(1).tolist(),
        "detector_score": round(line.found.score, 4) if line.found else None,
        "strips": [_strip(one) | {"is_shown": one is line.shown} for one in line.tries],
        "cut": _cut(line.cut, told.asked.labels) if line.cut else None,
    }


def _strip(one: Try) -> dict[str, Any]:
    """What the line stage said of a strip."""
    result: dict[str, Any] = {
        "heard": one.heard,
        "text": one.reading.rated.line.text if one.reading else "",
        "why_not": one.why,
        "box": one.strip.box.as_list(),
        "steps": len(one.strip.posteriors.scores),
    }
    if one.refused:
        result |= {"legal": one.refused.text, "behind_nats": _nats(one.refused.behind)}
    if one.reading:
        decoded = one.reading.decoded
        result["confidence"] = round(one.reading.confidence, 4)
        result["spelled"] = [
            {"before": word.before, "after": word.after, "chance": round(word.chance, 4)}
            for word in decoded.written.words
        ]
        result["log_probability"] = _nats(decoded.log_probability)
        if decoded.behind is not None:
            result["behind_nats_at_most"] = _nats(decoded.behind)
        result["characters"] = [
            {
                "columns": list(columns),
                "names": [[label, round(chance, 4)] for label, chance in character.alternatives],
            }
            for character, columns in zip(decoded.line.characters, decoded.columns, strict=True)
        ]
    return result


def _cut(cut: Cut, labels: tuple[str, ...]) -> dict[str, Any]:
    """What the character stages made of a line: of each character its names after each step, and what it gains."""
    own = paths.gains(cut)
    return {
        "candidates": len(cut.graph),
        "behind_nats": None if cut.behind is None else _nats(cut.behind),
        "refused": cut.refused.why if cut.refused else "",
        "characters": [
            {"box": cut.graph.boxes[node].as_list(), "gain_nats": round(own[node], 3)}
            | {
                step: [[label, round(chance, 4)] for label, chance in paths.top(scores[index], labels)]
                for step, scores in cut.steps.items()
            }
            for index, node in enumerate(cut.way)
        ],
    }


def _nats(value: float) -> float | None:
    """Rounded; None for what cannot be said at all: JSON has no infinity."""
    return round(float(value), 3) if math.isfinite(value) else None
