"""How far the lines of a picture are tilted, and a picture turned so that they are not."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Image
from ocr_edge.reading import Line
from ocr_edge.segment import CandidateLine

MIN_TILT, MAX_TILT = 1.5, 30.0
"""Degrees from which a picture is turned, and up to which a tilt is believed."""
MIN_PAIRS = 12
"""Neighbours of equal height that a tilt is read from, at least."""
MAX_SPREAD = 6.0
"""Degrees between the quartiles of their directions, at most: beyond it they are no lines of text."""

Matrix = npt.NDArray[np.float64]


def tilt(lines: Sequence[CandidateLine]) -> float:
    """The median direction from one piece of a line to the next of equal height, in degrees, clockwise down.

    Pairs are local: they show the tilt even where it has run lines together.

    Args:
        lines: As segmented from the picture as it is.

    Returns:
        Degrees between ``-MAX_TILT`` and ``MAX_TILT``; 0 where there is too little text or no common direction.
    """
    angles = [
        np.degrees(np.arctan2(b.top + b.bottom - a.top - a.bottom, b.left + b.right - a.left - a.right))
        for line in lines
        if len(line.pieces) >= 4
        for a, b in zip(line.pieces[:-1], line.pieces[1:], strict=True)
        if abs(a.height - b.height) <= 0.12 * max(a.height, b.height) and b.left > a.left
    ]
    near = [angle for angle in angles if abs(angle) <= MAX_TILT]
    if len(near) < MIN_PAIRS or len(near) < len(angles) / 2:
        return 0.0
    low, middle, high = np.percentile(near, (25, 50, 75))
    return float(middle) if high - low <= MAX_SPREAD else 0.0


def straightened(image: Image, degrees: float) -> tuple[Image, Matrix]:
    """Turn a picture against its tilt, nothing cut off.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        degrees: From ``tilt``.

    Returns:
        The turned picture, and the 2x3 matrix that takes its pixels back to those of ``image``.
    """
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def moved(line: Line, matrix: Matrix, size: tuple[int, int]) -> Line:
    """A line with its boxes taken to another picture of ``(height, width)``: the upright box of each turned one."""
    return Line(tuple(replace(c, box=_moved_box(c.box, matrix, size)) for c in line.characters))


def _moved_box(box: Box, matrix: Matrix, size: tuple[int, int]) -> Box:
    corners = (
        np.array([(x, y, 1) for x in (box.left, box.right) for y in (box.top, box.bottom)], float) @ matrix.T
    )
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    x, y = int(np.clip(left, 0, size[1] - 1)), int(np.clip(top, 0, size[0] - 1))
    return Box(x, y, max(1, min(round(right), size[1]) - x), max(1, min(round(bottom), size[0]) - y))
