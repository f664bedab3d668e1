"""The corners that a region needs to hold a line of text, with the margin that reads best."""

from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.geometry import rectify, transform
from ocr_edge.geometry.transform import Points
from ocr_edge.reading import Line

MARGIN = 1 / 3
"""Margin all round, as a share of the text's height: docs/regions.md asks for it."""
ENOUGH = 4
"""Characters from which on the tilt of a line is believed: of fewer, one that is cut off wrongly turns it."""
LEAST_TILT, MOST_TILT = 1.5, 15.0
"""Degrees of tilt that are believed: less makes no difference to the text, and no camera is mounted further, so the
boxes mislead."""
STRETCHED = 1.5
"""Times the median of its line that a character's box may be wide or high: boxes at the ends of a line reach to where
the line was cut out. Capitals are less than that above small letters, W less above the usual width."""
LEAST_INK = 0.02
"""Share of a row's pixels that are ink in a row of text: less are specks."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Where a line of text stands.

    Attributes:
        points: Top left, top right, bottom right, bottom left of the text itself, in pixels.
        height: Of its capitals and digits in pixels.
    """

    points: Points
    height: float

    def corners(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """Corners of a region for it in a picture of ``(height, width)``, its margin included, in whole pixels."""
        across, down = self.points[1] - self.points[0], self.points[3] - self.points[0]
        margin = self.height * MARGIN
        across, down = (side / max(float(np.linalg.norm(side)), 1e-6) * margin for side in (across, down))
        grown = self.points + np.array([-across - down, across - down, across + down, down - across])
        clipped = np.clip(np.round(grown), 0, (size[1], size[0])).astype(int).tolist()
        return [(int(x), int(y)) for x, y in clipped]


def of(line: Line) -> Outline:
    """The outline of a line as it was read, its boxes in pixels of the picture."""
    boxes = np.array([c.box.as_list() for c in line.characters], np.float64)
    middles, halves = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:] / 2
    run = middles[-1] - middles[0]
    if abs(run[1]) > abs(run[0]) or run[0] < 0:  # upwards, downwards or upside down
        quarter = 2 if abs(run[0]) >= abs(run[1]) else 1 if run[1] > 0 else 3
        low, high = (middles - halves).min(axis=0), (middles + halves).max(axis=0)
        points = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
        return Outline(
            np.roll(points, -quarter, axis=0), float(np.median(boxes[:, 2 if quarter != 2 else 3]))
        )
    stand = np.array([c.text.isdigit() or c.text.isupper() for c in line.characters])
    tall = float(np.median(boxes[stand, 3] if stand.any() else boxes[:, 3]))
    fair = halves[:, 1] <= STRETCHED * tall / 2
    turn = _tilt(boxes[stand & fair])
    along, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    widest = STRETCHED * float(np.median(boxes[:, 2]))
    left = max(boxes[0, 0], boxes[0, 0] + boxes[0, 2] - widest)
    right = min(boxes[-1, 0] + boxes[-1, 2], boxes[-1, 0] + widest)
    top, bottom = (
        (middles[fair] @ down - halves[fair, 1]).min(),
        (middles[fair] @ down + halves[fair, 1]).max(),
    )
    ends = [np.array([x, middles[end, 1]]) @ along for x, end in ((left, 0), (right, -1))]
    sides = ((ends[0], top), (ends[1], top), (ends[1], bottom), (ends[0], bottom))
    return Outline(np.array([x * along + y * down for x, y in sides], np.float64), tall)


def tightened(image: Image, outline: Outline) -> Outline | None:
    """The outline drawn in to the rows that hold most of the ink; None where it cannot be.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        outline: One that may hold parts of other lines too.
    """
    corners = [(float(x), float(y)) for x, y in outline.points]
    if rectify.problem(corners, None):
        return None
    cut = rectify.rectify(image, corners)
    _, black = cv2.threshold(luminance(cut.image), 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = np.asarray(black if black.mean() <= 0.5 else 1 - black, np.float64)
    rows = np.concatenate([[0], (ink.mean(axis=1) >= LEAST_INK).astype(int), [0]])
    begins, ends = np.flatnonzero(np.diff(rows) > 0), np.flatnonzero(np.diff(rows) < 0)
    if not len(begins):
        return None
    top, bottom = max(zip(begins, ends, strict=True), key=lambda band: ink[band[0] : band[1]].sum())
    if bottom - top < rectify.MIN_SIDE or bottom - top == len(ink):
        return None
    wide = cut.image.shape[1]
    places = [(0, top), (wide, top), (wide, bottom), (0, bottom)]
    return Outline(transform.apply(cut.matrix, np.array(places, np.float64)), float(bottom - top))


def _tilt(boxes: Points) -> float:
    """Radians that a line falls to the right: by the feet of characters that stand on it, given as boxes."""
    if len(boxes) < ENOUGH:
        return 0.0
    turn = float(np.arctan(np.polyfit(boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3], 1)[0]))
    return turn if LEAST_TILT <= abs(np.degrees(turn)) <= MOST_TILT else 0.0
