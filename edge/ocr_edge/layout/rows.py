"""The rows of a text that goes over several: lines put into rows, and a picture cut between its rows. Pure."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Image

SHARED = 0.5
"""Share of the lower one's height that two parts of one row both cover."""
COVERED = 0.35
"""Share of the smaller of two boxes from which both are findings of one line."""
LEASTS = (0.45, 0.7)
"""Heights, in equal shares of the text's, that every row has at least; both are tried. Plates have a low row above a
high one, but a frame or an edge of the plate is quieter than what is between two rows."""
QUIET = 0.15
"""Share of a row's busiest line of pixels below which a line of pixels is beside its text."""


def in_rows(boxes: Sequence[Box]) -> list[list[int]]:
    """Put boxes of lines into rows.

    Args:
        boxes: In any order.

    Returns:
        Their numbers, rows from top to bottom, each from left to right.
    """
    rows: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: boxes[i].top + boxes[i].height / 2):
        box = boxes[index]
        for row in rows:
            other = boxes[row[-1]]
            shared = min(box.bottom, other.bottom) - max(box.top, other.top)
            if shared >= SHARED * min(box.height, other.height):
                row.append(index)
                break
        else:
            rows.append([index])
    return [sorted(row, key=lambda i: boxes[i].left) for row in rows]


def apart(boxes: Sequence[Box]) -> list[int]:
    """The numbers of boxes that cover none that came before them."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        areas = [
            (box.overlap(boxes[i]), min(box.width * box.height, boxes[i].width * boxes[i].height))
            for i in kept
        ]
        if all(overlap < COVERED * area for overlap, area in areas):
            kept.append(index)
    return kept


def bands(gray: Image, count: int) -> Iterator[list[Box]]:
    """Cut a picture between its rows, where it changes least from left to right.

    Args:
        gray: uint8, shape ``(H, W)``: the rows, and little else but paper.
        count: How many rows there are.

    Yields:
        Ways to cut it, each once: one box a row, as wide as all of them, from the first to the last line of pixels with
        text.
    """
    change = np.abs(cv2.Sobel(gray, cv2.CV_32F, 1, 0))
    top, bottom = _busy_part(change.mean(axis=1))
    left, right = _busy_part(change[top:bottom].mean(axis=0))
    busy = np.asarray(change[top:bottom, left:right].mean(axis=1), np.float64)
    tried: list[list[int]] = []
    for share in LEASTS:
        least = max(4, round(share * len(busy) / count))
        if least * count > len(busy):
            continue
        cuts = _cuts(busy, count, least)
        if cuts in tried:
            continue
        tried.append(cuts)
        found = []
        for first, end in itertools.pairwise((0, *cuts, len(busy))):
            start, stop = _busy_part(busy[first:end])
            found.append(Box(left, top + first + start, right - left, stop - start))
        yield found


def _busy_part(busy: npt.NDArray[np.floating[Any]]) -> tuple[int, int]:
    """From the first to the last line of pixels in which something changes."""
    lines = np.flatnonzero(busy >= QUIET * busy.max())
    return int(lines[0]), int(lines[-1]) + 1


def _cuts(busy: npt.NDArray[np.float64], count: int, least: int) -> list[int]:
    """The quietest lines to cut at, each row at least so high (exact, by dynamic programming)."""
    height = len(busy)
    cost = np.full((count, height), np.inf)
    back = np.zeros((count, height), np.intp)
    cost[0, 0] = 0.0
    for row in range(1, count):
        best, where = np.inf, 0
        for at in range(row * least, height - (count - row) * least + 1):
            if cost[row - 1, at - least] < best:
                best, where = cost[row - 1, at - least], at - least
            cost[row, at], back[row, at] = best + busy[at], where
    cuts, at = [], int(cost[count - 1].argmin())
    for row in range(count - 1, 0, -1):
        cuts.append(at)
        at = int(back[row, at])
    return cuts[::-1]
