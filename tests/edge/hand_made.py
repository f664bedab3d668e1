"""Lines made by hand, with scores made by hand: what the segmenter and the network would have said."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract import confusables
from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box, Glyph, Polarity, Scores
from ocr_edge.segment.candidates import Candidate, CandidateLine
from ocr_edge.segment.lattice import Scored

GLYPH = Glyph(np.zeros((4, 4, 3), np.uint8))
SHAPES = confusables.groups(DEFAULT)
UNSEEN = np.full(len(DEFAULT), np.nan, np.float32)
"""What is said of a candidate that was not asked for."""


def said(nothing: float = 0.01, **chances: float) -> npt.NDArray[np.float32]:
    """Log-probabilities of one candidate: these labels (a digit as ``_0``), no character, the rest spread evenly."""
    left = 1 - nothing - sum(chances.values())
    row = np.full(len(DEFAULT), left / (len(DEFAULT) - len(chances)), np.float32)
    for label, chance in chances.items():
        row[DEFAULT.index(label.removeprefix("_"))] = chance
    return np.log(row)


JUNK = said(nothing=0.97)


def a_line(
    pieces: Sequence[Box], spans: Sequence[tuple[int, int]] = (), primary: Sequence[tuple[int, int]] = ()
) -> CandidateLine:
    """A line of these pieces; without spans each is one candidate, and without ``primary`` all are."""
    spans = spans or [(index, index + 1) for index in range(len(pieces))]
    found = []
    for first, last in spans:
        box = pieces[first]
        for piece in pieces[first + 1 : last]:
            box = box.union(piece)
        found.append(Candidate(box, lambda: GLYPH, first, last, not primary or (first, last) in primary))
    height = float(np.median([piece.height for piece in pieces]))
    return CandidateLine(tuple(found), tuple(pieces), height, Polarity.DARK)


def in_a_row(*widths: int, gap: int = 8, height: int = 40, left: int = 0) -> list[Box]:
    """Pieces of these widths on one baseline; with a gap of 0 they are cuts of one blob."""
    boxes = []
    for width in widths:
        boxes.append(Box(left, 0, width, height))
        left += width + gap
    return boxes


def scored(line: CandidateLine, rows: Sequence[Scores]) -> Scored:
    """A line with one row of scores for each of its candidates."""
    scores = np.stack(rows)
    return Scored(line, scores, confusables.sureness(scores, SHAPES))
