"""The numbers behind the pictures, as plain values ready for JSON."""

from typing import Any

from ocr_edge.decode.geometry import Fit
from ocr_edge.explain import geometry, lattice
from ocr_edge.explain.glyphs import top
from ocr_edge.explain.trace import PlaceTrace, Trace
from ocr_edge.reading import Reading


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
    }


def _place(trace: Trace, item: PlaceTrace) -> dict[str, Any]:
    rated = item.place.reading
    fitted = geometry.fit_of(item, trace.labels) if len(item.way) > 1 else None
    return {
        "number": item.number,
        "verdict": item.verdict,
        "text": rated.line.text if rated else "",
        "confidence": round(rated.line.confidence, 4) if rated else 0.0,
        "box": item.box.as_list(),
        "guesses": len(item.place.guesses),
        "candidates": len(item.graph),
        "cap_height": round(fitted.cap, 2) if fitted else None,
        "characters": [_character(trace, item, index, fitted) for index in range(len(item.way))],
    }


def _character(trace: Trace, item: PlaceTrace, index: int, fitted: Fit | None) -> dict[str, Any]:
    node = item.way[index]
    box = item.graph.boxes[node]
    result: dict[str, Any] = {"box": box.as_list(), "gain_nats": round(lattice.gains(item)[node], 3)}
    for name, scores in item.steps:
        result[name] = [[label, round(chance, 4)] for label, chance in top(scores[index], trace.labels)]
    if fitted:
        height, depth = fitted.found(box)
        result["height_in_caps"], result["depth_in_caps"] = round(height, 3), round(depth, 3)
    return result
