"""Which findings of the guesses at the ink are one line of the picture."""

from dataclasses import replace

import pytest

from ocr_edge.contract.types import Box, Polarity
from ocr_edge.recognize.places import Place, place_of

from .hand_made import a_line, in_a_row, said, scored

LINE = a_line(in_a_row(24, 24, 24, gap=8))  # 88 by 40 pixels


def place(line=LINE):
    return Place(line.box, line.polarity, guesses=[scored(line, [said(A=0.9)] * len(line.candidates))])


def found(left=0, top=0, width=88, height=40):
    return a_line([Box(left, top, width, height)])


@pytest.mark.parametrize(
    "line",
    [LINE, found(3, -2), found(56), found(0, 4, 30, 30), found(0, -2, 200, 46)],
    ids=lambda line: str(line.box),
)
def test_another_finding_of_a_line_belongs_to_its_place(line):
    here = place()
    assert place_of(line, [here]) is here


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (found(0, 44), "the line below"),
        (found(0, 24), "shares less than half of its height"),
        (found(100), "another word on the same line"),
        (found(70), "shares only its end"),
        (found(0, 5, 88, 12), "a rule, or small print"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_line_has_a_place_of_its_own(line, why):
    assert place_of(line, [place()]) is None, why


def test_ink_and_paper_changed_over_are_not_one_line():
    assert place_of(replace(LINE, polarity=Polarity.LIGHT), [place()]) is None


def test_of_several_places_the_one_that_holds_the_line_is_given():
    above, below = place(found(0, -60)), place()
    assert place_of(LINE, [above, below]) is below


def test_where_nothing_was_found_there_is_no_place():
    assert place_of(LINE, []) is None
