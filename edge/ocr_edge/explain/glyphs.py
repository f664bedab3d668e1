"""Picture 3: candidates exactly as the network sees them, and what it says of them."""

import numpy as np

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Box, Glyph, Image, Scores
from ocr_edge.decode.graph import reject_scores
from ocr_edge.explain import drawing
from ocr_edge.explain.strips import BEST, place_heading, sheet
from ocr_edge.explain.trace import PlaceTrace, Trace

SIDE = 84
"""Rows and columns that an input of the network is drawn with."""
OTHERS = 16
"""Most candidates shown that the reading does not use, the likeliest first."""
MOST = 48
"""Most characters of one reading shown."""


def draw(trace: Trace) -> Image:
    """For each of the best places that were read: its characters, then the candidates that lost."""
    shown = [item for item in trace.places if item.place.reading]
    blocks = [_block(trace, item) for item in shown[:BEST]]
    notes = (
        "Left the colours, right the ink, both as the network sees them; below, its three likeliest names.",
        'Green: used by the reading, "read" is the name it ended with. Grey: not used.',
        '"none" is the probability of no character at all.',
    )
    return sheet("3. Glyphs and their names", notes, blocks, len(shown))


def top(scores: Scores, labels: tuple[str, ...], count: int = 3) -> list[tuple[str, float]]:
    """The likeliest labels of one row of log-probabilities, with their probabilities."""
    best = np.argsort(-scores, kind="stable")[:count].tolist()
    return [(labels[label], float(np.exp(scores[label]))) for label in best]


def _block(trace: Trace, item: PlaceTrace) -> list[Image]:
    chosen = item.way[:MOST]
    others = [node for node in np.argsort(-item.graph.sure).tolist() if node not in set(item.way)]
    names = [trace.labels[label] for label in item.steps[-1][1].argmax(axis=1).tolist()]
    cells = [_cell(trace, item, node, name) for node, name in zip(chosen, names, strict=False)]
    cells += [_cell(trace, item, node) for node in sorted(others[:OTHERS])]
    hidden = len(item.way) - len(chosen) + max(0, len(others) - OTHERS)
    note = f"candidates left out: {hidden}" if hidden else ""
    return [place_heading(item, trace.labels, note), drawing.tiles(cells, gap=6)]


def _cell(trace: Trace, item: PlaceTrace, node: int, name: str = "") -> Image:
    """One candidate; with a name when the reading uses it."""
    canvas = drawing.paper(2 * SIDE + 12, SIDE + 44)
    glyph = _glyph(item, node)
    for column, image in enumerate(preprocess(glyph, trace.canvas)):
        colour = image if image.shape[2] == 3 else drawing.gray_as_colour(image[..., 0])
        large = drawing.enlarged(colour, SIDE / max(trace.canvas))[:SIDE, :SIDE]
        left = 4 + column * (SIDE + 4)
        canvas[4 : 4 + large.shape[0], left : left + large.shape[1]] = large
    scores = item.graph.scores[node]
    names = "  ".join(f"{label} {chance:.2f}" for label, chance in top(scores, trace.labels))
    none = float(np.exp(reject_scores(scores[None])[0]))
    drawing.write(canvas, (5, SIDE + 9), names, drawing.SMALL)
    drawing.write(canvas, (5, SIDE + 28), f"none {none:.2f}", drawing.SMALL, drawing.GREY)
    paint = drawing.GREEN if name else drawing.GREY
    if name:
        drawing.write(canvas, (SIDE + 8, SIDE + 28), f"read: {name}", drawing.SMALL, paint)
    drawing.frame(canvas, Box(0, 0, canvas.shape[1], canvas.shape[0]), paint, 2 if name else 1)
    return canvas


def _glyph(item: PlaceTrace, node: int) -> Glyph:
    """The crop of a node: that of the candidate with its box and its scores."""
    for guess in item.place.guesses:
        for candidate, scores in zip(guess.line.candidates, guess.scores, strict=True):
            if candidate.box == item.graph.boxes[node] and np.array_equal(scores, item.graph.scores[node]):
                return candidate.glyph
    raise ValueError(f"node {node} is none of its place's candidates")
