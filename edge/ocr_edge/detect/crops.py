"""A line's outline cut out of the picture: upright, with margins, each way that it may be turned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.detect.quads import Quads, room
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

NOTHING: Quads = np.empty((0, 4, 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A line cut out.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``: the line with margins, and what was asked for beside them.
        back: Takes its pixels to the picture's; None where they are the picture's.
        line: The line without margins, in its pixels.
        box: The same with margins: what is read.
    """

    image: Image
    back: Matrix | None
    line: Box
    box: Box


def crops(image: Image, quad: Quads, beside: float = 0.0, others: Quads = NOTHING) -> tuple[list[Crop], Crop]:
    """The ways in which a line may be read.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        quad: The line's outline, float32, shape ``(4, 2)``, its longer side on top.
        beside: Heights of the line that are cut out beyond each of its side margins, for another look.
        others: Outlines of the other lines, float32, shape ``(N, 4, 2)``; a small one beside the line ends both.

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
    ways = [*upright, _turned(upright[-1], 2)]
    *as_it_stands, turned = [cut(image, way, beside, others) for way in ways]
    return as_it_stands, turned


def all_of(image: Image) -> Crop:
    """A picture that shows one line, cut by whoever took it."""
    box = Box(0, 0, image.shape[1], image.shape[0])
    return Crop(image, None, box, box)


def taller(quad: Quads, times: float) -> Quads:
    """An outline about the same middle line, so many times as high."""
    more = (quad[3] - quad[0] + quad[2] - quad[1]) * (times - 1) / 4
    return np.asarray(quad + np.array([-more, -more, more, more]), np.float32)


def is_level(quad: Quads) -> bool:
    """Whether a line runs across the picture rather than up or down."""
    along = quad[1] - quad[0]
    return bool(abs(along[0]) >= abs(along[1]))


def cut(image: Image, quad: Quads, beside: float = 0.0, others: Quads = NOTHING) -> Crop:
    """A line cut out of a picture; arguments as in ``crops``, but the first side of the outline is the line's top."""
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    wide, high = max(float(np.linalg.norm(along)), 1.0), max(float(np.linalg.norm(down)), 1.0)
    free = room(quad, others)
    reach = [min(PAD_WIDTH + beside, side) * high for side in free]
    pads = [round(min(PAD_WIDTH, side) * high) for side in free]
    more = [round(far) - pad for far, pad in zip(reach, pads, strict=True)]
    above = round(PAD_HEIGHT * high)
    if abs(along[1]) <= LEVEL * high and along[0] > 0:
        return _sliced(image, quad, pads, above, more)
    before, after = (along * (far / wide) for far in reach)
    upward = down * PAD_HEIGHT
    padded = np.array(
        [
            quad[0] - before - upward,
            quad[1] + after - upward,
            quad[2] + after + upward,
            quad[3] - before + upward,
        ],
        np.float64,
    )
    found = rectify(image, padded)
    height, width = found.image.shape[:2]
    # A crop that is too long is shrunk.
    box = Box(more[0], 0, max(1, width - sum(more)), height)
    left, right = max(pads[0], 0), max(pads[1], 0)
    line = Box(more[0] + left, above, max(1, box.width - left - right), max(1, height - 2 * above))
    return Crop(found.image, found.matrix, line, box)


def _sliced(image: Image, quad: Quads, wide: Sequence[int], high: int, beside: Sequence[int]) -> Crop:
    """A level line: nothing is interpolated."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    line = Box(int(left), int(top), max(1, round(right) - int(left)), max(1, round(bottom) - int(top)))
    reach = [margin + more for margin, more in zip(wide, beside, strict=True)]
    all_of_it = _grown(line, reach, high, image)
    box, line = _grown(line, wide, high, image), _grown(line, [min(side, 0) for side in wide], 0, image)
    x, y = all_of_it.left, all_of_it.top
    back = np.array([(1, 0, x), (0, 1, y), (0, 0, 1)], np.float64)
    part = image[y : all_of_it.bottom, x : all_of_it.right]
    return Crop(part, back, _moved(line, x, y), _moved(box, x, y))


def _grown(box: Box, wide: Sequence[int], high: int, image: Image) -> Box:
    """A box with margins before, after and above, as far as it lies in a picture; at least a pixel of it."""
    height, width = image.shape[:2]
    left, top = max(0, min(box.left - wide[0], width - 1)), max(0, min(box.top - high, height - 1))
    right = min(width, max(box.left + box.width + wide[1], left + 1))
    bottom = min(height, max(box.top + box.height + high, top + 1))
    return Box(left, top, right - left, bottom - top)


def _moved(box: Box, x: int, y: int) -> Box:
    return Box(box.left - x, box.top - y, box.width, box.height)


def _turned(quad: Quads, quarters: int) -> Quads:
    """An outline whose text is taken to be turned further clockwise by right angles."""
    return np.asarray(np.roll(quad, -quarters, axis=0), np.float32)
