"""In which order lines are read: rows from top to bottom, column after column where text stands in columns.

A set of lines is parted at a gutter, and each part again (Nagy and Seth, Hierarchical representation of optically
scanned documents, ICPR 1984). A gutter is whitespace with text on both sides, and a line across it, such as a heading,
parts what is above it from what is below (Breuel, High performance document layout analysis, 2003).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from ocr_edge.reading import Line

MIN_CHARACTERS = 5
"""Characters from which a line shows the tilt of the page."""
MAX_SLOPE = 0.1
"""Steepest tilt that is believed, rows for each column: beyond it the picture was not turned upright."""
MIN_SHARED = 0.5
"""Share of the lower neighbour's height that two parts of one row both cover."""
MIN_GUTTER = 0.6
"""Width of a gutter in typical heights of a line, at least: two or three spaces of print."""
MIN_ROWS = 3
"""Rows that a column has beside another, at least."""
MIN_LENGTH = 12.0
"""Characters in a typical row of a column, at least: prices and labels beside each other are read row by row."""
MIN_FILL = 0.6
"""Share of a column's width that its typical row fills, at least: text runs on, a table's cells do not."""
MAX_ACROSS = 0.25
"""Lines across a gutter, headings and captions, in rows of the page, at most."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where lines stand on the page turned upright, as columns of length ``N`` in pixels, and their characters."""

    left: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]
    top: npt.NDArray[np.float64]
    bottom: npt.NDArray[np.float64]
    length: npt.NDArray[np.float64]

    @property
    def middle(self) -> npt.NDArray[np.float64]:
        return (self.top + self.bottom) / 2


def reading_order(lines: Sequence[Line]) -> list[Line]:
    """Lines as a person reads them.

    Args:
        lines: In any order; parts of one row may be lines of their own.

    Returns:
        The same lines: rows from top to bottom, the parts of a row from left to right, and where running text stands
        in columns, one column after the other. A row of a table or of a receipt stays a row.
    """
    return [lines[index] for index in order(lines)]


def order(lines: Sequence[Line]) -> list[int]:
    """The numbers of lines as ``reading_order`` puts them."""
    if len(lines) < 2:
        return list(range(len(lines)))
    places = _upright(lines, _slope(lines))
    return _ordered(places, np.arange(len(lines)))


@dataclass(frozen=True, slots=True)
class Gutter:
    """Whitespace between two columns.

    Attributes:
        middle: Its column on the page turned upright, in pixels.
        top, bottom: From where to where the columns beside it go.
        slope: The page's tilt, rows for each column.
    """

    middle: float
    top: float
    bottom: float
    slope: float

    def parts(self, before: Line, after: Line) -> bool:
        """Whether it lies between two pieces of a line, the left one first."""
        left, right = before.characters[-1].box, after.characters[0].box
        row = (left.top + left.bottom) / 2
        shift = self.slope * row
        return (
            left.right + shift <= self.middle <= right.left + shift
            and self.top <= row - self.slope * left.right <= self.bottom
        )


def gutters(lines: Sequence[Line]) -> list[Gutter]:
    """The gutters between columns of running text, in pieces of lines that stand in any order."""
    if len(lines) < 2 * MIN_ROWS:
        return []
    slope = _slope(lines)
    places = _upright(lines, slope)
    found: list[Gutter] = []
    parts = [np.arange(len(lines))]
    while parts:
        members = parts.pop()
        cut = _gutter(places, members)
        if cut is None:
            continue
        sides = members[places.right[members] <= cut], members[places.left[members] >= cut]
        top, bottom = float(places.top[members].min()), float(places.bottom[members].max())
        found.append(Gutter(cut, top, bottom, slope))
        parts += sides
    return found


def _upright(lines: Sequence[Line], slope: float) -> _Places:
    """Places of lines on the page turned against its tilt."""
    columns = []
    for line in lines:
        boxes = np.array([c.box.as_list() for c in line.characters], float)
        x, y = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2
        tops = boxes[:, 1] - slope * x
        top, bottom = median(tops.tolist()), median((tops + boxes[:, 3]).tolist())
        shift = slope * float(y.mean())
        left, right = boxes[:, 0].min() + shift, (boxes[:, 0] + boxes[:, 2]).max() + shift
        columns.append((left, right, top, bottom, len(boxes)))
    return _Places(*np.array(columns, float).T)


