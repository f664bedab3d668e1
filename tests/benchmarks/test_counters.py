"""Drawn counters stand as the mechanics say, and what is said of them is judged by how far it is from that."""

import pytest

from counters import verdict
from lib.drawn.counters import counters, positions


@pytest.mark.parametrize(
    ("text", "tenth", "expected"),
    [
        ("0123", 0, [0, 1, 2, 3]),
        ("0123", 4, [0, 1, 2, 3.4]),
        ("0199", 5, [0, 1.5, 9.5, 9.5]),
        ("0190", 9, [0, 1, 9, 0.9]),
    ],
)
def test_a_wheel_turns_while_its_right_neighbour_goes_from_9_to_0(text, tenth, expected):
    assert positions(text, tenth) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("said", "judged"),
    [
        ("00531", "right"),
        ("00532", "one too high"),
        ("00530", "one too low"),
        ("0 0531", "right"),
        ("0531", "otherwise wrong"),
        ("00581", "otherwise wrong"),
        ("", "silent"),
    ],
)
def test_a_verdict_is_the_distance_from_the_truth(said, judged):
    assert verdict("00531", said) == judged


def test_after_all_nines_zero_is_one_too_high():
    assert verdict("999", "000") == "one too high"


def test_a_counter_is_the_same_whatever_was_drawn_before():
    missing: list[str] = []
    drawn = {one.name: one for one in counters(4, 3, missing)}
    if len(drawn) < 2:
        pytest.skip("; ".join(missing))
    name = max(drawn)
    again = {one.name: one for one in counters(4, 3)}[name]
    assert (again.image == drawn[name].image).all()
    assert [one.tenth for one in drawn.values()] == [int(one[-1]) for one in drawn]
