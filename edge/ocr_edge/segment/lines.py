"""Group pieces of ink into lines of text: neighbours of similar height that stand side by side."""

import numpy as np
import numpy.typing as npt

from ocr_edge.segment.components import Components

MIN_HEIGHT = 8
"""Pixels, at working scale, under which a piece cannot start a line: it may still be a dot of one."""
MAX_GAP = 1.3
"""Widest gap between neighbours of a line, in heights of the taller one: a little more than a word space."""
MAX_RATIO = 2.6
"""Tallest neighbour in heights of the lower one: an ascender with a small letter is about 1.5."""
MIN_OVERLAP = 0.45
"""Share of the lower neighbour's height that both must cover."""

Rows = npt.NDArray[np.intp]


def group(components: Components, picture_height: int) -> list[Rows]:
    """Chain pieces into lines.

    Args:
        components: Pieces sorted by their left edge.
        picture_height: Rows of the picture.

    Returns:
        For each line the rows of its full-height pieces, left to right; lines from top to bottom.
    """
    height = components.height
    body = np.flatnonzero((height >= MIN_HEIGHT) & (height <= max(0.98 * picture_height, MIN_HEIGHT)))
    body = body[components.width[body] <= 8 * height[body]]
    if not len(body):
        return []
    parts = components.take(body)
    chain = np.arange(len(body))
    for index in range(len(body)):
        neighbour = _right_neighbour(parts, index)
        if neighbour >= 0:
            _join(chain, index, neighbour)
    roots = np.array([_root(chain, index) for index in range(len(body))])
    lines = [body[np.flatnonzero(roots == root)] for root in np.unique(roots)]
    return sorted(lines, key=lambda rows: float(np.median(components.top[rows] + components.bottom[rows])))


def _right_neighbour(parts: Components, index: int) -> int:
    """The nearest piece to the right that continues the line, or -1."""
    height = parts.bottom[index] - parts.top[index]
    reach = parts.right[index] + MAX_GAP * MAX_RATIO * height
    stop = int(np.searchsorted(parts.left, reach, side="right"))
    others = np.arange(index + 1, stop)
    if not len(others):
        return -1
    high = parts.bottom[others] - parts.top[others]
    taller, lower = np.maximum(high, height), np.minimum(high, height)
    shared = np.minimum(parts.bottom[others], parts.bottom[index]) - np.maximum(
        parts.top[others], parts.top[index]
    )
    gap = parts.left[others] - parts.right[index]
    fits = (taller <= MAX_RATIO * lower) & (shared >= MIN_OVERLAP * lower) & (gap <= MAX_GAP * taller)
    if not fits.any():
        return -1
    return int(others[fits][np.argmin(gap[fits])])


def _root(chain: npt.NDArray[np.intp], index: int) -> int:
    while chain[index] != index:
        chain[index] = chain[chain[index]]
        index = int(chain[index])
    return index


def _join(chain: npt.NDArray[np.intp], first: int, second: int) -> None:
    roots = sorted((_root(chain, first), _root(chain, second)))
    chain[roots[1]] = roots[0]
