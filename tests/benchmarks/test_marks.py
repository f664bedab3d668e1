"""Marks: what stands beside what, what became of them, and values that are drawn alike every time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.drawn import ink, marked_values
from lib.scoring import edit_distance, written
from marks import beside, fates

TEXTS = st.text("1a/.", max_size=8)


@given(TEXTS, TEXTS)
def test_texts_are_laid_beside_each_other_with_the_fewest_edits(truth, said):
    pairs = beside(truth, said)
    assert "".join(one for one, _ in pairs) == truth
    assert "".join(other for _, other in pairs) == said
    assert sum(one != other for one, other in pairs) == edit_distance(truth, said)


def test_a_slash_read_as_one_is_taken_for_a_character_and_a_lost_point_is_lost():
    found = fates([("24/11", "24111"), ("12.5 %", "125 0"), ("1-2", "1-2"), ("7:30", "7.30"), ("88", "8.8")])
    assert found["/"].characters == {"1": 1}
    assert (found["."].n, found["."].lost, found["."].invented) == (1, 1, 2)
    assert found["%"].characters == {"0": 1}
    assert (found["-"].n, found["-"].right) == (1, 1)
    assert (found[":"].characters, found[":"].others) == ({}, {".": 1})


def test_a_mark_counts_as_lost_where_it_might_be_either():
    found = fates([("-3", "8")])
    assert (found["-"].lost, found["-"].characters) == (1, {})


def test_written_texts_keep_marks_and_one_space():
    assert written(" -3.4\n °C ") == "-3.4 °C"


def test_displays_show_what_they_are_asked_to_and_refuse_the_rest():
    eight, one = ink.segments("8", 40), ink.segments("1", 40)
    assert eight.sum() > 2.5 * one.sum()
    assert 36 <= eight.shape[0] <= 44
    assert ink.segments("8.8", 40).sum() > 2 * eight.sum()
    assert ink.dots("%", 4).shape[0] == pytest.approx(7 * 4, abs=2)
    with pytest.raises(KeyError):
        ink.segments("%", 40)


def test_lines_below_each_other_keep_their_ink():
    lines = [ink.segments("12", 20), ink.segments("345", 20)]
    both = ink.stacked(lines, 5, centred=True)
    assert both.shape == (lines[0].shape[0] + 5 + lines[1].shape[0], lines[1].shape[1])
    assert both.sum() == pytest.approx(lines[0].sum() + lines[1].sum(), rel=1e-5)


def no_fonts(family, style):
    raise ink.NoFontError(f"{family} is not installed")


def test_a_value_is_drawn_alike_whatever_is_left_out(monkeypatch):
    monkeypatch.setattr(marked_values, "font_file", no_fonts)
    missing = []
    few, many = list(marked_values.values(5)), list(marked_values.values(20, missing=missing))
    assert [one.medium for one in few] == ["segments", "dots"]
    assert "is not installed" in missing[0]
    for one, other in zip(few, many, strict=False):
        assert (one.name, one.text) == (other.name, other.text)
        assert np.array_equal(one.image, other.image)
    assert any(mark in one.text for one in many for mark in marked_values.MARKS)
    assert {one.text for one in many} != {one.text for one in marked_values.values(20, seed=12)}
