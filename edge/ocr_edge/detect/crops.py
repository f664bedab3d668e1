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
        image: uint8 RGB, shape ``(H, W, 3)``: the line with margins, and what was asked for beside them.
        back: Takes its pixels to the picture's.
        line: The line without margins, in its pixels.
        box: The same with margins: what is read.
    """

    image: Image
    back: Matrix
    line: Box
    box: Box


def crops(image: Image, quad: Quads, beside: float = 0.0) -> tuple[list[Crop], Crop]:
    """The ways in which a line may be read.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        quad: The line's outline, float32, shape ``(4, 2)``, its longer side on top.
        beside: Heights of the line that are cut out beyond each of its side margins, for another look.

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
    return [cut(image, way, beside) for way in upright], cut(image, _turned(upright[-1], 2), beside)


def all_of(image: Image) -> Crop:
    """A picture that shows one line, cut by whoever took it."""
    box = Box(0, 0, image.shape[1], image.shape[0])
    return Crop(image, np.eye(3), box, box)


def taller(quad: Quads, times: float) -> Quads:
    """An outline about the same middle line, so many times as high."""
    more = (quad[3] - quad[0] + quad[2] - quad[1]) * (times - 1) / 4
    return np.asarray(quad + np.array([-more, -more, more, more]), np.float32)


def is_level(quad: Quads) -> bool:
    """Whether a line runs across the picture rather than up or down."""
    along = quad[1] - quad[0]
    return bool(abs(along[0]) >= abs(along[1]))


def cut(image: Image, quad: Quads, beside: float = 0.0) -> Crop:
    """A line cut out of a picture; arguments as in ``crops``, but the first side of the outline is the line's top."""
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    wide, high = float(np.linalg.norm(along)), max(float(np.linalg.norm(down)), 1.0)
    pad, above = round(PAD_WIDTH * high), round(PAD_HEIGHT * high)
    if abs(along[1]) <= LEVEL * high and along[0] > 0:
        return _sliced(image, quad, pad, above, round(beside * high))
    more = round(beside * high)
    outward, upward = along * ((PAD_WIDTH + beside) * high / max(wide, 1.0)), down * PAD_HEIGHT
    padded = np.array(
        [
            quad[0] - outward - upward,
            quad[1] + outward - upward,
            quad[2] + outward + upward,
            quad[3] - outward + upward,
        ],
        np.float64,
    )
    found = rectify(image, padded)
    height, width = found.image.shape[:2]
    # A crop that is too long is shrunk.
    box = Box(more, 0, max(1, width - 2 * more), height)
    line = Box(more + pad, above, max(1, box.width - 2 * pad), max(1, height - 2 * above))
    return Crop(found.image, found.matrix, line, box)


def _sliced(image: Image, quad: Quads, wide: int, high: int, beside: int) -> Crop:
    """A level line: nothing is interpolated."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    line = Box(int(left), int(top), max(1, round(right) - int(left)), max(1, round(bottom) - int(top)))
    all_of_it = _grown(line, wide + beside, high, image)
    box, line = _grown(line, wide, high, image), _grown(line, 0, 0, image)
    x, y = all_of_it.left, all_of_it.top
    back = np.array([(1, 0, x), (0, 1, y), (0, 0, 1)], np.float64)
    part = image[y : all_of_it.bottom, x : all_of_it.right]
    return Crop(part, back, _moved(line, x, y), _moved(box, x, y))


def _grown(box: Box, wide: int, high: int, image: Image) -> Box:
    """A box with margins, as far as it lies in a picture; at least a pixel of it."""
    height, width = image.shape[:2]
    left, top = max(0, min(box.left - wide, width - 1)), max(0, min(box.top - high, height - 1))
    right, bottom = min(width, max(box.right + wide, left + 1)), min(height, max(box.bottom + high, top + 1))
    return Box(left, top, right - left, bottom - top)


def _moved(box: Box, x: int, y: int) -> Box:
    return Box(box.left - x, box.top - y, box.width, box.height)


def _turned(quad: Quads, quarters: int) -> Quads:
    """An outline whose text is taken to be turned further clockwise by right angles."""
    return np.asarray(np.roll(quad, -quarters, axis=0), np.float32)
