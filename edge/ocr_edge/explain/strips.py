"""Lines of text cut into strips that fit a sheet, large enough to see every character."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.explain import drawing
from ocr_edge.explain.trace import PlaceTrace, Trace
from ocr_edge.explain.verdict import SAID

LINE_ROWS = 64
"""Rows that a line's height is drawn with."""
MOST_SCALE = 10.0
BEST = 12
"""Places that are drawn one by one, the best first."""
NOTHING = "Nothing to show: no line got that far."


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of a picture, and how much larger it is drawn."""

    box: Box
    scale: float

    def image(self, picture: Image) -> Image:
        """The part, enlarged and pale."""
        box = self.box
        part = picture[box.top : box.bottom, box.left : box.right]
        return drawing.faded(drawing.enlarged(np.asarray(part, np.uint8), self.scale))

    def place(self, box: Box) -> Box:
        """Where a box of the picture is in the drawn strip."""
        return drawing.placed(box, self.scale, self.box.left, self.box.top)

    def holds(self, box: Box) -> bool:
        """Whether the middle of a box lies in it."""
        return self.box.left <= box.left + box.width / 2 < self.box.right


def strips(boxes: Sequence[Box], height: float, size: tuple[int, int]) -> list[Strip]:
    """The strips that show some boxes.

    Args:
        boxes: At least one, in pixels of the picture.
        height: Of the line they stand in.
        size: The picture's ``(height, width)``.
    """
    margin = round(0.25 * height) + 1
    left = max(0, min(box.left for box in boxes) - margin)
    right = min(size[1], max(box.right for box in boxes) + margin)
    top = max(0, min(box.top for box in boxes) - margin)
    bottom = min(size[0], max(box.bottom for box in boxes) + margin)
    scale = min(LINE_ROWS / height, MOST_SCALE)
    count = int(np.ceil((right - left) * scale / drawing.WIDEST))
    edges = np.linspace(left, right, count + 1).round().astype(int).tolist()
    return [Strip(Box(a, top, b - a, bottom - top), scale) for a, b in itertools.pairwise(edges) if b > a]


def place_heading(item: PlaceTrace, labels: Sequence[str], *more: str) -> Image:
    """Number, text and verdict of a place, and more lines of text about it."""
    notes = [(item.verdict, drawing.GREEN if item.verdict == SAID else drawing.RED)]
    notes += [(note, drawing.INK) for note in more if note]
    return drawing.heading(f"{item.number}: {item.text(labels)}", notes)


def missing(trace: Trace) -> str:
    """Why the character stages have nothing to show."""
    if not trace.labels:
        return "Nothing to show: no character stage reads."
    if all(item.cut is None for item in trace.places) and any(item.reader for item in trace.places):
        return "Nothing to show: the line stage's readings stood without the character stages."
    return NOTHING


def sheet(
    title: str,
    notes: Sequence[str],
    blocks: Sequence[Sequence[Image]],
    places: int,
    missing: str = NOTHING,
) -> Image:
    """Blocks of pictures under a title, one block a place.

    Args:
        title: Stands above all.
        notes: How to look at it.
        blocks: At most ``BEST``; where there are none, that is said.
        places: How many there would be.
        missing: What is said where there are none.
    """
    lines = [(note, drawing.GREY) for note in notes]
    if places > len(blocks):
        text = f"{places - len(blocks)} more places are left out; explain.json has them all."
        lines.append((text, drawing.ORANGE))
    if not blocks:
        lines.append((missing, drawing.RED))
        return drawing.stack([drawing.heading(title, lines)])
    return drawing.stack(
        [drawing.heading(title, lines), drawing.tiles([drawing.stack(block) for block in blocks])]
    )
