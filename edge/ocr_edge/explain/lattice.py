"""Picture 5: all ways to read a line, and the best one."""

import itertools

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.explain import drawing
from ocr_edge.explain.cut import Cut
from ocr_edge.explain.strips import BEST, Strip, missing, place_heading, sheet, strips
from ocr_edge.explain.trace import PlaceTrace, Trace

ROWS = 8
"""Most rows of candidates under a line."""
HIGH = 34
"""Rows that a candidate is drawn with."""
NARROWEST = 30
"""Columns that a candidate's name and gain need."""


def draw(trace: Trace) -> Image:
    """For each of the best places, its candidates in rows under the line's picture."""
    shown = [(item, item.cut) for item in trace.places if item.cut and item.cut.way]
    blocks = [_block(item, cut, trace.labels) for item, cut in shown[:BEST]]
    notes = (
        "A box is a candidate, as wide as its ink: its likeliest name, and the nats that reading it gains.",
        "Green boxes are the way that reads the line; red numbers are what going on costs: ink passed over.",
        "O>o: it looks like O, and its height, its neighbours or the pattern made it an o.",
        "Grey boxes lost, the best on top. Is a right one among them? Compare the gains, then look at 4-glyphs.",
    )
    return sheet("5. Lattice of each place", notes, blocks, len(shown), missing=missing(trace))


def _block(item: PlaceTrace, cut: Cut, labels: tuple[str, ...]) -> list[Image]:
    own, size = gains(cut), item.look.picture.shape[:2]
    nats = sum(own[node] for node in cut.way) + sum(links(cut))
    guesses = len(item.place.guesses)
    note = f"candidates: {len(cut.graph)}, guesses at the ink: {guesses}, the way gains {nats:.1f} nats"
    shown = strips(cut.graph.boxes, cut.graph.height, size)
    return [
        place_heading(item, labels, note),
        *(_strip(item.look.picture, cut, strip, own, labels) for strip in shown),
    ]


def gains(cut: Cut) -> list[float]:
    """Nats that each node gains with its likeliest shape: as the graph counts, costs of cuts and joins included."""
    graph = cut.graph
    return [float(gain) for gain in graph.gains(graph.sure[:, None])[:, 0]]


def links(cut: Cut) -> list[float]:
    """Nats of each link of the way, one fewer than it has nodes."""
    result = []
    for before, node in itertools.pairwise(cut.way):
        sources, values = cut.graph.links(node)
        found = np.flatnonzero(sources == before)
        result.append(float(values[found[0]]) if len(found) else 0.0)
    return result


def _strip(picture: Image, cut: Cut, strip: Strip, own: list[float], labels: tuple[str, ...]) -> Image:
    graph = cut.graph
    nodes = [node for node in range(len(graph)) if strip.holds(graph.boxes[node])]
    losers = sorted((node for node in nodes if node not in set(cut.way)), key=lambda node: -own[node])
    row, hidden = _rows(cut, strip, losers)
    image = strip.image(picture)
    rows = 2 + max(row.values(), default=0)
    canvas = drawing.paper(image.shape[1], image.shape[0] + rows * (HIGH + 6) + (24 if hidden else 8))
    canvas[: image.shape[0]] = image
    middles: dict[int, tuple[int, int]] = {}
    for node in [*(n for n in nodes if n in row), *(n for n in cut.way if n in nodes)]:
        used = node in cut.way
        left, right = _span(cut, strip, node)
        top = image.shape[0] + 8 + (0 if used else row[node] + 1) * (HIGH + 6)
        paint = drawing.GREEN if used else drawing.GREY
        cv2.rectangle(canvas, (left, top), (right - 1, top + HIGH), paint, 2 if used else 1)
        name = _name(cut, node, labels)
        drawing.write(canvas, (left + 4, top + 4), name, drawing.SMALL, drawing.INK if used else drawing.GREY)
        drawing.write(canvas, (left + 4, top + 20), f"{own[node]:.1f}", drawing.TINY, paint)
        middles[node] = ((left + right) // 2, top)
    for (before, node), gain in zip(itertools.pairwise(cut.way), links(cut), strict=True):
        if before in middles and node in middles:
            _link(canvas, middles[before], middles[node], gain)
    for node in cut.way:
        if node in nodes:
            drawing.frame(canvas, strip.place(graph.boxes[node]), drawing.GREEN, 2)
    if hidden:
        text = f"{hidden} more candidates with less gain are left out"
        drawing.write(canvas, (2, canvas.shape[0] - 16), text, drawing.SMALL, drawing.ORANGE)
    return canvas


def _name(cut: Cut, node: int, labels: tuple[str, ...]) -> str:
    """What a candidate looks like, and what it was read as where that is something else."""
    name = labels[int(cut.graph.scores[node].argmax())]
    if node not in cut.way:
        return name
    read = labels[int(cut.steps[-1][1][cut.way.index(node)].argmax())]
    return name if read == name else f"{name}>{read}"


def _rows(cut: Cut, strip: Strip, nodes: list[int]) -> tuple[dict[int, int], int]:
    """The row of each candidate that finds room, the best ones first, and how many find none."""
    ends: list[list[tuple[int, int]]] = [[] for _ in range(ROWS)]
    row: dict[int, int] = {}
    for node in nodes:
        left, right = _span(cut, strip, node)
        for number, taken in enumerate(ends):
            if all(right < a or left > b for a, b in taken):
                taken.append((left, right))
                row[node] = number
                break
    return row, len(nodes) - len(row)


def _span(cut: Cut, strip: Strip, node: int) -> tuple[int, int]:
    """Columns of a candidate, widened to what its name needs."""
    box = strip.place(cut.graph.boxes[node])
    extra = max(0, NARROWEST - box.width) // 2
    left = max(1, min(box.left - extra, round(strip.box.width * strip.scale) - NARROWEST))
    return left, max(box.right + extra, left + NARROWEST)


def _link(canvas: Image, before: tuple[int, int], node: tuple[int, int], gain: float) -> None:
    """An arc above two neighbours of the way, with what it costs where it costs something."""
    row = before[1] - 4
    cv2.line(canvas, (before[0], row), (node[0], row), drawing.GREEN, 2)
    if gain < -0.05:
        text = f"{gain:.1f}"
        middle = (before[0] + node[0] - drawing.text_width(text, drawing.TINY)) // 2
        drawing.write(canvas, (middle, row - 14), text, drawing.TINY, drawing.RED)
