"""Picture 7: what was said, what was dropped, and why."""

import cv2
import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.explain import drawing
from ocr_edge.explain.trace import READERS, PlaceTrace, Trace
from ocr_edge.explain.verdict import NO_CHARACTER, SAID
from ocr_edge.reading import Reading

MOST = 36
"""Most places in the list."""
WIDE, HIGH = 1100, 1000
"""Columns and rows of the largest picture beside the list."""
COLOURS = (
    ("covered", drawing.BLUE),
    ("pattern", drawing.MAGENTA),
    ("", drawing.ORANGE),
)
"""How reasons for not being said begin, and their colours."""
LEGEND = (
    (
        "Green: said. Blue: a better reading covers it. Orange: too unsure or too small to be believed.",
        drawing.GREY,
    ),
    ("Magenta: not what the pattern allows.", drawing.GREY),
)
ROOM, EDGE = 18, 6
"""Paper above the picture, for the numbers of the topmost places, and on its other sides."""


def draw(trace: Trace, reading: Reading) -> Image:
    """The picture with every place in the colour of its fate, and the list of those where something was read."""
    height, width = trace.picture.shape[:2]
    scale = min(WIDE / width, HIGH / height, 6.0)
    shown = drawing.faded(drawing.enlarged(trace.picture, scale))
    around = (ROOM, EDGE, EDGE, EDGE, cv2.BORDER_CONSTANT)
    canvas = np.asarray(cv2.copyMakeBorder(shown, *around, value=drawing.PAPER), np.uint8)
    told = [item for item in trace.places if item.verdict != NO_CHARACTER]
    listed = told[:MOST]
    for item in reversed(listed):
        box, paint = drawing.placed(item.box, scale, -EDGE / scale, -ROOM / scale), colour(item)
        outside = Box(box.left - 3, box.top - 3, box.width + 6, box.height + 6)
        drawing.frame(canvas, outside, paint, 2 if item.verdict == SAID else 1)
        drawing.write(canvas, (box.left + 2, max(1, box.top - 17)), str(item.number), drawing.SMALL, paint)
    notes = [note for item in listed for note in _lines(item, trace.labels)]
    if len(told) > len(listed):
        notes.append(
            (f"{len(told) - len(listed)} more are left out; explain.json has them all", drawing.GREY)
        )
    if empty := len(trace.places) - len(told):
        notes.append((f"{empty} more places where no candidate looks like a character", drawing.GREY))
    legend = drawing.heading("Places, the best first", notes or [("none", drawing.RED)], drawing.NORMAL)
    columns = canvas.shape[1] + legend.shape[1] + 2 * drawing.MARGIN
    title = drawing.heading("7. Decision", [_answer(reading), *LEGEND])
    return drawing.stack([title, drawing.tiles([canvas, legend], columns)])


def colour(item: PlaceTrace) -> drawing.Colour:
    """Green for what was said; else by the reason."""
    if item.verdict == SAID:
        return drawing.GREEN
    return next(paint for start, paint in COLOURS if item.verdict.startswith(start))


def _answer(reading: Reading) -> tuple[str, drawing.Colour]:
    if not reading.lines:
        return f"Nothing is said: {reading.why}", drawing.RED
    said = "  /  ".join(line.text for line in reading.lines[:8])
    more = " ..." if len(reading.lines) > 8 or len(said) > 140 else ""
    return f"Said ({reading.confidence:.0%} sure): {said[:140]}{more}", drawing.GREEN


def _lines(item: PlaceTrace, labels: tuple[str, ...]) -> list[tuple[str, drawing.Colour]]:
    """An entry of the list: the text, who read it, what the other stage read, and why it is not said."""
    sure = f"  {item.place.reading.line.confidence:.0%}" if item.place.reading else ""
    by = f", {READERS[item.reader]}" if item.reader else ""
    entries = [(f"{item.number}: {item.text(labels)}{sure}{by}", colour(item))]
    if item.verdict != SAID:
        entries.append((f"     {item.verdict}", drawing.GREY))
    if item.place.weighed:
        entries.append((f"     {_other_answer(item)}", drawing.GREY))
    return entries


def _other_answer(item: PlaceTrace) -> str:
    """What the stage said whose reading was not taken, where the two differ."""
    if item.reader == "characters":
        assert item.place.strip is not None
        return f'{READERS["line"]}: "{item.place.strip.rated.line.text}"'
    assert item.place.cut is not None
    return f'{READERS["characters"]}: "{item.place.cut.line.text}"'
