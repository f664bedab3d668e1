"""Where a line's characters stand in its strip: from the time steps that name them to columns and rows of ink. Pure."""

import itertools
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP
from ocr_edge.contract.types import Box, Image

REACH = LINE_HEIGHT
"""Columns that a character takes at most to either side of its step: no letter is wider than two line heights."""
AWAY = 0.25
"""Rows of ink that a border between two characters may cross less for each column that it lies off the middle."""

Columns = tuple[int, int]
"""First column of a strip, and the first column after."""


def columns(steps: Sequence[int], width: int, binary: Image | None = None) -> list[Columns]:
    """Share a strip among its characters: each reaches half-way to its neighbours.

    Args:
        steps: The step at which each label is read, rising; spaces among them keep words apart.
        width: Columns of the strip.
        binary: uint8, shape ``(32, width, 1)``, ink 255; with it borders move to where they cross little ink.

    Returns:
        One a label, in order, at least one column wide each.
    """
    centres = [min(STEP * step + STEP // 2, width - 1) for step in steps]
    rows = None if binary is None else np.count_nonzero(binary.reshape(len(binary), -1), axis=0)
    borders = [0]
    for left, right in itertools.pairwise(centres):
        middle = (left + right + 1) // 2
        if rows is not None and right - left > 1:
            place = np.arange(left + 1, right + 1)
            middle = int(place[np.argmin(rows[left + 1 : right + 1] + AWAY * np.abs(place - middle))])
        borders.append(middle)
    borders.append(width)
    result = []
    for centre, left, right in zip(centres, borders[:-1], borders[1:], strict=True):
        first = min(max(left, centre - REACH), width - 1)
        result.append((first, max(min(right, centre + REACH), first + 1)))
    return result


def tighten(span: Columns, binary: Image) -> Columns:
    """The columns of a span from its first to its last with ink; the whole span where there is none.

    Args:
        span: Columns of the strip.
        binary: uint8, shape ``(H, W, 1)`` or ``(H, W)``, ink 255.
    """
    first, end = span
    inked = np.flatnonzero(binary[:, first:end].any(axis=0).ravel())
    return (first + int(inked[0]), first + int(inked[-1]) + 1) if len(inked) else span


def extent(span: Columns, binary: Image) -> tuple[int, int]:
    """The rows of a span with ink, first and first after; all rows where there is none. Arguments as ``tighten``."""
    first, end = span
    inked = np.flatnonzero(binary[:, first:end].reshape(len(binary), -1).any(axis=1))
    return (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, len(binary))


def box(first: int, end: int, binary: Image) -> Box:
    """The smallest box, in strip pixels, around the ink of some columns; ``binary`` as in ``tighten``."""
    left, right = tighten((first, end), binary)
    top, bottom = extent((left, right), binary)
    return Box(left, top, right - left, bottom - top)