def _slope(lines: Sequence[Line]) -> float:
    """The typical slope of baselines, long lines counting more."""
    slopes, weights = [], []
    for line in lines:
        boxes = [c.box for c in line.characters]
        if len(boxes) >= MIN_CHARACTERS:
            x = [box.left + box.width / 2 for box in boxes]
            y = [box.top + box.height for box in boxes]
            half = len(boxes) // 2
            wide = median(x[-half:]) - median(x[:half])
            if wide > 0:
                slopes.append((median(y[-half:]) - median(y[:half])) / wide)
                weights.append(wide)
    if not slopes:
        return 0.0
    ranks = np.argsort(slopes)
    share = np.cumsum(np.array(weights)[ranks]) / np.sum(weights)
    slope = float(np.array(slopes)[ranks][np.searchsorted(share, 0.5)])
    return slope if abs(slope) <= MAX_SLOPE else 0.0


def _ordered(places: _Places, members: Rows) -> list[int]:
    """Members in reading order: by columns where there is a gutter, else by rows."""
    cut = _gutter(places, members)
    if cut is None:
        return [index for row in _rows(places, members) for index in row]
    across = members[(places.left[members] < cut) & (places.right[members] > cut)]
    beside = np.setdiff1d(members, across)
    order: list[int] = []
    floor = -np.inf
    for row in [*_rows(places, across), None]:
        ceiling = np.inf if row is None else float(places.middle[row].mean())
        band = beside[(places.middle[beside] > floor) & (places.middle[beside] <= ceiling)]
        for side in (band[places.right[band] <= cut], band[places.left[band] >= cut]):
            order += _ordered(places, side) if len(side) else []
        order += row or []
        floor = ceiling
    return order


def _gutter(places: _Places, members: Rows) -> float | None:
    """A column of whitespace with running text on both sides, the one that fewest lines cross; None without one."""
    if len(members) < 2 * MIN_ROWS:
        return None
    height = float(np.median(places.bottom[members] - places.top[members]))
    half = MIN_GUTTER * height / 2
    left, right = places.left[members], places.right[members]
    most = MAX_ACROSS * len(_rows(places, members))
    best: tuple[int, float] | None = None
    for x in np.unique(right) + half + 0.01:
        crossed = (left < x + half) & (right > x - half)
        count = int(crossed.sum())
        if count > most or (best is not None and count >= best[0]):
            continue
        sides = members[right <= x - half], members[left >= x + half]
        if all(len(side) >= MIN_ROWS for side in sides) and _are_columns(places, *sides):
            best = count, float(x)
    return best[1] if best else None


def _are_columns(places: _Places, first: Rows, second: Rows) -> bool:
    """Whether both are running text, and stand beside each other."""
    high = max(places.top[first].min(), places.top[second].min())
    low = min(places.bottom[first].max(), places.bottom[second].max())
    for side in (first, second):
        near = side[(places.middle[side] > high) & (places.middle[side] < low)]
        if not all(_is_column(places, block) for block in _blocks(places, near)) or not len(near):
            return False
    return True


def _blocks(places: _Places, members: Rows) -> list[Rows]:
    """Members parted wherever no line crosses a gutter: the cells of a table come apart, a column does not."""
    if not len(members):
        return []
    members = members[np.argsort(places.left[members])]
    height = np.median(places.bottom[members] - places.top[members])
    gap = places.left[members][1:] - np.maximum.accumulate(places.right[members])[:-1]
    return np.split(members, np.flatnonzero(gap >= MIN_GUTTER * height) + 1)


def _is_column(places: _Places, members: Rows) -> bool:
    rows = _rows(places, members)
    width = places.right[members].max() - places.left[members].min()
    fill = [(places.right[row] - places.left[row]).sum() / width for row in rows]
    length = [places.length[row].sum() for row in rows]
    return len(rows) >= MIN_ROWS and np.median(length) >= MIN_LENGTH and np.median(fill) >= MIN_FILL


def _rows(places: _Places, members: Rows) -> list[list[int]]:
    """Members that share a row, from left to right; rows from top to bottom.

    A part is compared with the nearest part of a row and not with all of it, so that a curved row stays together.
    """
    rows: list[list[int]] = []
    top, bottom, end = np.zeros(len(members)), np.zeros(len(members)), np.zeros(len(members))
    for index in members[np.argsort(places.left[members], kind="stable")].tolist():
        count = len(rows)
        high = places.bottom[index] - places.top[index]
        shared = np.minimum(bottom[:count], places.bottom[index]) - np.maximum(top[:count], places.top[index])
        shared /= np.minimum(bottom[:count] - top[:count], high)
        shared[end[:count] > places.left[index] + high] = 0
        row = int(shared.argmax()) if count and shared.max() >= MIN_SHARED else count
        if row == count:
            rows.append([])
        rows[row].append(index)
        end[row] = places.right[index]
        # A comma taken for a line of its own must not stand for the row.
        if high >= MIN_SHARED * (bottom[row] - top[row]):
            top[row], bottom[row] = places.top[index], places.bottom[index]
    return sorted(rows, key=lambda row: float(np.average(places.middle[row], weights=places.length[row])))
