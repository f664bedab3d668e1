"""From a map of shrunken text to the outlines of the text: pure geometry."""

import cv2
import numpy as np
import numpy.typing as npt

Quads = npt.NDArray[np.float32]
"""Outlines, shape ``(N, 4, 2)``: x and y of the top left, top right, bottom right and bottom left corner."""
CELL = 4
"""Pixels of the picture to a cell of the map, both ways."""
STRIDE = 32
"""Pixels of which both sides of a picture are a multiple: those to a cell of the network's coarsest level."""
LOWER, BESIDE, END = 0.7, 0.5, 0.3
"""A text lower than ``LOWER`` of a line's height, ``BESIDE`` of it within the rows, that reaches ``END`` heights before
its end or beyond is no part of it, such as a unit; what is as high may be a digit. Of 120 drawn displays with a unit 68
are read where the outline of a number hides the unit that it takes in, and 91 so."""
SHRINK = 0.25
"""Share of an outline's shorter side that the map leaves out on each side: the network learns it so."""
THRESHOLD = 0.35
"""From which a cell belongs to a piece of text: the map says what share of a cell the shrunken text covers, and a line
one cell thick may lie half in one cell and half in the next."""
LEAST_SCORE = 0.6
"""Mean of a piece's cells below which it is no text. With 0.65, F of street scenes is 2 points higher and a little less
is found; with 0.55 it is 2 lower, and 3 points less of plates on cars are read (validation parts of ``BEST``)."""
MIN_THICKNESS = 0.5
"""Least thickness of a piece in cells: that of a line of 4 pixels."""
_AROUND = np.ones((3, 3), np.uint8)


def outlines(
    text: npt.NDArray[np.float32], threshold: float = THRESHOLD, least_score: float = LEAST_SCORE
) -> tuple[Quads, npt.NDArray[np.float32]]:
    """The outlines that a map shows.

    Args:
        text: Share of each cell that shrunken text covers, 0 to 1, shape ``(h, w)``.
        threshold: From which a cell belongs to a piece.
        least_score: Mean below which a piece is left out.

    Returns:
        Outlines in pixels of the picture, each with its longer side on top, from left to right, and the score of each.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (text >= threshold).astype(np.uint8), connectivity=8
    )
    if count < 2:
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    areas = stats[:, cv2.CC_STAT_AREA]
    scores = np.bincount(labels.ravel(), text.ravel(), count) / np.maximum(
        areas, 1
    )  # there may be no blank cell
    quads: list[Quads] = []
    kept: list[float] = []
    for number in range(1, count):
        if scores[number] >= least_score:
            quads.append(
                _outline(text, np.asarray(labels, np.int32), number, np.asarray(stats[number], np.int32))
            )
            kept.append(scores[number])
    return np.array(quads, np.float32).reshape(-1, 4, 2), np.array(kept, np.float32)


def _outline(
    text: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int32],
    number: int,
    stats: npt.NDArray[np.int32],
) -> Quads:
    """The outline of the text of which a piece of the map is left: shape ``(4, 2)``."""
    x, y, wide, high = (int(value) for value in stats[:4])
    # A cell more on every side: what is covered by less than the threshold counts too.
    left, top = max(0, x - 1), max(0, y - 1)
    part = np.s_[top : y + high + 1, left : x + wide + 1]
    mine = (labels[part] == number).astype(np.uint8)
    rows, columns = np.nonzero(mine)
    area = float(text[part][cv2.dilate(mine, _AROUND) > 0].sum())
    points = np.stack([columns + left, rows + top], axis=1).astype(np.float32)
    (middle_x, middle_y), (width, height), angle = cv2.minAreaRect(points)
    if height > width:
        width, height, angle = height, width, angle - 90
    # Cells are points here: a rectangle about them lacks half a cell on every side.
    width, height = width + 1, height + 1
    if width > 2 * height:  # its ends are known well, its thickness the area says better
        height = max(MIN_THICKNESS, area / width)
    else:
        scale = (max(area, MIN_THICKNESS) / (width * height)) ** 0.5
        width, height = width * scale, height * scale
    # The shorter side was s and is s - 2 * SHRINK * s.
    whole = height / (1 - 2 * SHRINK)
    turn = np.radians(angle if -90 < angle <= 90 else angle - 180 * np.sign(angle))
    along = np.array([np.cos(turn), np.sin(turn)]) * (width + whole - height) / 2
    down = np.array([-np.sin(turn), np.cos(turn)]) * whole / 2
    middle = np.array([middle_x + 0.5, middle_y + 0.5])
    corners = [middle - along - down, middle + along - down, middle + along + down, middle - along + down]
    return np.asarray(corners, np.float32) * np.float32(CELL)


def room(quad: Quads, others: Quads) -> tuple[float, float]:
    """What is free before a line and after it, up to something smaller at its end, such as its unit.

    Args:
        quad: The line's outline, shape ``(4, 2)``, its top side along the text.
        others: Outlines that may be such, shape ``(N, 4, 2)``.

    Returns:
        Two lengths in heights of the line, infinite where there is none, below 0 where one begins within the outline.
    """
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    wide, high = max(float(np.linalg.norm(along)), 1.0), max(float(np.linalg.norm(down)), 1.0)
    places = others - quad.mean(axis=0)
    x, y = places @ (along / wide), places @ (down / high)
    left, right = x.min(axis=1, initial=np.inf), x.max(axis=1, initial=-np.inf)
    top, bottom = y.min(axis=1, initial=np.inf), y.max(axis=1, initial=-np.inf)
    within = np.minimum(bottom, high / 2) - np.maximum(top, -high / 2)
    is_small = (bottom - top < LOWER * high) & (within >= BESIDE * (bottom - top)) & (right - left < wide / 2)
    near = wide / 2 - END * high
    before = -right[is_small & (left <= -near) & (right < 0)]
    after = left[is_small & (right >= near) & (left > 0)]
    first, second = ((min(side, default=np.inf) - wide / 2) / high for side in (before, after))
    return float(first), float(second)
