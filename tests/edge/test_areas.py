"""Where there may be text: a picture's cells with edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.types import Box
from ocr_edge.segment import areas


def paper(height: int = 480, width: int = 640) -> np.ndarray:
    return np.full((height, width), 200, np.uint8)


def strokes(gray: np.ndarray, left: int, top: int, count: int = 8) -> Box:
    """A row of upright strokes, 24 pixels high."""
    for number in range(count):
        gray[top : top + 24, left + 12 * number : left + 12 * number + 5] = 40
    return Box(left, top, 12 * count, 24)


def test_an_empty_picture_has_no_area():
    assert areas.find(paper()) == []


def test_the_area_of_a_line_holds_it_and_little_else():
    gray = paper()
    line = strokes(gray, 200, 230)
    (area,) = areas.find(gray)
    assert area.union(line) == area
    assert area.width * area.height < 0.1 * gray.size


def test_lines_far_from_each_other_have_areas_that_do_not_touch():
    gray = paper()
    lines = [strokes(gray, 40, 40), strokes(gray, 450, 400)]
    found = areas.find(gray)
    assert len(found) == 2
    assert found[0].overlap(found[1]) == 0
    assert all(any(area.union(line) == area for area in found) for line in lines)


@pytest.mark.parametrize("corner", [(0, 0), (639 - 96, 479 - 24)])
def test_text_at_the_border_is_inside_of_its_area(corner: tuple[int, int]):
    gray = paper(479, 639)
    line = strokes(gray, *corner)
    (area,) = areas.find(gray)
    assert area.union(line) == area
    assert area.right <= 639
    assert area.bottom <= 479


def test_a_picture_full_of_edges_is_one_area():
    rng = np.random.default_rng(1)
    gray = rng.integers(0, 256, (300, 400), np.uint8)
    assert areas.find(gray) == [Box(0, 0, 400, 300)]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_areas_lie_inside_of_any_picture(height: int, width: int, seed: int):
    gray = np.random.default_rng(seed).integers(0, 2, (height, width)).astype(np.uint8) * 90
    for area in areas.find(gray):
        assert area.left >= 0
        assert area.top >= 0
        assert area.right <= width
        assert area.bottom <= height
