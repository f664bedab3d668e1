import numpy as np
import pytest

from ocr_edge.contract.types import Box
from ocr_edge.layout.reading_order import reading_order
from ocr_edge.reading import Character, Line

HEIGHT, PITCH, LEADING = 20, 14, 32


def line(text, left, top, height=HEIGHT, slope=0.0):
    """A line of characters of one width; the height tells the size, the slope moves each one down."""
    pitch = PITCH * height / HEIGHT
    boxes = [
        Box(round(left + i * pitch), round(top + slope * (left + i * pitch)), round(0.8 * pitch), height)
        for i in range(len(text))
    ]
    return Line(tuple(Character(letter, 0.99, box) for letter, box in zip(text, boxes, strict=True)))


def column(name, left, top, rows=8, slope=0.0, length=24):
    return [line(f"{name}{i:0{length - 1}d}", left, top + i * LEADING, slope=slope) for i in range(rows)]


def read(lines, seed=0):
    shuffled = [lines[i] for i in np.random.default_rng(seed).permutation(len(lines))]
    return [one.text for one in reading_order(shuffled)]


def texts(*parts):
    return [one.text for part in parts for one in part]


@pytest.mark.parametrize("slope", [-0.03, 0.0, 0.03])
def test_parts_of_a_row_are_read_from_left_to_right_on_a_tilted_page_too(slope):
    rows = [
        [line(f"{row}{part}" + 6 * "x", 40 + 300 * part, 60 + 30 * row, slope=slope) for part in range(4)]
        for row in range(6)
    ]
    assert read([one for row in rows for one in row]) == texts(*rows)


@pytest.mark.parametrize("slope", [-0.02, 0.0, 0.02])
@pytest.mark.parametrize("shift", [0, 13])
def test_two_columns_are_read_one_after_the_other(slope, shift):
    first, second = column("a", 40, 80, slope=slope), column("b", 440, 80 + shift, slope=slope)
    assert read(first + second) == texts(first, second)


def test_a_gutter_narrower_than_a_line_is_high_parts_columns():
    first = column("a", 40, 80)
    second = column("b", max(one.box.right for one in first) + round(0.7 * HEIGHT), 80)
    assert read(first + second) == texts(first, second)


def test_three_columns_are_read_one_after_the_other():
    columns = [column(name, 40 + 400 * i, 80 + 5 * i) for i, name in enumerate("abc")]
    assert read([one for each in columns for one in each]) == texts(*columns)


def test_a_heading_over_columns_is_read_before_them_and_a_footer_after_them():
    heading, footer = line("heading" * 3, 100, 20, height=36), line("footer" * 8, 60, 620)
    first, second = column("a", 40, 80), column("b", 440, 80)
    assert read([heading, *first, *second, footer]) == texts([heading], first, second, [footer])


def test_a_line_across_two_columns_parts_them():
    first, second = column("a", 40, 80), column("b", 440, 80)
    across = line("across" * 8, 60, 80 + 8 * LEADING)
    third, fourth = column("c", 40, 80 + 9 * LEADING), column("d", 440, 80 + 9 * LEADING)
    lines = [*first, *second, across, *third, *fourth]
    assert read(lines) == texts(first, second, [across], third, fourth)


def test_the_price_of_a_receipt_stays_beside_its_goods():
    rows = [
        [line(f"{i}GOODS" + "x" * 10, 40, 60 + 32 * i), line(f"{i}.50", 480, 60 + 32 * i)] for i in range(9)
    ]
    assert read([one for row in rows for one in row]) == texts(*rows)


def test_the_rows_of_a_table_stay_rows():
    rows = [[line(f"{i}{j}cell", 40 + 140 * j, 60 + 34 * i) for j in range(6)] for i in range(8)]
    assert read([one for row in rows for one in row]) == texts(*rows)


def test_labels_are_read_with_the_values_beside_them():
    rows = [
        [line(f"{i}LABEL", 40, 60 + 40 * i), line(f"{i}value" + "x" * 4 * (i % 3), 260, 58 + 40 * i)]
        for i in range(6)
    ]
    assert read([one for row in rows for one in row]) == texts(*rows)


def test_the_words_of_wide_set_lines_are_no_columns():
    generator = np.random.default_rng(1)
    rows = []
    for row in range(20):
        left, words = 40.0, []
        while left < 900:
            words.append(line(f"{row:02d}" + "x" * int(generator.integers(1, 9)), left, 60 + LEADING * row))
            left = words[-1].box.right + 2 * PITCH
        rows.append(words)
    assert read([one for row in rows for one in row]) == texts(*rows)


def test_a_curved_row_stays_one_row():
    def bend(x):
        return round(24 * np.sin(np.pi * x / 1000))

    rows = [
        [
            line(f"{row}{part}xxxx", 20 + 120 * part, 50 + 34 * row + bend(20 + 120 * part))
            for part in range(8)
        ]
        for row in range(4)
    ]
    assert read([one for row in rows for one in row]) == texts(*rows)


def test_a_comma_taken_for_a_line_does_not_break_its_row():
    row = [line("Lawrence", 40, 60), line("9", 160, 74, height=9), line("Livermore", 185, 60)]
    assert read([*row, line("Laboratory", 40, 95)]) == texts(row, [line("Laboratory", 40, 95)])


def test_no_line_is_lost_or_said_twice_whatever_their_places():
    for seed in range(30):
        generator = np.random.default_rng(seed)
        lines = [
            line(f"{i:03d}", *generator.integers(0, 900, 2).tolist(), height=int(generator.integers(5, 120)))
            for i in range(int(generator.integers(0, 60)))
        ]
        assert sorted(read(lines)) == sorted(texts(lines))
