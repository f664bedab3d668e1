"""The ways to cut a line that are offered: broken characters joined, up to four parts of them, no more."""

import numpy as np
import pytest

from ocr_edge.contract.types import Polarity
from ocr_edge.segment.candidates import build
from ocr_edge.segment.components import edges, find

HEIGHT = 60


def line_of(*strokes):
    """The lattice of upright strokes given by their left and right columns."""
    ink = np.zeros((HEIGHT + 40, max(right for _, right in strokes) + 20), np.uint8)
    for left, right in strokes:
        ink[20 : 20 + HEIGHT, left:right] = 255
    pieces = find(ink, edges(ink))
    picture = np.repeat(255 - ink[..., None], 3, axis=2)
    rows = np.argsort(pieces.left, kind="stable")
    assert len(rows) == len(strokes)
    return build(picture, pieces, rows, Polarity.DARK)


def evenly(count, width, gap):
    return [(20 + index * (width + gap), 20 + index * (width + gap) + width) for index in range(count)]


def joined(line):
    return {(c.first, c.last) for c in line.candidates if c.last - c.first > 1}


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_character_broken_in_up_to_four_parts_is_offered_whole(count):
    assert (0, count) in joined(line_of(*evenly(count, 8, 6)))


def test_more_than_four_parts_are_never_one_character():
    spans = joined(line_of(*evenly(6, 5, 4)))
    assert max(last - first for first, last in spans) == 4


def test_every_run_of_parts_is_offered_and_none_is_plain():
    line = line_of(*evenly(3, 8, 6))
    assert joined(line) == {(0, 2), (0, 3), (1, 3)}
    assert [(c.first, c.last) for c in line.candidates if c.primary] == [(0, 1), (1, 2), (2, 3)]


def test_a_part_far_off_belongs_to_another_character():
    assert joined(line_of((20, 28), (34, 42), (70, 78))) == {(0, 2)}


def test_what_is_too_wide_for_one_character_is_not_joined():
    assert joined(line_of((20, 55), (61, 96))) == set()


def test_a_joined_glyph_shows_the_ink_of_all_its_parts_and_of_no_other():
    line = line_of(*evenly(3, 8, 6))
    both = next(c for c in line.candidates if (c.first, c.last) == (0, 2))
    assert both.box == line.pieces[0].union(line.pieces[1])
    columns = np.flatnonzero(both.glyph.binary[..., 0].any(axis=0))
    assert len(columns) == 16
    assert columns[-1] - columns[0] == both.box.width - 1


def test_candidates_are_ordered_by_their_first_and_last_piece():
    spans = [(c.first, c.last) for c in line_of(*evenly(4, 8, 6)).candidates]
    assert spans == sorted(set(spans))
