"""Where a strip that is wider than the network takes is cut."""

from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP
from ocr_edge.contract.types import Image

OVERLAP = LINE_HEIGHT
"""Columns that a piece sees beyond a cut at most: a wide character and half its neighbour."""
WORD_GAP = 8
"""Columns of a gap that is taken for one between words: a quarter of the height."""
LETTER_GAP = 3
"""Columns of the narrowest gap that is cut at. Two would be the blur between letters that touch."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a strip that is read on its own. All columns but the strip's last are multiples of ``STEP``.

    Attributes:
        left: First column that the network sees.
        start: First column that this piece answers for.
        end: Column after the last that it answers for; the next piece's ``start``.
        right: Column after the last that the network sees.
    """

    left: int
    start: int
    end: int
    right: int

    def of(self, rgb: Image, binary: Image) -> tuple[Image, Image]:
        """What the network sees of a strip."""
        return rgb[:, self.left : self.right], binary[:, self.left : self.right]


def pieces(binary: Image, widest: int) -> list[Piece]:
    """Cut a strip into pieces that the network can take: one where it is narrow enough.

    Cuts lie in gaps between words, else between letters, the nearest to even parts. Both pieces see some columns beyond
    the cut, without which neither would see that a space is there.

    Args:
        binary: uint8, shape ``(32, w, 1)``, ink 255.
        widest: Most columns of a piece, a multiple of ``STEP``.
    """
    columns = binary.shape[1]
    if columns <= widest:
        return [Piece(0, 0, columns, columns)]
    gaps = _gaps(binary)
    overlap = min(OVERLAP, widest // 4 // STEP * STEP)
    core = widest - 2 * overlap
    found: list[Piece] = []
    left = start = 0
    while columns - left > widest:
        left_over = columns - start
        even = start + min(_up(left_over // -(-left_over // core)), core)
        cut = _cut(gaps, even, start + core // 2, start + core)
        found.append(Piece(left, start, cut, min(cut + overlap, columns)))
        left, start = cut - overlap, cut
    return [*found, Piece(left, start, columns, columns)]


def _gaps(binary: Image) -> list[tuple[int, int]]:
    """Runs of columns without ink: first column, and column after the last."""
    empty = np.concatenate([[False], ~binary.any(axis=(0, 2)), [False]])
    edges = np.flatnonzero(np.diff(empty.astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _cut(gaps: list[tuple[int, int]], even: int, first: int, last: int) -> int:
    """Where to cut: where a gap begins, so that what it stands for, a space or nothing, is the second piece's."""
    for least in (WORD_GAP, LETTER_GAP):
        starts = [_up(begin) for begin, end in gaps if end - begin >= least and first <= _up(begin) <= last]
        if starts:
            return min(starts, key=lambda start: abs(start - even))
    return even


def _down(column: int) -> int:
    """The multiple of ``STEP`` at or before a column."""
    return column // STEP * STEP


def _up(column: int) -> int:
    """The multiple of ``STEP`` at or after a column."""
    return -_down(-column)
