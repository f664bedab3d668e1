"""Lines whose characters fall into an upper and a lower half: seven segments, stencils, a scratch across a label."""

import itertools
from collections.abc import Sequence

import numpy as np

from ocr_edge.segment.components import Components
from ocr_edge.segment.lines import Rows

MAX_GAP = 0.35
"""Gap between the halves, in heights of a half."""
MAX_RATIO = 1.6
"""Height of one half in heights of the other."""
MIN_SHARED = 0.5
"""Share of the shorter line's length that both cover."""
MIN_PIECES = 2
"""Pieces of a half line, at least: two specks one above the other are a colon."""


def joined(components: Components, lines: Sequence[Rows]) -> list[Rows]:
    """Lines made of two lines that stand close above each other.

    Args:
        components: Pieces of ink.
        lines: Their lines, as rows of ``components``.

    Returns:
        For each such pair the rows of both, left to right.
    """
    if len(lines) < 2:
        return []
    spans = np.array([_span(components, rows) for rows in lines])
    found = []
    for (upper, a), (lower, b) in itertools.permutations(zip(lines, spans, strict=True), 2):
        height, other = a[3] - a[2], b[3] - b[2]
        shared = min(a[1], b[1]) - max(a[0], b[0])
        if (
            len(upper) + len(lower) > 2 * MIN_PIECES - 1
            and a[3] <= b[2] + 0.15 * min(height, other)
            and b[2] - a[3] <= MAX_GAP * min(height, other)
            and max(height, other) <= MAX_RATIO * min(height, other)
            and shared >= MIN_SHARED * min(a[1] - a[0], b[1] - b[0])
        ):
            rows = np.concatenate([upper, lower])
            found.append(rows[np.argsort(components.left[rows], kind="stable")])
    return found


def _span(components: Components, rows: Rows) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a line; top and bottom are medians."""
    return (
        float(components.left[rows].min()),
        float(components.right[rows].max()),
        float(np.median(components.top[rows])),
        float(np.median(components.bottom[rows])),
    )
