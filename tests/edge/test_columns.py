"""Lines over two columns of print come apart at the gutter, and others stay whole."""

from dataclasses import replace

import pytest

from ocr_edge.layout.columns import parted
from ocr_edge.layout.reading_order import reading_order
from tests.edge.test_reading_order import HEIGHT, LEADING, column, line, texts


def over(first, second):
    """Two lines beside each other, found as one."""
    start = replace(second.characters[0], space_before=True)
    return replace(first, characters=(*first.characters, start, *second.characters[1:]))


@pytest.mark.parametrize("slope", [-0.02, 0.0, 0.02])
@pytest.mark.parametrize("spanning", [{3}, {0, 1, 2, 3, 5, 7}])
def test_lines_over_a_narrow_gutter_come_apart(slope, spanning):
    first = column("a", 40, 80, slope=slope)
    second = column("b", first[0].box.right + round(0.8 * HEIGHT), 80, slope=slope)
    page = []
    for row, (one, other) in enumerate(zip(first, second, strict=True)):
        page += [over(one, other)] if row in spanning else [one, other]
    assert [each.text for each in reading_order(parted(page))] == texts(first, second)


def test_a_heading_over_the_columns_stays_whole():
    first = column("a", 40, 80)
    second = column("b", first[0].box.right + round(0.8 * HEIGHT), 80)
    heading = line("heading" * 4, 150, 20, height=30)
    assert [each.text for each in parted([heading, *first, *second])] == texts([heading], first, second)


def test_goods_and_prices_stay_one_line():
    rows = [over(line("goods", 40, 80 + i * LEADING), line("1.99", 400, 80 + i * LEADING)) for i in range(8)]
    assert [each.text for each in parted(rows)] == texts(rows)


def test_few_lines_with_a_wide_gap_stay_whole():
    rows = [
        over(line("a" * 20, 40, 80 + i * LEADING), line("b" * 20, 360, 80 + i * LEADING)) for i in range(2)
    ]
    assert [each.text for each in parted(rows)] == texts(rows)
