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
MAX_MARK_GAP = 0.6
"""Gap in heights of a letter up to which a comma, full stop or hyphen belongs to it."""
MAX_MARK = 0.65
"""Height of a mark between letters in heights of the letters around it, at most."""
THIN_MARK = 0.3
"""The same for a mark at any height, such as a hyphen."""
MAX_PAIRS = 1 << 20
"""Pairs of pieces compared at once."""

Rows = npt.NDArray[np.intp]


def group(components: Components, picture_height: int) -> list[Rows]:
    """Chain pieces into lines.

    Args:
        components: Pieces sorted by their left edge.
        picture_height: Rows of the picture.

    Returns:
        For each line the rows of its full-height pieces, left to right; lines from top to bottom. Commas, hyphens and
        the like are left out, but what stands behind them is part of the line.
    """
    height = components.height
    body = np.flatnonzero((height >= MIN_HEIGHT) & (height <= max(0.98 * picture_height, MIN_HEIGHT)))
    body = body[components.width[body] <= 8 * height[body]]
    if not len(body):
        return []
    parts = components.take(body)
    end, marks = _ends(components, parts)
    chain, size = np.arange(len(body)), parts.height.astype(float)
    # Twice: a word of small letters alone shows too little height to bridge the gap to the next.
    for _ in range(2):
        for first, second in _neighbours(parts, end, size):
            _join(chain, first, second)
        roots = np.array([_root(chain, index) for index in range(len(body))])
        order = np.argsort(roots, kind="stable")
        chains = np.split(order, np.flatnonzero(np.diff(roots[order])) + 1)
        for members in chains:
            size[members] = np.partition(parts.height[members], -1 - len(members) // 5)[
                -1 - len(members) // 5
            ]
    lines = [body[members[~_marks(parts.take(members))]] for members in chains]
    lines = [rows for rows in lines if len(rows) > 1 or not marks[rows[0]]]
    return sorted(lines, key=lambda rows: float(np.median(components.top[rows] + components.bottom[rows])))


def _neighbours(
    parts: Components, end: npt.NDArray[np.int64], size: npt.NDArray[np.float64]
) -> list[tuple[int, int]]:
    """For each piece the nearest one to the right that continues the line, if there is one."""
    height = parts.height
    reach = end + MAX_GAP * np.maximum(size, MAX_RATIO * height)
    found = [np.zeros((2, 0), np.intp)]
    for first, second in _windows(parts.left, np.arange(1, len(end) + 1), reach):
        taller = np.maximum(height[first], height[second])
        lower = np.minimum(height[first], height[second])
        gap = parts.left[second] - end[first]
        fits = (taller <= MAX_RATIO * lower) & (gap <= MAX_GAP * np.maximum(size[first], size[second]))
        fits &= _shared_height(parts, first, second) >= MIN_OVERLAP * lower
        pairs = np.stack([first[fits], second[fits]])
        ranks = np.lexsort((pairs[1], parts.left[pairs[1]] - parts.right[pairs[0]], pairs[0]))
        found.append(pairs[:, ranks[np.flatnonzero(np.diff(pairs[0][ranks], prepend=-1))]])
    return list(zip(*np.concatenate(found, axis=1).tolist(), strict=True))


def _windows(
    left: npt.NDArray[np.int64], start: Rows, reach: npt.NDArray[np.float64]
) -> list[tuple[Rows, Rows]]:
    """Pairs of an index into ``start`` and one into ``left``, from that start up to the reach, in parts that fit."""
    count = np.maximum(np.searchsorted(left, reach, side="right") - start, 0)
    part = np.cumsum(count) // MAX_PAIRS
    windows = []
    for rows in np.split(np.arange(len(start)), np.flatnonzero(np.diff(part)) + 1):
        first = np.repeat(rows, count[rows])
        offset = np.arange(len(first)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        windows.append((first, start[first] + offset))
    return windows


def _shared_height(parts: Components, first: Rows, second: Rows) -> npt.NDArray[np.int64]:
    bottom = np.minimum(parts.bottom[first], parts.bottom[second])
    return np.asarray(bottom - np.maximum(parts.top[first], parts.top[second]))


def _ends(components: Components, parts: Components) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where each part ends for the next word, behind a mark that follows it; and which components are such marks."""
    marks = np.zeros(len(components.ids), bool)
    end, height = parts.right.copy(), parts.height
    start = np.searchsorted(components.left, parts.right - 1)
    for first, mark in _windows(components.left, start, parts.right + MAX_MARK_GAP * height):
        middle = (parts.top[first] + parts.bottom[first]) / 2
        fits = (components.height[mark] <= MAX_MARK * height[first]) & (
            components.top[mark] >= parts.top[first]
        )
        fits &= (
            (components.top[mark] > middle)
            | (components.bottom[mark] < middle)
            | (components.height[mark] <= THIN_MARK * height[first])
        )
        fits &= components.bottom[mark] <= parts.bottom[first] + 0.4 * height[first]
        fits &= components.width[mark] <= height[first]
        np.maximum.at(end, first[fits], components.right[mark[fits]])
        marks[mark[fits]] = True
    return end, marks


def _marks(line: Components) -> npt.NDArray[np.bool_]:
    """Which pieces of a line are marks between its letters: low and wholly in one half of their neighbours' height."""
    count = len(line.ids)
    if count < 3:
        return np.zeros(count, bool)
    height = line.height
    # Letters around each piece, itself left out, give the height and the middle at its place: lines may be curved.
    near = np.arange(count)[:, None] + np.array([-2, -1, 1, 2])
    near = np.where((near < 0) | (near >= count), np.arange(count)[:, None], near)
    tallest = near[np.arange(count), height[near].argmax(axis=1)]
    typical = np.minimum(height[tallest], np.median(height) * 1.2)
    middle = (line.top[tallest] + line.bottom[tallest]) / 2
    low = height < MAX_MARK * typical
    marks = low & ((line.top > middle) | (line.bottom < middle) | (height < THIN_MARK * typical))
    # Halves of a broken character stand above each other.
    for step in (1, -1):
        other = np.clip(np.arange(count) + step, 0, count - 1)
        shared = np.minimum(line.right, line.right[other]) - np.maximum(line.left, line.left[other])
        marks &= (shared < 0.5 * np.minimum(line.width, line.width[other])) | (other == np.arange(count))
    return np.asarray(marks, np.bool_)


def _root(chain: Rows, index: int) -> int:
    while chain[index] != index:
        chain[index] = chain[chain[index]]
        index = int(chain[index])
    return index


def _join(chain: Rows, first: int, second: int) -> None:
    roots = sorted((_root(chain, first), _root(chain, second)))
    chain[roots[1]] = roots[0]
