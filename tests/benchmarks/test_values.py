"""Displays are drawn alike every time, and what was said of them is judged."""

import numpy as np
import pytest

from lib.drawn.displays import KINDS, displays
from lib.value_cases import number_format
from ocr_edge.config.settings import Region, Value
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.regions.number_format import NumberFormat
from values import fate

NUMBER = Region(value=Value(format="-##0.0"))


def said(value=None, *lines):
    made = tuple(Line(tuple(Character(c, 0.9, Box(0, 0, 1, 1)) for c in line)) for line in lines)
    return Reading("x", made, 0.0, value=value)


def test_displays_are_drawn_alike_every_time_and_their_frames_differ():
    first, again = list(displays(10, frames=2)), list(displays(10, frames=2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.frames[0], other.frames[0])
        assert not np.array_equal(one.frames[0], one.frames[1])
    assert {one.kind for one in first} == set(KINDS)


def test_every_display_shows_a_number_of_its_format():
    for one in displays(60, frames=1):
        assert NumberFormat.parse(one.format).number(one.text)


@pytest.mark.parametrize(
    ("believed", "verdict"),
    [([], "silent"), ([said(-3.4)], "right"), ([said(3.4)], "wrong"), ([said(3.4), said(-3.4)], "wrong")],
)
def test_one_wrong_number_makes_all_wrong(believed, verdict):
    assert fate(NUMBER, [-3.4], believed) == verdict


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (["AB-123"], "right"),
        (["AB124"], "wrong"),
        (["GALLONS OF FUEL"], "silent"),
        (["AB", "123"], "right"),
        (["AB123", "CARS"], "right"),
    ],
)
def test_a_text_is_wrong_where_one_like_it_is_said_in_its_place(lines, verdict):
    assert fate(Region(), ["AB123"], [said(None, *lines)]) == verdict


def test_an_owners_format_has_the_points_place_and_room_for_more_digits():
    assert number_format("46.29") == "###0[.]00"
    assert number_format("00177.21") == "00000[.]00"
    assert number_format("00530") == "00000"
