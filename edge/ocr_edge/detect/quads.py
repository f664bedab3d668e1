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
SHRINK = 0.25
"""Share of an outline's shorter side that the map leaves out on each side: the network learns it so."""
THRESHOLD = 0.5
"""Probability from which a cell is text."""
LEAST_SCORE = 0.6
"""Mean probability of a piece's cells below which it is no text."""


def outlines(
    text: npt.NDArray[np.float32], threshold: float = THRESHOLD, least_score: float = LEAST_SCORE
) -> tuple[Quads, npt.NDArray[np.float32]]:
    """The outlines that a map shows.

    Args:
        text: Probability of shrunken text, shape ``(h, w)``.
        threshold: From which a cell is text.
        least_score: Mean probability below which a piece is left out.

    Returns:
        Outlines in pixels of the picture, oriented so that the longer side is the top one, and the score of each.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (text >= threshold).astype(np.uint8), connectivity=8
    )
    if count < 2:
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    areas = stats[:, cv2.CC_STAT_AREA]
    scores = np.bincount(labels.ravel(), text.ravel(), count) / areas
    quads, kept = [], []
    for number in range(1, count):
        if scores[number] < least_score:
            continue
        x, y, w, h = (int(n) for n in stats[number, :4])
        rows, columns = np.nonzero(labels[y : y + h, x : x + w] == number)
        points = np.stack([columns + x, rows + y], axis=1).astype(np.float32)
        quads.append(_outline(points, int(areas[number])))
        kept.append(scores[number])
    return np.array(quads, np.float32).reshape(-1, 4, 2), np.array(kept, np.float32)


def _outline(points: npt.NDArray[np.float32], area: int) -> Quads:
    """The outline of the text whose shrunken cells are given: shape ``(4, 2)``."""
    (x, y), (width, height), angle = cv2.minAreaRect(points)
    if height > width:
        width, height, angle = height, width, angle - 90
    # Cells are points here: a rectangle about them lacks half a cell on every side. Along a thin line the area says
    # better how thick it is than a rectangle that must hold every cell of its ragged edge.
    width, height = width + 1, height + 1
    if width > 2 * height:
        height = max(1.0, min(height, area / width))
    # The shorter side was s and is s - 2 * SHRINK * s.
    whole = height / (1 - 2 * SHRINK)
    box = ((x + 0.5, y + 0.5), (width + whole - height, whole), angle)
    corners = cv2.boxPoints(box) * CELL
    # boxPoints begins at the bottom left of an unturned box and goes round clockwise.
    return np.asarray(np.roll(corners, -1, axis=0), np.float32)
