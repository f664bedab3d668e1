"""The numbers behind the pictures, as plain values ready for JSON."""

import math
from dataclasses import asdict
from typing import Any

from ocr_edge.explain import geometry, lattice
from ocr_edge.explain.cut import Cut
from ocr_edge.explain.glyphs import top
from ocr_edge.explain.said import Said
from ocr_edge.explain.trace import PlaceTrace, Trace
from ocr_edge.reading import Reading
from ocr_edge.segment.line_fit import Fit


def numbers(trace: Trace, reading: Reading) -> dict[str, Any]:
    """The reading as published, the looks at the picture and all places.

    Args:
        trace: How the reading came to be.
        reading: The reading.
    """
    return {
        "reading": reading.as_dict(),
        "looks": [
            {
                "of": trace.name(look),
                "guesses": [
                    {
                        "polarity": guess.mask.polarity.value,
                        "scale": round(guess.scale, 3),
                        "lines": len(guess.lines),
                        "named": len(trace.used(guess)),
                    }
                    for guess in look.guesses
                ],
            }
            for look in trace.looks
        ],
        "places": [_place(trace, item) for item in trace.places],
        "other_strips": [_strip(said, trace) | {"fate": fate} for said, fate in trace.others],
    }


def _place(trace: Trace, item: PlaceTrace) -> dict[str, Any]:
    rated, cut = item.place.reading, item.cut
    fitted = geometry.fit_of(cut, trace.labels) if cut and len(cut.way) > 1 else None
    return {
        "number": item.number,
        "verdict": item.verdict,
        "reader": item.reader,
        "text": rated.line.text if rated else "",
        "confidence": round(rated.line.confidence, 4) if rated else 0.0,
        "box": item.box.as_list(),
        "guesses": len(item.place.guesses),
        "candidates": len(cut.graph) if cut else 0,
        "cap_height": round(fitted.cap, 2) if fitted else None,
        "line_stage": _strip(item.said, trace) if item.said else None,
        "weighed": _weighed(item) if item.place.weighed else None,
        "characters": [_character(trace, cut, index, fitted) for index in range(len(cut.way))] if cut else [],
    }


def _strip(said: Said, trace: Trace) -> dict[str, Any]:
    """What the line stage said of a strip."""
    result: dict[str, Any] = {
        "text": said.text,
        "confidence": round(said.confidence, 4),
        "box": said.tried.box.as_list(),
        "width": said.tried.posteriors.rgb.shape[1],
        "steps": len(said.labels),
    }
    if trace.min_margin is not None:
        result["free"], result["free_confidence"] = said.free, round(said.free_confidence, 4)
        result["legal"] = said.legal
        result["margin_nats"] = _nats(said.margin)
    if found := said.tried.found:
        result["log_probability"] = _nats(found.decoded.log_probability)
        result["characters"] = [
            {
                "columns": list(columns),
                "box": character.box.as_list(),
                "space_before": character.space_before,
                "names": [[label, round(chance, 4)] for label, chance in character.alternatives],
            }
            for character, columns in zip(found.rated.line.characters, found.decoded.columns, strict=True)
        ]
    return result


def _weighed(item: PlaceTrace) -> dict[str, Any]:
    """Both stages' texts, and the nats that each gives each."""
    place = item.place
    assert place.weighed is not None
    assert place.strip is not None
    assert place.cut is not None
    return {
        "line": place.strip.rated.line.text,
        "characters": place.cut.line.text,
        **{name: _nats(value) for name, value in asdict(place.weighed).items()},
        "chosen": "characters" if place.weighed.prefers_cut else "line",
    }


def _nats(value: float) -> float | None:
    """Rounded; None for what no stage can say: JSON has no infinity."""
    return round(value, 3) if math.isfinite(value) else None


def _character(trace: Trace, cut: Cut, index: int, fitted: Fit | None) -> dict[str, Any]:
    node = cut.way[index]
    box = cut.graph.boxes[node]
    result: dict[str, Any] = {"box": box.as_list(), "gain_nats": round(lattice.gains(cut)[node], 3)}
    for name, scores in cut.steps:
        result[name] = [[label, round(chance, 4)] for label, chance in top(scores[index], trace.labels)]
    if fitted:
        height, depth = fitted.found(box)
        result["height_in_caps"], result["depth_in_caps"] = round(height, 3), round(depth, 3)
    return result
