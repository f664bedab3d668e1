"""Which of several readings of a picture stand."""

from dataclasses import replace

import numpy as np
import pytest

from ocr_edge.contract.types import Box
from ocr_edge.layout.selection import RatedLine, fills, is_settled, select
from ocr_edge.reading import Character, Line
from ocr_edge.recognize.places import Place
from ocr_edge.recognize.saying import Sayer


def rated(text: str, left: int = 10, top: int = 10, height: int = 40, sure: float = 0.97) -> RatedLine:
    """A line of characters 20 pixels wide, 24 apart."""
    characters = tuple(
        Character(char, sure, Box(left + 24 * place, top, 20, height), ((char, sure),))
        for place, char in enumerate(text)
    )
    return RatedLine(Line(characters), np.full(len(text), sure, np.float32))


def texts(*items: RatedLine, scene: bool = False) -> list[str]:
    return sorted(items[index].line.text for index in select(items, scene=scene).kept)


def reasons(*items: RatedLine, scene: bool = False) -> list[str]:
    return list(select(items, scene=scene).why)


def test_of_two_readings_of_one_place_the_surer_stands():
    assert texts(rated("B7", sure=0.8), rated("87", left=12, sure=0.99)) == ["87"]


def test_readings_of_different_places_all_stand():
    assert texts(rated("AB"), rated("CD", top=100), rated("EF", left=200)) == ["AB", "CD", "EF"]


def test_two_lines_read_as_one_do_not_beat_the_sure_reading_of_one_of_them():
    both, one = rated("VRANNALDY", height=80), rated("HDMLSMLDY", height=36)
    doubted = RatedLine(replace(both.line, calibrated=0.2), both.sure)
    assert texts(both, one) == ["VRANNALDY"]
    assert texts(doubted, one) == ["HDMLSMLDY"]


def test_what_is_unsure_is_texture():
    assert texts(rated("abcde", sure=0.4)) == []


@pytest.mark.parametrize("count", [3, 6])
def test_the_joints_of_a_wall_are_no_column_of_ones(count: int):
    assert texts(*(rated("I", left=40 * number) for number in range(count))) == []


def test_a_digit_one_alone_is_believed_but_not_beside_a_longer_line():
    assert texts(rated("1")) == ["1"]
    assert texts(rated("1", left=300), rated("Tax 12".replace(" ", ""))) == ["Tax12"]


def test_in_a_scene_short_lines_must_be_surer_and_one_character_alone_is_none():
    assert texts(rated("96", sure=0.9)) == ["96"]
    assert texts(rated("96", sure=0.9), scene=True) == []
    assert texts(rated("96", sure=0.99), scene=True) == ["96"]
    assert texts(rated("O", sure=0.99), scene=True) == []
    assert texts(rated("texture", sure=0.5), scene=True) == []


def test_the_best_reading_comes_first_and_is_named_by_its_place_among_those_given():
    assert select([rated("AB"), rated("CDEF", top=100)]).kept == (1, 0)


def test_of_each_reading_that_does_not_stand_the_reason_is_told():
    assert reasons(rated("B7", sure=0.8), rated("87", left=12, sure=0.99)) == [
        'covered by a better reading: "87"', ""
    ]  # fmt: skip
    assert reasons(rated("abcde", sure=0.4)) == [
        "too unsure: its shapes are 0.40 sure on average, needed 0.45"
    ]
    assert reasons(rated("O", sure=0.99), scene=True) == ["a character alone, and no sure line beside it"]
    assert reasons(rated("1", left=300), rated("Total")) == [
        "a stroke or two, beside other lines: that is an edge", ""
    ]  # fmt: skip
    low = reasons(rated("ab", top=200, height=10, sure=0.8), rated("Total"), rated("amount", top=100))
    assert low == ["too low beside the other lines, and too short or unsure for that", "", ""]


def test_the_reading_that_covers_another_is_the_one_that_covers_most_of_it():
    whole, end = rated("KMBCYEF", sure=0.99), rated("XYZ", left=178, sure=0.98)
    assert (
        reasons(whole, end, rated("MBCYE", left=34, sure=0.9))[2] == 'covered by a better reading: "KMBCYEF"'
    )


def test_a_crop_is_filled_by_a_sure_line_as_long_as_it_is():
    line = rated("15346")
    assert fills(line, (60, 140))
    assert not fills(line, (60, 400))
    assert not fills(line, (140, 140))
    assert not fills(rated("15346", sure=0.8), (60, 140))


def test_a_line_is_settled_where_most_of_it_was_read():
    pieces = [Box(10, 10, 20, 40), Box(34, 10, 20, 40), Box(200, 10, 20, 40)]
    assert is_settled(pieces, [Box(0, 0, 100, 60)])
    assert not is_settled(pieces, [Box(0, 0, 30, 60)])
    assert not is_settled(pieces, [Box(0, 60, 300, 60)])
    assert not is_settled(pieces, [])


@pytest.mark.parametrize(("has_pattern", "said"), [(False, []), (True, ["-5"])])
def test_two_characters_that_match_a_pattern_need_not_be_as_sure_as_in_any_scene(has_pattern, said):
    place = Place(Box(10, 10, 44, 40), reading=rated("-5", sure=0.85))
    sayer = Sayer(None, has_pattern=has_pattern)
    assert [line.text for _, line in sayer.said([place], (480, 640))] == said


def test_a_character_alone_is_believed_where_a_line_stage_has_read_it():
    alone = rated("4", sure=0.99)
    assert select([alone], scene=True).kept == ()
    assert select([alone], scene=True, doubts=False).kept == (0,)
    unsure = rated("4", sure=0.85)
    assert select([unsure], scene=True, doubts=False).kept == ()
