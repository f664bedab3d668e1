"""Lines whose characters fall into an upper and a lower half."""

import numpy as np
import pytest

from ocr_edge.segment import components, halves, lines


def found(*rows: tuple[int, int, int]) -> tuple[components.Components, list[lines.Rows]]:
    """Rows of five bars each, given as top, height and left; and the lines they are grouped into."""
    gray = np.full((160, 300), 220, np.uint8)
    for top, height, left in rows:
        for number in range(5):
            gray[top : top + height, left + 40 * number : left + 40 * number + 20] = 30
    pieces = components.find(np.where(gray < 100, np.uint8(255), np.uint8(0)), components.edges(gray))
    return pieces, lines.group(pieces, 160)


def test_two_halves_close_above_each_other_are_one_line():
    pieces, grouped = found((40, 26, 30), (70, 26, 30))
    assert len(grouped) == 2
    (whole,) = halves.joined(pieces, grouped)
    assert len(whole) == 10
    assert (np.diff(pieces.left[whole]) >= 0).all()


@pytest.mark.parametrize(
    "below",
    [
        pytest.param((90, 26, 30), id="far below"),
        pytest.param((70, 60, 30), id="much higher"),
        pytest.param((70, 26, 250), id="beside it"),
    ],
)
def test_other_lines_are_left_alone(below: tuple[int, int, int]):
    pieces, grouped = found((40, 26, 30), below)
    assert halves.joined(pieces, grouped) == []


def test_one_line_has_no_other_half():
    pieces, grouped = found((40, 26, 30))
    assert halves.joined(pieces, grouped) == []
