"""Outlines of several looks at one picture made into lines: doubles left out, pieces of one line joined."""

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.detect.quads import Quads

COVERED = 0.4
"""Share of an outline that may lie within a better one; more, and it is the same text or a piece of it."""
APART = 1.3
"""Widest gap between two pieces of a line, in heights of the line: wider ones part columns and fields."""
FAR_APART = 4.0
"""The same where a pattern says what a line is and none was found: a plate may have an emblem in its middle."""
LEVEL = 0.35
"""How far the middle of a piece may lie from the other's middle line, in heights."""
ALIKE = 0.62
"""Least height of a piece beside the other's: a title and the small print beside it are two lines."""
TURNED = 0.14
"""Most that two pieces of a line may be turned against each other, in radians: eight degrees."""

Scores = npt.NDArray[np.float32]


def without_doubles(quads: Quads, preference: Scores) -> list[int]:
    """Which outlines stay where several lie on each other.

    Args:
        quads: Shape ``(N, 4, 2)``.
        preference: Of each, shape ``(N,)``: the greater stays.

    Returns:
        Their numbers, those of greater preference first.
    """
    kept: list[int] = []
    areas = [cv2.contourArea(quad) for quad in quads]
    for number in np.argsort(-preference, kind="stable").tolist():
        others = [
            other
            for other in kept
            if _shared(quads[number], quads[other]) > COVERED * min(areas[number], areas[other])
        ]
        if not others:
            kept.append(number)
    return kept


def joined(quads: Quads, apart: float = APART) -> list[list[int]]:
    """Which outlines are pieces of one line.

    Args:
        quads: Shape ``(N, 4, 2)``, their top side along the text.
        apart: Widest gap, in heights of the line.

    Returns:
        Groups of numbers, each from left to right along its line.
    """
    frames = [_frame(quad) for quad in quads]
    group = list(range(len(quads)))

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for one in range(len(quads)):
        for other in range(one + 1, len(quads)):
            if _are_pieces(frames[one], frames[other], apart):
                group[root(other)] = root(one)
    found: dict[int, list[int]] = {}
    for number in range(len(quads)):
        found.setdefault(root(number), []).append(number)
    for first, members in found.items():
        along = frames[first][1]
        members.sort(key=lambda number: float(frames[number][0] @ along))
    return list(found.values())


def around(quads: Quads) -> Quads:
    """The smallest outline about several, turned as the widest of them: shape ``(4, 2)``."""
    if len(quads) == 1:
        return np.asarray(quads[0], np.float32)
    frames = [_frame(quad) for quad in quads]
    _, along, down, _, _ = max(frames, key=lambda frame: frame[3])
    points = quads.reshape(-1, 2)
    x, y = points @ along, points @ down
    corners = [(x.min(), y.min()), (x.max(), y.min()), (x.max(), y.max()), (x.min(), y.max())]
    return np.array([along * a + down * b for a, b in corners], np.float32)


Frame = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32], float, float]


def _frame(quad: Quads) -> Frame:
    """Middle, direction along and down, width and height of an outline."""
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    width = float(np.linalg.norm(along))
    along = along / max(width, 1e-6)
    down = np.array([-along[1], along[0]], np.float32)
    height = float(np.abs((quad[3] - quad[0] + quad[2] - quad[1]) @ down) / 2)
    return quad.mean(axis=0), along, down, width, height


def _are_pieces(one: Frame, other: Frame, apart: float) -> bool:
    """Whether two outlines stand on one line, near each other."""
    if one[3] < other[3]:
        one, other = other, one
    middle, along, down, width, height = one
    low, high = sorted((height, other[4]))
    # A piece that is hardly wider than high does not say how it is turned.
    if low < ALIKE * high or (other[3] > 2 * other[4] and abs(float(along @ other[2])) > TURNED):
        return False
    between = other[0] - middle
    gap = abs(float(between @ along)) - (width + other[3]) / 2
    return gap < apart * high and abs(float(between @ down)) < LEVEL * high and gap > -high


def _shared(one: Quads, other: Quads) -> float:
    """Area that two outlines share, in square pixels."""
    if (one.max(0) < other.min(0)).any() or (other.max(0) < one.min(0)).any():
        return 0.0
    area, _ = cv2.intersectConvexConvex(cv2.convexHull(one), cv2.convexHull(other))
    return float(area)
