"""Picture 1: every guess at where the ink is."""

from ocr_edge.contract.types import Box, Image
from ocr_edge.explain import drawing
from ocr_edge.explain.looks import Look
from ocr_edge.explain.trace import Trace

WIDE, HIGH = 380, 340
"""Columns and rows of the largest guess on the sheet."""


def draw(trace: Trace) -> Image:
    """All guesses, each with its polarity, scale and lines."""
    notes = (
        "Black is what a guess takes for ink. A guess is good where the characters are whole and apart.",
        "Green frames: lines in which something like a character was seen. The others have none, or were read before.",
        "In a picture or panel of one line, the guesses stop as soon as one reads well.",
    )
    parts = [drawing.heading("1. Guesses at the ink", [(note, drawing.GREY) for note in notes])]
    for number, look in enumerate(trace.looks, 1):
        parts += [
            drawing.heading(f"{number}: {trace.name(look)}"),
            drawing.tiles(_tiles(trace, look, number)),
        ]
    return drawing.stack(parts)


def _tiles(trace: Trace, look: Look, number: int) -> list[Image]:
    result = [_tile(look.picture, "what was looked at", "", [])]
    for index, guess in enumerate(look.guesses, 1):
        used = trace.used(guess)
        title = f"guess {number}.{index}: {guess.mask.polarity.value} ink, {guess.mask.name}"
        note = f"scale {guess.scale:.2f}, {len(guess.lines)} lines, {len(used)} with characters"
        boxes = [drawing.placed(line.box, guess.scale) for line in used]
        result.append(_tile(drawing.gray_as_colour(255 - guess.mask.ink), title, note, boxes))
    return result


def _tile(image: Image, title: str, note: str, boxes: list[Box]) -> Image:
    scale = min(WIDE / image.shape[1], HIGH / image.shape[0], 6.0)
    shown = drawing.enlarged(image, scale)
    for box in boxes:
        drawing.frame(shown, drawing.placed(box, scale), drawing.GREEN, 2)
    drawing.frame(shown, Box(0, 0, shown.shape[1], shown.shape[0]), drawing.GREY)
    text = drawing.heading(title, [(note, drawing.GREY)], drawing.NORMAL)
    return drawing.stack([text, shown], 2)
