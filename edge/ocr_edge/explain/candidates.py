"""Picture 2: pieces of ink, and every way to cut and to join them."""

import functools
import itertools

import cv2
import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.explain import drawing
from ocr_edge.explain.strips import BEST
from ocr_edge.explain.trace import Trace
from ocr_edge.segment import CandidateLine
from ocr_edge.segment.lattice import cuts
from ocr_edge.segment.segmenter import Guess

LEGEND = (
    ("blue frame: a blob of ink", drawing.BLUE),
    ("orange line: a blob may be cut here into two characters", drawing.ORANGE),
    ("magenta bar below: these neighbours may be one broken character", drawing.MAGENTA),
    ("grey frame: a line without characters, or one whose place was read surely before", drawing.GREY),
)
LINE_ROWS, NARROW = 80, 700
"""Rows that the tallest line is drawn with, and columns of the picture, at least."""
MOST_SCALE, HIGHEST = 8.0, 1800


def draw(trace: Trace) -> Image:
    """Each guess at the ink that led to something, with its candidates."""
    best = {id(line) for item in trace.places[:BEST] for line in item.place.lines}
    blocks, hidden = [], 0
    for number, look in enumerate(trace.looks, 1):
        for index, guess in enumerate(look.guesses, 1):
            used = trace.used(guess)
            if not any(id(line) in best for line in used):
                hidden += bool(used)
                continue
            count = sum(len(line.candidates) for line in used)
            note = f"lines with characters: {len(used)}, candidates: {count}"
            title = drawing.heading(
                f"guess {number}.{index}: {guess.mask.polarity.value} ink, {guess.mask.name}",
                [(trace.name(look), drawing.GREY), (note, drawing.GREY)],
            )
            blocks.append(drawing.stack([title, _guess(look.picture, guess, used)]))
    notes = list(LEGEND)
    if hidden:
        notes.append((f"guesses left out, without one of the {BEST} best places: {hidden}", drawing.ORANGE))
    if not blocks:
        notes = [("Nothing to show: no guess at the ink has a line with characters.", drawing.RED)]
    return drawing.stack(
        [drawing.heading("2. Candidates for characters", notes), *([drawing.tiles(blocks)] if blocks else [])]
    )


def _guess(picture: Image, guess: Guess, used: list[CandidateLine]) -> Image:
    box = guess.lines[0].box
    for line in guess.lines[1:]:
        box = box.union(line.box)
    margin = round(max(line.height for line in used) / 2)
    left, top = max(0, box.left - margin), max(0, box.top - margin)
    part = np.asarray(picture[top : box.bottom + margin, left : box.right + margin], np.uint8)
    tallest = max(line.height for line in used)
    least = max(LINE_ROWS / tallest, NARROW / part.shape[1])
    scale = min(drawing.WIDEST / part.shape[1], HIGHEST / part.shape[0], MOST_SCALE, least)
    canvas = drawing.faded(drawing.enlarged(part, scale))
    for line in guess.lines:
        if not any(line is other for other in used):
            drawing.frame(canvas, drawing.placed(line.box, scale, left, top), drawing.GREY)
    for line in used:
        _line(canvas, line, scale, left, top)
    return canvas


def _line(canvas: Image, line: CandidateLine, scale: float, left: int, top: int) -> None:
    pieces = line.pieces
    cut = cuts(pieces)[1:-1].tolist()
    for first, last in _blobs(cut):
        blob = functools.reduce(Box.union, pieces[first:last])
        drawing.frame(canvas, drawing.placed(blob, scale, left, top), drawing.BLUE)
    for candidate in line.candidates:
        if not candidate.primary and not all(cut[candidate.first : candidate.last - 1]):
            box = drawing.placed(candidate.box, scale, left, top)
            bar = box.bottom + 2 + 3 * ((candidate.last - candidate.first) % 3)
            cv2.line(canvas, (box.left + 1, bar), (box.right - 2, bar), drawing.MAGENTA, 2)
    for index, is_cut in enumerate(cut):
        if is_cut:
            both: Box = drawing.placed(pieces[index].union(pieces[index + 1]), scale, left, top)
            column = drawing.placed(pieces[index + 1], scale, left, top).left
            cv2.line(canvas, (column, both.top), (column, both.bottom), drawing.ORANGE, 2)


def _blobs(cut: list[bool]) -> list[tuple[int, int]]:
    """First and past-the-last piece of each blob of ink."""
    starts = [0, *(index + 1 for index, is_cut in enumerate(cut) if not is_cut)]
    return list(itertools.pairwise([*starts, len(cut) + 1]))
