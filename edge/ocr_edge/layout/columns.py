"""Lines that run from one column of print into the next, parted at the gutter between them. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_edge.layout.reading_order import MIN_GUTTER, Gutter, gutters
from ocr_edge.reading import Line


def parted(lines: Sequence[Line]) -> list[Line]:
    """Lines, those that run across a gutter in parts.

    Where columns are narrowly set, some of their lines are found as one line over both. A gutter shows in the lines
    beside them: so all lines are thought to come apart at every wide gap, and those in a gutter stay apart.

    Args:
        lines: Level, in any order, with boxes in one picture's pixels.

    Returns:
        In the same order, the parts of a line from left to right.
    """
    pieces = [_at_gaps(line) for line in lines]
    if all(len(each) == 1 for each in pieces):
        return list(lines)
    found = gutters([piece for each in pieces for piece in each])
    return [part for each in pieces for part in _joined(each, found)]


def _at_gaps(line: Line) -> list[Line]:
    """A line in pieces, parted at all gaps that may be a gutter."""
    boxes = [character.box for character in line.characters]
    least = MIN_GUTTER * float(np.median([box.height for box in boxes]))
    ends = np.maximum.accumulate([box.right for box in boxes])
    starts = [place for place in range(1, len(boxes)) if boxes[place].left - ends[place - 1] >= least]
    return _cut(line, starts)


def _joined(pieces: Sequence[Line], found: Sequence[Gutter]) -> list[Line]:
    """Pieces of a line, together again where no gutter lies between them."""
    parts: list[list[Line]] = [[pieces[0]]]
    for before, after in itertools.pairwise(pieces):
        if any(gutter.parts(before, after) for gutter in found):
            parts.append([])
        parts[-1].append(after)
    return [
        replace(group[0], characters=tuple(itertools.chain(*(piece.characters for piece in group))))
        for group in parts
    ]


def _cut(line: Line, starts: Sequence[int]) -> list[Line]:
    """A line cut before some of its characters."""
    borders = [0, *starts, len(line.characters)]
    return [replace(line, characters=line.characters[a:b]) for a, b in itertools.pairwise(borders)]
