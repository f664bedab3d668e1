"""Where in a picture there may be text: areas full of edges. Work then grows with the ink and not with the pixels."""

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Image

CELL = 8
"""Side, in pixels, of the cells that are looked at."""
MIN_EDGE = 28
"""Grey levels between the darkest and the brightest pixel of a cell with an edge."""
REACH = 2
"""Cells that edges of one text may be apart."""
MIN_CELLS = 3
"""Cells with an edge that an area has at least."""
MARGIN = 12
"""Pixels kept around an area."""
MAX_AREAS = 16
MAX_SHARE = 0.6
"""Share of the picture from which areas save nothing."""


def find(gray: Image) -> list[Box]:
    """Find the areas where text may be.

    Args:
        gray: uint8, shape ``(H, W)``.

    Returns:
        Boxes that do not touch each other; the whole picture where they would cover most of it.
    """
    height, width = gray.shape
    whole = [Box(0, 0, width, height)]
    rows, columns = height // CELL, width // CELL
    if min(rows, columns) < 2:
        return whole
    cells = gray[: rows * CELL, : columns * CELL]
    edge = cv2.subtract(_coarse(cells, cv2.MORPH_DILATE), _coarse(cells, cv2.MORPH_ERODE)) >= MIN_EDGE
    # The last row and column of cells stand for the few pixels that are left over.
    joined = cv2.dilate(edge.astype(np.uint8), np.ones((REACH, 2 * REACH + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    counts = np.bincount(labels[edge], minlength=len(stats))
    boxes = np.array(
        [
            (x * CELL - MARGIN, y * CELL - MARGIN, (x + w) * CELL + MARGIN, (y + h) * CELL + MARGIN)
            for (x, y, w, h, _), count in zip(stats[1:], counts[1:], strict=True)
            if count >= MIN_CELLS
        ],
        np.int64,
    ).reshape(-1, 4)
    boxes = _apart(np.clip(boxes, 0, (width, height, width, height)))
    boxes[boxes[:, 2] > columns * CELL - CELL, 2] = width
    boxes[boxes[:, 3] > rows * CELL - CELL, 3] = height
    covered = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum()
    if len(boxes) > MAX_AREAS or covered > MAX_SHARE * gray.size:
        return whole
    return [
        Box(left, top, right - left, bottom - top)
        for left, top, right, bottom in boxes.tolist()
        if min(right - left, bottom - top) > 0
    ]


def _coarse(cells: Image, how: int) -> Image:
    """The brightest or darkest pixel of each cell."""
    high = cv2.morphologyEx(cells, how, np.ones((CELL, CELL), np.uint8), anchor=(0, 0))
    return np.asarray(high[::CELL, ::CELL], np.uint8)


def _apart(boxes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Boxes joined until none touches another."""
    rest = boxes.tolist()
    done: list[list[int]] = []
    while rest:
        left, top, right, bottom = rest.pop()
        for index, other in enumerate(done):
            if left <= other[2] and other[0] <= right and top <= other[3] and other[1] <= bottom:
                done.pop(index)
                rest.append(
                    [min(left, other[0]), min(top, other[1]), max(right, other[2]), max(bottom, other[3])]
                )
                break
        else:
            done.append([left, top, right, bottom])
    return np.array(done, np.int64).reshape(-1, 4)
