"""Pictures 2 and 3: the strip of each line as the line stage sees it, and what it says of each step of a strip."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.explain import drawing
from ocr_edge.explain.account import READERS, Account, Told, Try
from ocr_edge.explain.decision import colour
from ocr_edge.recognize.line_reader import SURE_CHARACTER, SURE_LINE

MOST = 40
"""Most lines whose strips are drawn."""
HALF = (drawing.WIDEST - 60) // 2
"""Columns that a short strip and its heading may take: two beside each other."""
DOUBTFUL = 8
"""Lines whose posteriors are drawn, and whose paths are: more is a book."""
LARGE, SMALL = 3, 2
"""How much larger a strip is drawn over its posteriors: one that fits a sheet, and a longer one."""
MATTERS = 0.05
"""Probability that a label needs anywhere for a row of its own."""
ROW, GUTTER, GAP = 16, 56, 4
"""Rows that a label is drawn with, columns for the names of the rows, and rows between two pictures."""
DARK = (0, 60, 150)
"""Colour of what is certain."""


def draw(account: Account) -> Image:
    """The strips of all lines in which something was seen."""
    notes = [("Each line as the line stage sees it: the colours, below them the ink.", drawing.GREY)]
    if not account.asked.line_labels:
        notes = [("No line stage reads: each line is shown as it stands in the picture.", drawing.GREY)]
    notes.append(("What a strip lacks, nobody can read.", drawing.GREY))
    title = "2. The strips"
    return drawing.sheet(title, notes, [_strip(line) for line in account.lines[:MOST]], len(account.lines))


def draw_posteriors(account: Account) -> Image:
    """What the line stage says of the most doubtful lines, step by step."""
    shown = [(line, line.shown) for line in account.doubtful() if line.shown]
    notes = [
        ("Strip, ink, what was read, then what the line stage says of each step of 4 pixels.", drawing.GREY),
        ("A row for each label that is likelier than 5 % somewhere, the blank last. Darker is likelier.", drawing.GREY),
        ("Green frames: the steps on which the text is written. The lines most in doubt come first.", drawing.GREY),
    ]  # fmt: skip
    blocks = [
        drawing.stack(
            [heading(line, _about(line, one), spelled(one)), *posteriors(one, account.asked.line_labels)]
        )
        for line, one in shown[:DOUBTFUL]
    ]
    missing = "no strip was read"
    if not account.asked.line_labels:
        missing = "no line stage reads"
    return drawing.sheet("3. Posteriors over time", notes, blocks, len(shown), missing)


def heading(line: Told, *more: str) -> Image:
    """Number, text and fate of a line, and more lines of text about it."""
    by = f"read by {READERS[line.reader]}; " if line.reader else ""
    notes = [(f"{by}{line.verdict}", colour(line)), *((text, drawing.INK) for text in more if text)]
    return drawing.heading(line.title, notes, drawing.NORMAL + 2)


def _strip(line: Told) -> Image:
    if one := line.shown:
        seen = one.strip.posteriors
        pictures = [seen.rgb, drawing.gray_as_colour(255 - seen.binary[..., 0])]
        count = len(line.tries)
        note = f"the best of {count} strips that were tried" if count > 1 else ""
    else:
        assert line.place.image is not None
        box, note = line.place.box, ""
        part = line.place.image[box.top : box.bottom, box.left : box.right]
        pictures = [np.asarray(part, np.uint8)]
    title = heading(line, note)
    # As large as in the next picture where it is short, as wide as the sheet at most.
    room = HALF if title.shape[1] <= HALF and pictures[0].shape[1] * SMALL <= HALF else drawing.WIDEST
    scale = min(room / pictures[0].shape[1], SMALL * LINE_HEIGHT / pictures[0].shape[0])
    return drawing.stack([title, *(drawing.enlarged(picture, scale) for picture in pictures)], GAP)


def _about(line: Told, one: Try) -> str:
    """How sure the line stage is of a strip, and whether that settles the line."""
    if one.reading is None:
        return "" if one.why == line.verdict else f"the line stage has no reading: {one.why}"
    sure = f'the line stage reads "{one.reading.rated.line.text}", {one.reading.confidence:.0%} sure'
    if one.reading.is_sure:
        return sure
    return f"{sure}: not settled, which takes {SURE_LINE:.0%}, or {SURE_CHARACTER:.0%} a character"


def spelled(one: Try) -> str:
    """The words that became others because they are likelier ones; empty where none did."""
    words = one.reading.decoded.written.words if one.reading else ()
    told = [f'"{w.before}" became "{w.after}" ({w.chance:.0%})' for w in words if w.before.strip() != w.after]
    return f"by what words and codes look like, {', '.join(told)}" if told else ""


def posteriors(one: Try, labels: Sequence[str]) -> list[Image]:
    """A strip, its ink, what was read and the labels that matter, in pieces that fit a sheet."""
    columns, count = one.strip.posteriors.rgb.shape[1], len(one.strip.posteriors.scores)
    room = drawing.WIDEST - GUTTER
    scale = LARGE if LARGE * columns <= room else SMALL
    edges = np.linspace(0, count, -(-scale * columns // room) + 1).round().astype(int).tolist()
    return [_piece(one, labels, first, end, scale) for first, end in itertools.pairwise(edges) if end > first]


def rows(scores: Scores, written: Sequence[int]) -> list[int]:
    """The labels that matter on some steps, in the order in which they are first heard, the blank last.

    Args:
        scores: Log-probabilities, shape ``(T, labels + 1)``, blank last.
        written: Labels that were read there, which have a row in any case.
    """
    heard = np.exp(scores) > MATTERS
    matter = set(np.flatnonzero(heard.any(axis=0)).tolist()) | set(written)
    blank = scores.shape[1] - 1
    first = np.where(heard.any(axis=0), heard.argmax(axis=0), scores.argmax(axis=0))
    return [*sorted(matter - {blank}, key=lambda label: int(first[label])), blank]


def _piece(one: Try, labels: Sequence[str], first: int, end: int, scale: int) -> Image:
    """Some of the steps of a strip."""
    seen, cell = one.strip.posteriors, STEP * scale
    scores = seen.scores[first:end]
    said = [
        (label, max(start, first) - first, min(stop, end) - first)
        for label, (start, stop) in zip(one.labels, one.runs, strict=True)
        if start < end and stop > first
    ]
    shown = rows(scores, [label for label, _, _ in said])
    at = slice(STEP * first, STEP * end)
    ink = drawing.gray_as_colour(255 - seen.binary[:, at, 0])
    wide, high = cell * (end - first), scale * LINE_HEIGHT
    head = 2 * high + 2 * GAP + ROW
    canvas = drawing.paper(GUTTER + wide + 2, head + ROW * len(shown) + 2)
    for index, picture in enumerate(drawing.enlarged(part, scale) for part in (seen.rgb[:, at], ink)):
        top = index * (high + GAP)
        # The last step may be only partly filled.
        canvas[top : top + high, GUTTER : GUTTER + picture.shape[1]] = picture
    heat = np.sqrt(np.exp(scores[:, shown].T))[..., None]
    colours = np.asarray((1 - heat) * 255 + heat * np.array(DARK), np.uint8)
    cells = cv2.resize(colours, (wide, ROW * len(shown)), interpolation=cv2.INTER_NEAREST)
    canvas[head : head + len(cells), GUTTER : GUTTER + wide] = cells
    for row, label in enumerate(shown):
        name = "blank" if label == len(labels) else labels[label]
        drawing.write(canvas, (2, head + row * ROW + 3), "space" if name == " " else name, drawing.TINY)
    for label, start, stop in said:
        left, top = GUTTER + cell * start, head + shown.index(label) * ROW
        drawing.frame(canvas, Box(left, top, cell * (stop - start), ROW), drawing.GREEN, 2)
        drawing.write(canvas, (left + 1, head - ROW + 1), labels[label], drawing.SMALL, drawing.GREEN)
    return canvas
