"""Picture 5: what was said, what was dropped, and why."""

import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.explain import drawing
from ocr_edge.explain.account import READERS, Account, Told
from ocr_edge.reading import Reading
from ocr_edge.recognize.places import SAID

MOST = 60
"""Most lines in the list."""
WIDE, HIGH = 600, 1200
"""Columns and rows of the largest picture beside the list."""
TEXT, ROW = 60, 100
"""Characters of a text, and of a row of the list."""
COLOURS = (
    (SAID, drawing.GREEN),
    ("covered", drawing.BLUE),
    ("pattern", drawing.MAGENTA),
    ("", drawing.ORANGE),
)
"""How verdicts begin, and their colours."""
LEGEND: tuple[drawing.Note, ...] = (
    ("Green frames: said. Blue: a better reading covers it. Magenta: not what the pattern allows.", drawing.GREY),
    ("Orange: too unsure or too small to be believed, or set aside.", drawing.GREY),
)  # fmt: skip


def draw(account: Account) -> Image:
    """The picture with every line in the colour of its fate, and the list of them."""
    picture = account.asked.picture
    scale = min(WIDE / picture.shape[1], HIGH / picture.shape[0], 6.0)
    canvas = drawing.faded(drawing.enlarged(picture, scale))
    listed = account.lines[:MOST]
    for line in reversed(account.lines):
        drawing.outline(canvas, line.outline, scale, colour(line), 2 if line.verdict == SAID else 1)
    for line in reversed(account.lines):
        drawing.label(canvas, line.outline, scale, str(line.number), colour(line))
    notes = [_entry(line) for line in listed]
    if len(account.lines) > len(listed):
        left_out = f"{len(account.lines) - len(listed)} more are left out; explain.json has them all"
        notes.append((left_out, drawing.ORANGE))
    if account.silent:
        notes.append((f"Lines in which nothing like text was seen: {len(account.silent)}", drawing.GREY))
    notes += [(remark, drawing.RED) for remark in account.remarks]
    title = drawing.heading("5. Decision", [_answer(account.reading), *LEGEND])
    legend = drawing.heading("Lines, said ones first", notes or [("none", drawing.RED)], drawing.NORMAL)
    beside = drawing.tiles([canvas, legend], canvas.shape[1] + legend.shape[1] + 2 * drawing.MARGIN)
    return drawing.stack([title, np.asarray(beside, np.uint8)])


def colour(line: Told) -> drawing.Colour:
    """Green for what was said; else by the reason."""
    return next(paint for start, paint in COLOURS if line.verdict.startswith(start))


def _answer(reading: Reading) -> drawing.Note:
    if not reading.lines:
        return f"Nothing is said: {reading.why}", drawing.RED
    said = "  /  ".join(line.text for line in reading.lines)
    return f"Said, {reading.confidence:.0%} sure: {_short(said, 2 * TEXT)}", drawing.GREEN


def _entry(line: Told) -> drawing.Note:
    """A line of the list: the text, who read it, and why it is not said."""
    by = f", {READERS[line.reader]}" if line.reader else ""
    why = "" if line.verdict == SAID else f": {line.verdict}"
    return _short(_short(line.title, TEXT) + by + why, ROW), colour(line)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 4]} ..."
