"""A line's outline cut out of the picture: upright, with margins, each way that it may be turned."""

from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.detect.quads import Quads
from ocr_edge.geometry.rectify import rectify
from ocr_edge.geometry.transform import Matrix

PAD_HEIGHT, PAD_WIDTH = 0.12, 0.4
"""Margins around a line, in its heights: the strips that the line stage learned have as much. The sides need more,
since a point or a minus at an end is too small to be found."""
LEVEL = 0.12
"""Fall of a line over its whole length, in its heights, up to which its pixels are taken as they are."""
SQUARE = 3.0
"""Sides of an outline, the longer in shorter ones, up to which one that stands upright may be a digit or two and not a
line that was turned by a right angle."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A line cut out.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``: the line with margins.
        back: Takes its pixels to the picture's.
        line: The line without margins, in its pixels.
    """

    image: Image
    back: Matrix
    line: Box


def crops(image: Image, quad: Quads) -> tuple[list[Crop], Crop]:
    """The ways in which a line may be read.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        quad: The line's outline, float32, shape ``(4, 2)``, its longer side on top.

    Returns:
        As it stands, or from bottom to top, the likelier first; and that turned by half a turn.
    """
    along = quad[1] - quad[0]
    if is_level(quad):
        upright = [quad if along[0] > 0 else _turned(quad, 2)]
    else:
        upright = [quad if along[1] < 0 else _turned(quad, 2)]
        if np.linalg.norm(along) <= SQUARE * np.linalg.norm(quad[3] - quad[0]):
            upright.insert(0, _turned(upright[0], 1))
    return [cut(image, way) for way in upright], cut(image, _turned(upright[-1], 2))


def is_level(quad: Quads) -> bool:
    """Whether a line runs across the picture rather than up or down."""
    along = quad[1] - quad[0]
    return bool(abs(along[0]) >= abs(along[1]))


def cut(image: Image, quad: Quads) -> Crop:
    """A line cut out of a picture; arguments as in ``crops``, but the first side of the outline is the line's top."""
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    wide, high = float(np.linalg.norm(along)), max(float(np.linalg.norm(down)), 1.0)
    if abs(along[1]) <= LEVEL * high and along[0] > 0:
        (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
        box = Box(int(left), int(top), max(1, round(right) - int(left)), max(1, round(bottom) - int(top)))
        return _sliced(image, box, round(PAD_HEIGHT * high), round(PAD_WIDTH * high))
    beside = along * (PAD_WIDTH * high / max(wide, 1.0))
    above = down * PAD_HEIGHT
    padded = np.array(
        [
            quad[0] - beside - above,
            quad[1] + beside - above,
            quad[2] + beside + above,
            quad[3] - beside + above,
        ],
        np.float64,
    )
    found = rectify(image, padded)
    height, width = found.image.shape[:2]
    x, y = round(PAD_WIDTH * high), round(PAD_HEIGHT * high)
    line = Box(x, y, max(1, width - 2 * x), max(1, height - 2 * y))
    return Crop(found.image, found.matrix, line)


def _sliced(image: Image, box: Box, high: int, wide: int) -> Crop:
    """A level line: nothing is interpolated."""
    left, top = (
        max(0, min(box.left - wide, image.shape[1] - 1)),
        max(0, min(box.top - high, image.shape[0] - 1)),
    )
    right, bottom = (
        min(image.shape[1], max(box.right + wide, left + 1)),
        min(image.shape[0], max(box.bottom + high, top + 1)),
    )
    back = np.array([(1, 0, left), (0, 1, top), (0, 0, 1)], np.float64)
    x, y = max(0, box.left - left), max(0, box.top - top)
    line = Box(x, y, max(1, min(box.right, right) - left - x), max(1, min(box.bottom, bottom) - top - y))
    return Crop(image[top:bottom, left:right], back, line)


def _turned(quad: Quads, quarters: int) -> Quads:
    """An outline whose text is taken to be turned further clockwise by right angles."""
    return np.asarray(np.roll(quad, -quarters, axis=0), np.float32)
