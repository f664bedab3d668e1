"""Picture 4: candidates exactly as the network sees them, and what it says of them."""

import numpy as np

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Box, Glyph, Image, Scores
from ocr_edge.explain import drawing
from ocr_edge.explain.cut import Cut
from ocr_edge.explain.strips import BEST, missing, place_heading, sheet
from ocr_edge.explain.trace import PlaceTrace, Trace
from ocr_edge.segment.lattice import reject_scores

SIDE = 84
"""Rows and columns that an input of the network is drawn with."""
OTHERS = 16
"""Most candidates shown that the reading does not use, the likeliest first."""
MOST = 48
"""Most characters of one reading shown."""


def draw(trace: Trace) -> Image:
    """For each of the best places that were cut: the characters of its best way, then the candidates that lost."""
    shown = [(item, item.cut) for item in trace.places if item.cut and item.cut.way]
    blocks = [_block(trace, item, cut) for item, cut in shown[:BEST]]
    notes = (
        "Left the colours, right the ink, both as the network sees them; below, its three likeliest names.",
        'Green: on the way that reads the line, "read" is the name it ended with. Grey: not used.',
        '"none" is the probability of no character at all.',
    )
    return sheet("4. Glyphs and their names", notes, blocks, len(shown), missing=missing(trace))


def top(scores: Scores, labels: tuple[str, ...], count: int = 3) -> list[tuple[str, float]]:
    """The likeliest labels of one row of log-probabilities, with their probabilities."""
    best = np.argsort(-scores, kind="stable")[:count].tolist()
    return [(labels[label], float(np.exp(scores[label]))) for label in best]


def _block(trace: Trace, item: PlaceTrace, cut: Cut) -> list[Image]:
    chosen = cut.way[:MOST]
    others = [node for node in np.argsort(-cut.graph.sure).tolist() if node not in set(cut.way)]
    names = cut.names(trace.labels)
    cells = [_cell(trace, item, cut, node, name) for node, name in zip(chosen, names, strict=False)]
    cells += [_cell(trace, item, cut, node) for node in sorted(others[:OTHERS])]
    hidden = len(cut.way) - len(chosen) + max(0, len(others) - OTHERS)
    note = f"candidates left out: {hidden}" if hidden else ""
    return [place_heading(item, trace.labels, note), drawing.tiles(cells, gap=6)]


def _cell(trace: Trace, item: PlaceTrace, cut: Cut, node: int, name: str = "") -> Image:
    """One candidate; with a name when the reading uses it."""
    canvas = drawing.paper(2 * SIDE + 12, SIDE + 44)
    glyph = _glyph(item, cut, node)
    for column, image in enumerate(preprocess(glyph, trace.canvas)):
        colour = image if image.shape[2] == 3 else drawing.gray_as_colour(image[..., 0])
        large = drawing.enlarged(colour, SIDE / max(trace.canvas))[:SIDE, :SIDE]
        left = 4 + column * (SIDE + 4)
        canvas[4 : 4 + large.shape[0], left : left + large.shape[1]] = large
    scores = cut.graph.scores[node]
    names = "  ".join(f"{label} {chance:.2f}" for label, chance in top(scores, trace.labels))
    none = float(np.exp(reject_scores(scores[None])[0]))
    drawing.write(canvas, (5, SIDE + 9), names, drawing.SMALL)
    drawing.write(canvas, (5, SIDE + 28), f"none {none:.2f}", drawing.SMALL, drawing.GREY)
    paint = drawing.GREEN if name else drawing.GREY
    if name:
        drawing.write(canvas, (SIDE + 8, SIDE + 28), f"read: {name}", drawing.SMALL, paint)
    drawing.frame(canvas, Box(0, 0, canvas.shape[1], canvas.shape[0]), paint, 2 if name else 1)
    return canvas


def _glyph(item: PlaceTrace, cut: Cut, node: int) -> Glyph:
    """The crop of a node: that of the candidate with its box and its scores."""
    for guess in item.place.guesses:
        for candidate, scores in zip(guess.line.candidates, guess.scores, strict=True):
            if candidate.box == cut.graph.boxes[node] and np.array_equal(scores, cut.graph.scores[node]):
                return candidate.glyph
    raise ValueError(f"node {node} is none of its place's candidates")
