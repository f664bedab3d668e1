"""The wheels of a counter in the crop of its window: cut apart, and on each the digits that can be seen. Pure.

A window shows one digit, or the lower part of one and the upper part of the next. Where the paper between two digits
is seen, it tells how far the wheel has turned; so does the end of a digit that stands alone.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.preprocess import luminance, otsu, resize
from ocr_edge.contract.types import Glyph, Image, Polarity

HEIGHT = 64
"""Rows that a window is scaled to: twice what the networks look at, so that a tenth of a turn is several rows."""
EDGE = 0.03
"""Share of the height at the top and at the bottom that is left out: nobody marks a window's corners better."""
SIDE = 0.06
"""Share of a wheel's width on each side that is left out: there the gap to its neighbour is."""
INKED = 0.07
"""Share of a wheel's width from which a row has ink: less is noise or the gap's shadow."""
FRAME = 0.94
"""Share of a wheel's width from which a row at the border is the window's frame, and no digit."""
GAP, GAP_SIDE = 0.9, 0.2
"""Share of the height from which a column is the gap between wheels, and share of a wheel's width in which it may be:
the windows of some meters show it well inside of what an equal share of the width is."""
LEAST = 4
"""Rows from which ink is part of a digit."""
WHOLE = 0.9
"""Height, in heights of a digit, from which a piece of ink is a whole one."""
TIGHT = 0.8
"""Share of the window's height from which ink that it cuts off may be a whole digit: some windows are hardly higher."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A digit, or the part of one that the window shows.

    Attributes:
        middle: Row of the whole digit's middle, which may lie outside of the window.
        seen: Share of its height that is seen, 0 to 1.
        glyph: It, with paper in place of what is not seen.
    """

    middle: float
    seen: float
    glyph: Glyph


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A counter's window.

    Attributes:
        wheels: The pieces of each wheel, from top to bottom.
        height: Rows of a digit.
        middle: Row of the middle of what is looked at.
    """

    wheels: tuple[tuple[Piece, ...], ...]
    height: float
    middle: float


Rows = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Wheel:
    """A wheel's pixels: RGB, ink, and the runs of rows with ink."""

    rgb: Image
    ink: Image
    polarity: Polarity
    runs: tuple[Rows, ...]


def look(image: Image, count: int, polarity: Polarity | None = None) -> Window | None:
    """Find the digits of a counter.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``: the window, from the first wheel's left side to the last one's right.
        count: How many wheels there are, equally wide.
        polarity: Ink against wheel where it is known; else each wheel may be another.

    Returns:
        What is seen; None where no wheel shows a whole digit, or a wheel shows none at all.
    """
    scaled = resize(image, (HEIGHT, max(count * 8, round(image.shape[1] * HEIGHT / image.shape[0]))))
    trim = round(EDGE * HEIGHT)
    scaled = scaled[trim : HEIGHT - trim]
    borders = np.linspace(0, scaled.shape[1], count + 1)
    wheels = [_wheel(scaled, left, right, polarity) for left, right in itertools.pairwise(borders)]
    height = _height(wheels, len(scaled))
    if height is None:
        return None
    found = tuple(_pieces(wheel, height) for wheel in wheels)
    return Window(found, height, len(scaled) / 2) if all(found) else None


def _wheel(image: Image, left: float, right: float, polarity: Polarity | None) -> _Wheel:
    side = SIDE * (right - left)
    first, end = round(left + side), round(right - side)
    rgb = image[:, first:end]
    gray = np.asarray(cv2.GaussianBlur(luminance(rgb), (3, 3), 0), np.uint8)
    ink = otsu(gray, polarity or Polarity.DARK)
    if polarity is None:
        # A digit takes up less of a wheel than its paper does.
        polarity = Polarity.DARK if np.count_nonzero(ink) <= ink.size / 2 else Polarity.LIGHT
        ink = otsu(gray, polarity)
    ink = _without_gaps(ink)
    share = np.count_nonzero(ink, axis=1) / ink.shape[1]
    inked = share >= INKED
    for rows in (range(len(share)), range(len(share) - 1, -1, -1)):
        for row in rows:
            if share[row] < FRAME:
                break
            inked[row] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(np.int8)))
    runs = tuple((a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a >= LEAST)
    return _Wheel(rgb, ink, polarity, runs)


def _without_gaps(ink: Image) -> Image:
    """A wheel's ink without what belongs to the gaps at its sides: upright lines, and specks that stand apart there."""
    width, near = ink.shape[1], max(1, round(GAP_SIDE * ink.shape[1]))
    ink = ink.copy()
    gaps = np.flatnonzero(np.count_nonzero(ink, axis=0) >= GAP * len(ink))
    ink[:, : max([0, *(gaps[gaps < near] + 1)])] = 0
    ink[:, min([width, *gaps[gaps >= width - near]]) :] = 0
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(ink)
    left, right = boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH]
    beside = (right <= near) | (left >= width - near)
    ink[beside[labels]] = 0
    return ink


def _height(wheels: Sequence[_Wheel], rows: int) -> float | None:
    """Rows of a digit: the typical height of ink that the window does not cut off, or hardly."""
    runs = [run for wheel in wheels for run in wheel.runs]
    whole = [b - a for a, b in runs if a > 0 and b < rows and b - a > rows / 3]
    whole = whole or [b - a for a, b in runs if b - a > TIGHT * rows]
    return float(np.median(whole)) if whole else None


def _pieces(wheel: _Wheel, height: float) -> tuple[Piece, ...]:
    rows, found = len(wheel.rgb), []
    for top, bottom in wheel.runs:
        if bottom - top >= WHOLE * height:
            middle = (top + bottom) / 2
        elif (top + bottom) / 2 < rows / 2:
            middle = bottom - height / 2
        else:
            middle = top + height / 2
        found.append(_piece(wheel, top, bottom, middle, height))
    return tuple(found)


def _piece(wheel: _Wheel, top: int, bottom: int, middle: float, height: float) -> Piece:
    first = min(top, round(middle - height / 2))
    end = max(bottom, round(middle + height / 2))
    columns = np.flatnonzero(wheel.ink[top:bottom].any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    paper = np.median(wheel.rgb[wheel.ink == 0], axis=0) if (wheel.ink == 0).any() else wheel.rgb[0, 0]
    rgb = np.empty((end - first, right - left, 3), np.uint8)
    rgb[:] = paper.astype(np.uint8)
    ink = np.zeros((end - first, right - left, 1), np.uint8)
    rgb[top - first : bottom - first] = wheel.rgb[top:bottom, left:right]
    ink[top - first : bottom - first, :, 0] = wheel.ink[top:bottom, left:right]
    seen = min(1.0, (bottom - top) / height)
    return Piece(middle, seen, Glyph(rgb, ink, wheel.polarity))
