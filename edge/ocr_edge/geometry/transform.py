"""How the picture that coordinates were taken from lies in the picture of now: a matrix, fitted and doubted."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.errors import CaptureError

Matrix = npt.NDArray[np.float64]
"""float64, shape ``(3, 3)``. A pixel's left edge is its coordinate and its centre is 0.5 further."""
Points = npt.NDArray[np.float64]
"""float64, shape ``(N, 2)``: x and y in pixels."""

SAME_SHAPE = 0.01
"""By how much the aspect ratios of two pictures may differ that show the same."""
MAX_TURN, MIN_SCALE, MAX_SCALE = 15.0, 0.8, 1.25
"""Degrees and scales that a camera is believed to have moved by; beyond them the marks were confused."""
MAX_STRETCH = 1.12
"""Largest ratio of scales in two directions: a camera that looks from 25 degrees further aside."""
CLOSE = 0.001
"""Misfit of the marks up to which a simple movement explains them, as a share of the picture's longer side."""
BENT = 0.015
"""Misfit up to which what is left is perspective; beyond it, a mark was confused with something else."""
SPREAD = 0.02
"""Area that marks must span, as a share of the picture, before more than a similarity is read from them."""


def apply(matrix: Matrix, points: Sequence[tuple[float, float]] | Points) -> Points:
    """Points taken through a matrix; those at the horizon or behind it become infinite."""
    homogeneous = np.column_stack([np.asarray(points, np.float64), np.ones(len(points))]) @ matrix.T
    depth = homogeneous[:, 2:]
    return np.where(depth > 1e-9, homogeneous[:, :2] / np.where(depth > 1e-9, depth, 1), np.inf)


def scaling(size: tuple[int, int], reference: tuple[int, int]) -> Matrix:
    """The matrix from coordinates of one picture size to those of another.

    Args:
        size: ``(height, width)`` of the frame.
        reference: ``(height, width)`` that the coordinates are given in.

    Raises:
        CaptureError: The shapes of the two differ: coordinates of one mean nothing in the other.
    """
    (height, width), (high, wide) = size, reference
    if abs(width * high / (height * wide) - 1) > SAME_SHAPE:
        raise CaptureError(
            f"the camera gives {width}x{height}, coordinates are for {wide}x{high}; "
            "set the camera to that shape or give picture.size and all coordinates anew"
        )
    return np.diag([width / wide, height / high, 1.0])


def fit(before: Points, after: Points, longer: int, *, simple: bool = False) -> Matrix:
    """The simplest movement that takes marks to where they were found.

    One mark gives a shift, two a similarity. With three or more that lie well apart, an affine map is taken where no
    similarity fits, and with four a perspective where no affine map does: the fewer things are free, the fewer can
    be wrong far away from the marks.

    Args:
        before: Where the marks were, shape ``(N, 2)``, N at least 1.
        after: Where they are, shape ``(N, 2)``.
        longer: The picture's longer side in pixels.
        simple: Whether it is a similarity at most.
    """
    if len(before) == 1:
        return shift(*(after - before)[0])
    close = CLOSE * longer
    matrix = _similarity(before, after)
    off = misfit(matrix, before, after)
    if simple or len(before) == 2 or not close < off <= BENT * longer or _area(before) < SPREAD * longer**2:
        return matrix
    matrix = _affine(before, after)
    if (
        len(before) == 3
        or misfit(matrix, before, after) <= close
        or not _is_frame(before, SPREAD * longer**2)
    ):
        return matrix
    found, _ = cv2.findHomography(before, after)
    return matrix if found is None else np.asarray(found, np.float64)


def shift(right: float, down: float) -> Matrix:
    """The matrix of a movement without turn."""
    return np.array([(1, 0, right), (0, 1, down), (0, 0, 1)], np.float64)


def similarity(turn: float, scale: float, centre: tuple[float, float], move: tuple[float, float]) -> Matrix:
    """The matrix of a turn (degrees clockwise, as seen) and scaling about a point, then a shift."""
    cos, sin = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    turned = np.array([(cos, -sin, 0), (sin, cos, 0), (0, 0, 1)], np.float64)
    return shift(centre[0] + move[0], centre[1] + move[1]) @ turned @ shift(-centre[0], -centre[1])


def misfit(matrix: Matrix, before: Points, after: Points) -> float:
    """Pixels between where a matrix takes a mark and where it was found, for the worst one."""
    return float(np.linalg.norm(apply(matrix, before) - after, axis=1).max())


def misfits(matrix: Matrix, before: Points, after: Points, longer: int) -> str:
    """Why marks cannot have been moved so by a camera; empty when they can."""
    off = misfit(matrix, before, after)
    return "" if off <= BENT * longer else f"the marks do not fit together: one is off by {off:.0f} pixels"


def local(matrix: Matrix, point: Points) -> npt.NDArray[np.float64]:
    """How a matrix turns and scales what is close to a point, shape ``(2, 2)``."""
    steps = apply(matrix, point + np.array([(0, 0), (1, 0), (0, 1)]))
    return np.column_stack((steps[1] - steps[0], steps[2] - steps[0]))


def problem(matrix: Matrix, size: tuple[int, int]) -> str:
    """Why a camera cannot have moved so; empty when it can.

    Args:
        matrix: From pixels of a picture of that size to those of another of the same.
        size: The picture's ``(height, width)``.
    """
    height, width = size
    for point in ((0, 0), (width, 0), (width, height), (0, height)):
        part = local(matrix, np.array(point, np.float64))
        if not np.isfinite(part).all() or np.linalg.det(part) <= 0:
            return "the marks have changed places"
        left, (large, small), right = np.linalg.svd(part)
        turn = left @ right
        degrees = float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))
        if abs(degrees) > MAX_TURN:
            return f"the marks say turned by {degrees:.0f} degrees; more than {MAX_TURN:.0f} is not believed"
        if small < MIN_SCALE or large > MAX_SCALE or large / small > MAX_STRETCH:
            return f"the distances between the marks have changed by {max(large, 1 / small) - 1:.0%}"
    return ""


def _similarity(before: Points, after: Points) -> Matrix:
    """Least squares: with x + iy for a point, a turn with scaling is one complex factor."""
    z, w = before @ (1, 1j), after @ (1, 1j)
    factor = np.vdot(z - z.mean(), w - w.mean()) / np.vdot(z - z.mean(), z - z.mean()).real
    offset = w.mean() - factor * z.mean()
    cos, sin = factor.real, factor.imag
    return np.array([(cos, -sin, offset.real), (sin, cos, offset.imag), (0, 0, 1)], np.float64)


def _affine(before: Points, after: Points) -> Matrix:
    solved = np.linalg.lstsq(np.column_stack([before, np.ones(len(before))]), after, rcond=None)[0]
    return np.vstack([solved.T, (0, 0, 1)])


def _area(points: Points) -> float:
    """Area that points span, in square pixels."""
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))


def _is_frame(points: Points, least: float) -> bool:
    """Whether the hull has four corners or more that span an area, any three of them a quarter of it."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    return len(hull) >= 4 and all(_area(np.delete(hull, i, axis=0)) >= least / 4 for i in range(len(hull)))
