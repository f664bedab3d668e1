"""Picture 4: where a pattern or the character stages were asked: the pattern's path, all ways to cut a line."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.preprocess import STEP
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode import ctc
from ocr_edge.explain import drawing
from ocr_edge.explain.account import Account, Told, Try
from ocr_edge.explain.strips import DOUBTFUL, SMALL, heading
from ocr_edge.segment.decoder import Cut
from ocr_edge.segment.lattice import reject_scores

LINE_ROWS, MOST_SCALE = 56, 8.0
"""Rows that a line is drawn with over its lattice, and how much larger at most."""
ROWS, HIGH, NARROWEST = 5, 32, 34
"""Most rows of candidates that lost, and rows and columns of one, which its name and gain need."""
CELLS, SIDE, WIDE = 18, 40, 234
"""Most characters of a line that are told one by one, rows of their pictures, and columns of what is told."""
SURE = 0.98
"""Probability from which a character that no step changes is not told."""


def draw(account: Account) -> Image:
    """The lines that have a pattern, or were cut into characters, the most doubtful first."""
    shown = [line for line in account.doubtful() if line.cut or (account.asked.has_pattern and line.shown)]
    notes = (
        "Pattern: above what the line stage hears, below the text that the pattern allows; red where they differ.",
        "Lattice: a box is a candidate with its likeliest name and the nats it gains; green is the way that is read.",
        "Red is what passing over ink costs. O>o: it looks like O, and became o by its height, its neighbours or the",
        "pattern. Below, the characters that are in doubt, after each step. none: probability of no character.",
        "h: height in heights of the line.",
    )
    missing = "no pattern was given, and the character stages were not asked"
    blocks = [_block(line, account) for line in shown[:DOUBTFUL]]
    grey = [(note, drawing.GREY) for note in notes]
    return drawing.sheet("4. Paths of pattern and lattice", grey, blocks, len(shown), missing)


def _block(line: Told, account: Account) -> Image:
    parts = [heading(line)]
    if account.asked.has_pattern and line.shown:
        parts += _pattern(line.shown, account.asked.line_labels)
    if line.cut:
        parts += _lattice(line, line.cut, account.asked.labels)
    return drawing.stack(parts, 6)


def _pattern(one: Try, labels: Sequence[str]) -> list[Image]:
    """What is heard in a strip against what the pattern allows, step by step; and how far behind that is."""
    scores = one.strip.posteriors.scores
    heard = list(zip(*ctc.greedy(scores), strict=True))
    if one.reading:
        text, behind = one.reading.rated.line.text, one.reading.decoded.behind
        legal = list(zip(one.labels, one.runs, strict=True))
        told = f'; with the pattern it reads "{text}", at most {behind or 0:.1f} nats behind'
    else:
        numbers = one.refused.labels if one.refused else ()
        legal = list(zip(numbers, ctc.align(scores, numbers), strict=True))
        told = ""
    rgb = one.strip.posteriors.rgb
    scale = min(SMALL, (drawing.WIDEST - 20) / rgb.shape[1])
    strip = drawing.enlarged(rgb, scale)
    canvas = drawing.paper(max(strip.shape[1], 1), strip.shape[0] + 48)
    canvas[: strip.shape[0], : strip.shape[1]] = strip
    for row, (path, other) in enumerate(((heard, legal), (legal, heard))):
        for label, (first, end) in path:
            agrees = any(label == theirs and first < stop and start < end for theirs, (start, stop) in other)
            at = (round(STEP * scale * first), strip.shape[0] + 6 + 22 * row)
            drawing.write(canvas, at, labels[label], drawing.NORMAL, drawing.GREEN if agrees else drawing.RED)
    return [drawing.heading(f'the line stage hears "{one.heard}"{told}', rows=drawing.SMALL), canvas]


def gains(cut: Cut) -> list[float]:
    """Nats that each node gains with its likeliest shape: as the graph counts, costs of cuts and joins included."""
    return [float(gain) for gain in cut.graph.gains(cut.graph.sure[:, None])[:, 0]]


def links(cut: Cut) -> list[float]:
    """Nats of each link of the way, one fewer than it has nodes."""
    result = []
    for before, node in itertools.pairwise(cut.way):
        sources, values = cut.graph.links(node)
        found = np.flatnonzero(sources == before)
        result.append(float(values[found[0]]) if len(found) else 0.0)
    return result


def _lattice(line: Told, cut: Cut, labels: Sequence[str]) -> list[Image]:
    nats = sum(gains(cut)[node] for node in cut.way) + sum(links(cut))
    guesses = len(line.place.guesses)
    told = f"candidates: {len(cut.graph)}, guesses at the ink: {guesses}; the green way gains {nats:.1f} nats"
    if cut.behind is not None:
        told += f"; {cut.refused.why}" if cut.refused else f"; the pattern's is {cut.behind:.1f} nats behind"
    assert line.place.image is not None
    parts = [drawing.heading(told, rows=drawing.SMALL)]
    parts += [_piece(line.place.image, cut, box, scale, labels) for box, scale in _pieces(line, cut)]
    cells = [_cell(cut, index, labels) for index in doubted(cut)[:CELLS]]
    return [*parts, drawing.tiles(cells, gap=6)] if cells else parts


def _pieces(line: Told, cut: Cut) -> list[tuple[Box, float]]:
    """The parts of a line that fit a sheet, and how much larger each is drawn."""
    assert line.place.image is not None
    size, margin = line.place.image.shape[:2], round(0.25 * cut.graph.height) + 1
    boxes = cut.graph.boxes
    left, top = (max(0, min(b.left for b in boxes) - margin), max(0, min(b.top for b in boxes) - margin))
    right = min(size[1], max(b.right for b in boxes) + margin)
    bottom = min(size[0], max(b.bottom for b in boxes) + margin)
    scale = min(LINE_ROWS / cut.graph.height, MOST_SCALE)
    count = int(np.ceil((right - left) * scale / (drawing.WIDEST - 20)))
    edges = np.linspace(left, right, count + 1).round().astype(int).tolist()
    return [(Box(a, top, b - a, bottom - top), scale) for a, b in itertools.pairwise(edges) if b > a]


def _piece(picture: Image, cut: Cut, part: Box, scale: float, labels: Sequence[str]) -> Image:
    """A part of a line over the candidates in it, the way that is read in the first row."""
    own, used = gains(cut), set(cut.way)
    nodes = [
        node for node, box in enumerate(cut.graph.boxes) if part.left <= box.left + box.width / 2 < part.right
    ]
    image = np.asarray(picture[part.top : part.bottom, part.left : part.right], np.uint8)
    image = drawing.faded(drawing.enlarged(image, scale))
    places = {node: drawing.placed(cut.graph.boxes[node], scale, part.left, part.top) for node in nodes}
    spans = {node: _span(box, image.shape[1]) for node, box in places.items()}
    losers = sorted((node for node in nodes if node not in used), key=lambda node: -own[node])
    row = _rows({node: spans[node] for node in losers})
    hidden = len(losers) - len(row)
    rows = 2 + max(row.values(), default=-1)
    canvas = drawing.paper(image.shape[1], image.shape[0] + 8 + rows * (HIGH + 6) + (18 if hidden else 0))
    canvas[: image.shape[0]] = image
    for node in [*row, *(node for node in nodes if node in used)]:
        left, right = spans[node]
        top = image.shape[0] + 10 + (0 if node in used else row[node] + 1) * (HIGH + 6)
        paint = drawing.GREEN if node in used else drawing.GREY
        drawing.frame(canvas, Box(left, top, right - left, HIGH), paint, 2 if node in used else 1)
        drawing.write(canvas, (left + 4, top + 3), _name(cut, node, labels), drawing.SMALL, paint)
        drawing.write(canvas, (left + 4, top + 18), f"{own[node]:.1f}", drawing.TINY, paint)
        if node in used:
            drawing.frame(canvas, places[node], drawing.GREEN, 2)
    for (before, node), nats in zip(itertools.pairwise(cut.way), links(cut), strict=True):
        if nats < -0.05 and before in spans and node in spans:
            middle = (spans[before][1] + spans[node][0]) // 2 - 12
            drawing.write(canvas, (middle, image.shape[0] - 2), f"{nats:.1f}", drawing.TINY, drawing.RED)
    if hidden:
        text = f"{hidden} more candidates with less gain"
        drawing.write(canvas, (2, canvas.shape[0] - 16), text, drawing.TINY, drawing.ORANGE)
    return canvas


def _span(box: Box, width: int) -> tuple[int, int]:
    """Columns of a candidate, widened to what its name needs."""
    extra = max(0, NARROWEST - box.width) // 2
    left = max(1, min(box.left - extra, width - NARROWEST))
    return left, max(box.right + extra, left + NARROWEST)


def _rows(spans: dict[int, tuple[int, int]]) -> dict[int, int]:
    """The row of each candidate that finds room, those first that come first."""
    taken: list[list[tuple[int, int]]] = [[] for _ in range(ROWS)]
    row: dict[int, int] = {}
    for node, (left, right) in spans.items():
        for number, others in enumerate(taken):
            if all(right < a or left > b for a, b in others):
                others.append((left, right))
                row[node] = number
                break
    return row


def _name(cut: Cut, node: int, labels: Sequence[str]) -> str:
    """What a candidate looks like, and what it was read as where that is something else."""
    name = labels[int(cut.graph.scores[node].argmax())]
    if node not in cut.way:
        return name
    read = labels[int(list(cut.steps.values())[-1][list(cut.way).index(node)].argmax())]
    return name if read == name else f"{name}>{read}"


def top(scores: Scores, labels: Sequence[str]) -> list[tuple[str, float]]:
    """The three likeliest labels of a row of log-probabilities, with their probabilities."""
    best = np.argsort(-scores, kind="stable")[:3].tolist()
    return [(labels[label], float(np.exp(scores[label]))) for label in best]


def doubted(cut: Cut) -> list[int]:
    """The characters of the way whose name some step makes unsure or changes, by their places."""
    steps = list(cut.steps.values())
    names = np.stack([scores.argmax(axis=1) for scores in steps])
    least = np.stack([np.exp(scores.max(axis=1)) for scores in steps]).min(axis=0)
    doubt = (names != names[0]).any(axis=0) | (least < SURE)
    return np.flatnonzero(doubt).tolist()


def _cell(cut: Cut, index: int, labels: Sequence[str]) -> Image:
    """A character of the way: its colours and ink, and its three likeliest names after each step."""
    node = cut.way[index]
    glyph = cut.graph.candidates[node].glyph
    canvas = drawing.paper(WIDE, SIDE + 12 + 17 * len(cut.steps))
    left = 4
    for image in (glyph.rgb, None if glyph.binary is None else cv2.bitwise_not(glyph.binary)):
        if image is not None:
            colour = image if image.ndim == 3 and image.shape[2] == 3 else drawing.gray_as_colour(image)
            small = drawing.enlarged(colour, min(SIDE / image.shape[0], SIDE / image.shape[1]))
            canvas[4 : 4 + small.shape[0], left : left + small.shape[1]] = small
            left += SIDE + 6
    none = float(np.exp(reject_scores(cut.graph.scores[node][None])[0]))
    drawing.write(canvas, (left, 8), f"none {none:.2f}", drawing.TINY, drawing.GREY)
    high = cut.graph.boxes[node].height / cut.graph.height
    drawing.write(canvas, (left, 26), f"h {high:.2f}", drawing.TINY, drawing.GREY)
    for row, (step, scores) in enumerate(cut.steps.items()):
        names = " | ".join(f"{label} {chance:.2f}" for label, chance in top(scores[index], labels))
        at = SIDE + 11 + 17 * row
        drawing.write(canvas, (5, at), step, drawing.TINY, drawing.GREY)
        drawing.write(canvas, (72, at), names, drawing.TINY)
    drawing.frame(canvas, Box(0, 0, canvas.shape[1], canvas.shape[0]), drawing.GREEN)
    return canvas
