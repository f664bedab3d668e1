"""The lines of a picture decide together which way up they stand."""

from types import SimpleNamespace

import pytest

from ocr_edge.recognize.upright import BothWays, chosen, upside_down


def place(confidence):
    return SimpleNamespace(strip=SimpleNamespace(confidence=confidence))


def line(upright, turned=None, *, is_level=True, is_sure=False):
    one, other = (None if said is None else place(said) for said in (upright, turned))
    return BothWays(is_level, one, None if is_sure else lambda: other)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(0.8, 0.9)], False),  # 2000 and 0002 look alike: one line alone does not turn the picture
        ([line(0.1, 0.97)], True),  # rubbish one way, and text the other
        ([line(0.9, is_sure=True), line(0.3, 0.9)], False),  # others are upright
        (
            [line(0.9, is_sure=True), line(0.1, 0.97), line(0.05, 0.95)],
            True,
        ),  # SOS among lines on their heads
        ([line(None, 0.9)], True),
        ([], False),
    ],
)
def test_level_lines_are_upright_unless_most_of_them_say_otherwise(lines, expected):
    assert upside_down(lines, is_level=True) is expected


def test_lines_that_run_upwards_decide_apart_from_level_ones_and_without_a_wish():
    lines = [line(0.9, is_sure=True), line(0.5, 0.6, is_level=False)]
    assert upside_down(lines, is_level=False)
    assert not upside_down(lines, is_level=True)
    assert chosen(lines) == [lines[0].upright, lines[1].turned]


def test_a_line_that_can_be_read_one_way_alone_is_read_so():
    lines = [line(0.9, is_sure=True), line(None, 0.6), line(None, None)]
    assert chosen(lines) == [lines[0].upright, lines[1].turned, None]


def test_lines_are_read_turned_only_until_the_others_cannot_change_the_answer():
    asked = []

    def turn():
        asked.append(1)

    sure, unsure = [line(0.97, is_sure=True)] * 3, [BothWays(True, place(0.4), turn) for _ in range(2)]
    assert chosen([*sure, *unsure]) == [one.upright for one in [*sure, *unsure]]
    assert not asked
    assert not upside_down([*unsure, *unsure[:1]], is_level=True)
    assert 0 < len(asked) < 3


def test_what_a_pattern_refuses_does_not_speak_for_its_other_way():
    number, word = line(0.6, 0.7), line(None, 0.9)  # 58.01 and LITRES, of which digits alone are legal
    assert chosen([number, word], has_pattern=True) == [number.upright, None]
    assert chosen([word, word], has_pattern=True) == [word.turned, word.turned]
