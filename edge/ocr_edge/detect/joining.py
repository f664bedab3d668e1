"""Outlines of several looks at one picture made into lines: doubles left out, pieces of one line joined."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.detect.quads import Quads, room

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
TURNED, ENDS = 0.14, 0.6
"""Most that two pieces of a line may be turned against each other, in radians: eight degrees; of a short piece, how far
one end may lie above the other, in its heights: "N.," is the more turned the lower its comma hangs."""

ROUND, NARROW = 1.3, 2.6
"""Sides of an outline, the longer in shorter ones, up to which it does not say how it is turned, and up to which one
that stands upright is taken for a character: the outline of a K may stand on a corner, a C is twice as high as wide."""
LONG = 2.0
"""Width in heights of an outline that says how its line is turned: a shorter one may be a character or two."""

Scores = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]


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
    low, high = (np.min(quads, axis=1), np.max(quads, axis=1)) if len(quads) else (quads, quads)
    for number in np.argsort(-preference, kind="stable").tolist():
        meets = ((high[kept] >= low[number]) & (low[kept] <= high[number])).all(axis=1)
        others = (kept[index] for index in np.flatnonzero(meets))
        if not any(
            _shared(quads[number], quads[other]) > COVERED * min(areas[number], areas[other])
            and not _is_at_end(quads[number], quads[other])
            for other in others
        ):
            kept.append(number)
    return kept


def _is_at_end(first: Quads, second: Quads) -> bool:
    """Whether one is something smaller at an end of the other, as a unit that its number's outline takes in."""
    return min(*room(first, second[None]), *room(second, first[None])) < np.inf


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
    for members in found.values():
        along = max((frames[number] for number in members), key=lambda frame: frame.width).along
        members.sort(key=lambda number: float(frames[number].middle @ along))
    return list(found.values())


def around(quads: Quads) -> Quads:
    """The smallest outline about several pieces of a line, turned as they stand beside each other: shape ``(4, 2)``."""
    if len(quads) == 1:
        return np.asarray(quads[0], np.float32)
    frames = [_frame(quad) for quad in quads]
    widest = max(frames, key=lambda frame: frame.width)
    along, down = widest.along, widest.down
    middles = sorted((frame.middle for frame in frames), key=lambda middle: float(middle @ along))
    between = middles[-1] - middles[0]
    if (far := float(np.linalg.norm(between))) > widest.width:  # says it better than one of them
        along = between / far
        down = np.array([-along[1], along[0]], np.float32)
    points = quads.reshape(-1, 2)
    x, y = points @ along, points @ down
    corners = [(x.min(), y.min()), (x.max(), y.min()), (x.max(), y.max()), (x.min(), y.max())]
    return np.array([along * a + down * b for a, b in corners], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """An outline by its middle, unit vectors along and down, and width and height."""

    middle: Vector
    along: Vector
    down: Vector
    width: float
    height: float


def _frame(quad: Quads) -> _Frame:
    """The frame of an outline; one that may be a character or two is taken to stand upright."""
    right = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    under = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    wide, high = float(np.linalg.norm(right)), float(np.linalg.norm(under))
    if abs(right[1]) > abs(right[0]) and wide <= NARROW * high:
        right, under = (under if under[0] > 0 else -under), right
    if max(wide, high) <= ROUND * min(wide, high):
        right, under = np.array([wide, 0], np.float32), np.array([0, high], np.float32)
    width = float(np.linalg.norm(right))
    along = right / max(width, 1e-6)
    down = np.array([-along[1], along[0]], np.float32)
    return _Frame(quad.mean(axis=0), along, down, width, abs(float(under @ down)))


def _are_pieces(one: _Frame, other: _Frame, apart: float) -> bool:
    """Whether two outlines stand on one line, near each other."""
    if one.width < other.width:
        one, other = other, one
    width, height = other.width, other.height
    # Only a long piece says how it is turned.
    turned = max(TURNED, ENDS * height / width)
    if width > LONG * height and abs(float(one.along @ other.down)) > turned:
        if abs(float(one.along @ other.along)) > turned:
            return False
        width, height = (
            height,
            width,
        )  # right across the line: a 1, of which nothing else says that it stands upright
    low, high = sorted((one.height, height))
    if low < ALIKE * high:
        return False
    between = other.middle - one.middle
    gap = abs(float(between @ one.along)) - (one.width + width) / 2
    return gap < apart * high and abs(float(between @ one.down)) < LEVEL * high and gap > -high


def _shared(one: Quads, other: Quads) -> float:
    """Area that two outlines share, in square pixels."""
    area, _ = cv2.intersectConvexConvex(cv2.convexHull(one), cv2.convexHull(other))
    return float(area)
