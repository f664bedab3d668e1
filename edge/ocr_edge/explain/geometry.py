"""Picture 6: baseline, x-height and cap height of each line, and where its characters should stand."""

import cv2
import numpy as np

from ocr_edge.contract import confusables
from ocr_edge.contract.types import Box, Image
from ocr_edge.explain import drawing
from ocr_edge.explain.cut import Cut
from ocr_edge.explain.strips import BEST, Strip, missing, place_heading, sheet, strips
from ocr_edge.explain.trace import PlaceTrace, Trace
from ocr_edge.segment.line_fit import CAP, DEPTH_SPREAD, HEIGHT_SPREAD, HEIGHTS, SMALL, Fit, fit

FAR = 2.0
"""Standard deviations from which a character is out of place."""
NAMED, CROWDED = 50, 36
"""Rows and columns that a character's numbers need."""


def expected(label: str) -> tuple[float, float]:
    """Height and depth of a label, in cap heights."""
    return HEIGHTS.get(label, (CAP, 0.0))


def deviation(found: tuple[float, float], label: str) -> float:
    """How far from its place a character stands, in standard deviations."""
    height, depth = expected(label)
    return float(max(abs(np.log(found[0] / height)) / HEIGHT_SPREAD, abs(found[1] - depth) / DEPTH_SPREAD))


def fit_of(cut: Cut, labels: tuple[str, ...]) -> Fit:
    """The rulings that the decoder found for a line of two and more characters."""
    boxes = [cut.graph.boxes[node] for node in cut.way]
    return fit(
        confusables.doubted(cut.steps[0][1], confusables.groups(labels, confusables.TWINS)), boxes, labels
    )


def draw(trace: Trace) -> Image:
    """For each of the best places with two or more characters: its rulings, and its characters against them."""
    shown = [(item, item.cut) for item in trace.places if item.cut and len(item.cut.way) > 1]
    blocks = [_block(item, cut, trace.labels) for item, cut in shown[:BEST]]
    notes = (
        "Green: baseline and cap height. Orange: x-height, that of a, c, e ... Blue frames: the characters as found.",
        "Under each character its name, its height and (the height expected), in cap heights. Red: it does not fit.",
        "c and C, o and O and 0 differ by height alone: here one sees which it was.",
    )
    return sheet("6. Geometry of each line", notes, blocks, len(shown), missing=missing(trace))


def _block(item: PlaceTrace, cut: Cut, labels: tuple[str, ...]) -> list[Image]:
    boxes, size = [cut.graph.boxes[node] for node in cut.way], item.look.picture.shape[:2]
    fitted = fit_of(cut, labels)
    note = f"capitals {fitted.cap:.1f} pixels high, baseline falls {100 * fitted.slope:.1f} %"
    shown = strips(boxes, cut.graph.height, size)
    return [
        place_heading(item, labels, note),
        *(_strip(item.look.picture, cut, strip, fitted, labels) for strip in shown),
    ]


def _strip(picture: Image, cut: Cut, strip: Strip, fitted: Fit, labels: tuple[str, ...]) -> Image:
    image = strip.image(picture)
    canvas = drawing.paper(image.shape[1], image.shape[0] + 2 * NAMED + 8)
    canvas[: image.shape[0]] = image
    for above, paint in ((0.0, drawing.GREEN), (CAP, drawing.GREEN), (SMALL, drawing.ORANGE)):
        ends = [
            (
                round((column - strip.box.left) * strip.scale),
                round((fitted.baseline(column) - above * fitted.cap - strip.box.top) * strip.scale),
            )
            for column in (strip.box.left, strip.box.right)
        ]
        cv2.line(canvas, ends[0], ends[1], paint, 1, cv2.LINE_AA)
    free = 0
    for node, scores in zip(cut.way, cut.steps[-1][1], strict=True):
        box = cut.graph.boxes[node]
        if strip.holds(box):
            row = int(strip.place(box).left < free)
            free = 0 if row else strip.place(box).left + CROWDED
            label = labels[int(scores.argmax())]
            _character(canvas, image.shape[0] + 6 + row * NAMED, box, label, strip, fitted)
    return canvas


def _character(canvas: Image, top: int, box: Box, label: str, strip: Strip, fitted: Fit) -> None:
    found = fitted.found(box)
    fits = deviation(found, label) < FAR
    place = strip.place(box)
    drawing.frame(canvas, place, drawing.BLUE if fits else drawing.RED, 1 if fits else 2)
    paint = drawing.INK if fits else drawing.RED
    left = place.left
    drawing.write(canvas, (left, top), label, drawing.NORMAL, paint)
    drawing.write(canvas, (left, top + 19), f"{found[0]:.2f}", drawing.TINY, paint)
    drawing.write(canvas, (left, top + 34), f"({expected(label)[0]:.2f})", drawing.TINY, drawing.GREY)
