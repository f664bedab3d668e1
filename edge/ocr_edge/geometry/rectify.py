"""A quadrilateral of the picture becomes an upright crop, and what was read in it goes back to the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.geometry.transform import Matrix, Points, apply
from ocr_edge.reading import Line

MIN_SIDE = 8
"""Pixels that each side of a region must have: nothing smaller is read."""
MAX_SIDE = 4096
"""Longest side of a crop in pixels; a larger region is shrunk to it."""
MAX_COORDINATE = 65535
_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_UNIT = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
"""Corners of a box, in its sides from its first pixel on."""
_ORDER = "give them in the order top left, top right, bottom right, bottom left of the text"


@dataclass(frozen=True, slots=True, eq=False)
class Rectified:
    """A region cut out upright.

    Attributes:
        image: uint8, shape ``(h, w, C)`` or ``(h, w)`` as the picture's.
        matrix: Takes pixels of ``image`` back to those of the picture.
        outside: Share of the region that lies outside of the picture, 0 to 1; it is filled with the border's colour.
    """

    image: Image
    matrix: Matrix
    outside: float


def problem(corners: Sequence[tuple[float, float]], size: tuple[int, int] | None) -> str:
    """Why corners are no region of a picture.

    Args:
        corners: Top left, top right, bottom right, bottom left, in pixels.
        size: The picture's ``(height, width)``; None where it is not known yet.

    Returns:
        One line; empty when they are one.
    """
    points = np.asarray(corners, np.float64)
    if not np.isfinite(points).all():
        return "a corner is not a number"
    for number, (x, y) in enumerate(points, 1):
        if max(abs(x), abs(y)) > MAX_COORDINATE:
            return f"corner {number} ({x:g}, {y:g}) lies outside of any picture"
        if size and not (0 <= x <= size[1] and 0 <= y <= size[0]):
            return f"corner {number} ({x:g}, {y:g}) lies outside of the picture of {size[1]}x{size[0]}"
    if shape := _shape_problem(points):
        return shape
    wide, high = _sides(points)
    if min(wide, high) < MIN_SIDE:
        return f"{wide:.0f}x{high:.0f} pixels are too small; each side needs at least {MIN_SIDE}"
    return ""


def rectify(image: Image, corners: Sequence[tuple[float, float]] | Points, rotate: int = 0) -> Rectified:
    """Cut a quadrilateral out of a picture, upright.

    Args:
        image: uint8, shape ``(H, W, C)`` or ``(H, W)``; it is not changed.
        corners: Top left, top right, bottom right, bottom left, in pixels of ``image``; they may lie outside of it.
        rotate: Degrees that the crop is turned clockwise afterwards: 0, 90, 180 or 270.

    Returns:
        The crop at the picture's own resolution: each side is the mean of two opposite ones.

    Raises:
        ValueError: The corners are crossed, in the wrong order or not finite.
    """
    points = np.asarray(corners, np.float64)
    if what := "a corner is not a number" if not np.isfinite(points).all() else _shape_problem(points):
        raise ValueError(what)
    crop, back = _sliced(image, points) or _warped(image, points)
    height, width = crop.shape[:2]
    if rotate:
        crop = turned(crop, rotate)
        back = back @ _unturned(rotate, height, width)
    return Rectified(crop, back, _outside(points, image.shape[:2]))


def turned(image: Image, degrees: int) -> Image:
    """A picture turned clockwise by 90, 180 or 270 degrees."""
    return np.asarray(cv2.rotate(image, _QUARTERS[degrees]), np.uint8)


def moved(line: Line, matrix: Matrix, size: tuple[int, int]) -> Line:
    """A line of a crop with its boxes in the picture: the upright box of each quadrilateral, cut at the border.

    Args:
        line: As read from ``Rectified.image``.
        matrix: ``Rectified.matrix``.
        size: The picture's ``(height, width)``.
    """
    boxes = moved_boxes([c.box for c in line.characters], matrix, size)
    characters = tuple(replace(c, box=box) for c, box in zip(line.characters, boxes, strict=True))
    return replace(line, characters=characters)


def moved_boxes(boxes: Sequence[Box], matrix: Matrix, size: tuple[int, int]) -> list[Box]:
    """Boxes of a crop in the picture; arguments as ``moved``."""
    if not boxes:
        return []
    sides = np.array([(box.left, box.top, box.width, box.height) for box in boxes])
    corners = sides[:, None, :2] + sides[:, None, 2:] * _UNIT
    places = apply(matrix, corners.reshape(-1, 2)).reshape(-1, 4, 2)
    limit = np.array((size[1], size[0]))
    first = np.clip(places.min(axis=1), 0, limit - 1).astype(int)
    last = np.clip(np.round(places.max(axis=1)), 0, limit).astype(int)
    return [
        Box(x, y, w, h)
        for (x, y), (w, h) in zip(first.tolist(), np.maximum(last - first, 1).tolist(), strict=True)
    ]


def _shape_problem(points: Points) -> str:
    """Why four points do not go round a quadrilateral clockwise, as seen in the picture."""
    ahead = np.roll(points, -1, axis=0) - points
    behind = np.roll(ahead, 1, axis=0)
    turns = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    if (turns > 0).all():
        return ""
    if (turns < 0).all():
        return f"the corners go round anticlockwise; {_ORDER}"
    if (turns == 0).any():
        return f"three corners lie on one line or two are the same; {_ORDER}"
    return f"the sides of the region cross or bend inwards; {_ORDER}"


def _sides(points: Points) -> tuple[float, float]:
    """Mean width and height of a quadrilateral in pixels."""
    lengths = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    return float(lengths[0] + lengths[2]) / 2, float(lengths[1] + lengths[3]) / 2


def _sliced(image: Image, points: Points) -> tuple[Image, Matrix] | None:
    """The crop of an upright rectangle of whole pixels inside the picture: nothing is interpolated."""
    whole = np.round(points)
    (left, top), (right, bottom) = whole.min(axis=0).astype(int), whole.max(axis=0).astype(int)
    upright = ((left, top), (right, top), (right, bottom), (left, bottom))
    inside = left >= 0 and top >= 0 and right <= image.shape[1] and bottom <= image.shape[0]
    if not inside or np.abs(points - upright).max() > 1e-3 or max(right - left, bottom - top) > MAX_SIDE:
        return None
    return image[top:bottom, left:right].copy(), np.array([(1, 0, left), (0, 1, top), (0, 0, 1)], np.float64)


def _warped(image: Image, points: Points) -> tuple[Image, Matrix]:
    wide, high = _sides(points)
    shrink = min(1.0, MAX_SIDE / max(wide, high))
    width, height = max(1, round(wide * shrink)), max(1, round(high * shrink))
    upright = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    back = np.asarray(cv2.getPerspectiveTransform(upright, points.astype(np.float32)), np.float64)
    # OpenCV counts from the pixels' centres.
    centred = _shift(-0.5) @ back @ _shift(0.5)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpPerspective(image, centred, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8), back


def _shift(pixels: float) -> Matrix:
    return np.array([(1, 0, pixels), (0, 1, pixels), (0, 0, 1)], np.float64)


def _unturned(rotate: int, height: int, width: int) -> Matrix:
    """From pixels of a turned crop to those of the crop of ``height`` and ``width`` it was made of."""
    return {
        90: np.array([(0, 1, 0), (-1, 0, height), (0, 0, 1)], np.float64),
        180: np.array([(-1, 0, width), (0, -1, height), (0, 0, 1)], np.float64),
        270: np.array([(0, -1, width), (1, 0, 0), (0, 0, 1)], np.float64),
    }[rotate]


def _outside(points: Points, size: tuple[int, int]) -> float:
    frame = np.array([(0, 0), (size[1], 0), (size[1], size[0]), (0, size[0])], np.float32)
    quad = points.astype(np.float32)
    inside, _ = cv2.intersectConvexConvex(quad, frame)
    return float(np.clip(1 - inside / cv2.contourArea(quad), 0, 1))
