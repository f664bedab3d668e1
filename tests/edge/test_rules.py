import time

import cv2
import numpy as np
import pytest

from ocr_edge.segment import rules
from ocr_edge.segment.components import edges, find

HEIGHT = 40
SHAPES = {
    "H": [(0, 0, 6, 40), (22, 0, 6, 40), (0, 17, 28, 6)],
    "E": [(0, 0, 6, 40), (0, 0, 26, 6), (0, 17, 22, 6), (0, 34, 26, 6)],
    "T": [(0, 0, 28, 6), (11, 0, 6, 40)],
    "L": [(0, 0, 6, 40), (0, 34, 24, 6)],
    "I": [(0, 0, 6, 40)],
    "y": [(0, 12, 6, 22), (18, 12, 6, 42), (0, 28, 24, 6)],
}


def word(letters, left=30, top=40, size=(120, 420), scale=1):
    """Ink of block letters; no fixture may depend on how OpenCV draws text."""
    ink, x = np.zeros(size, np.uint8), left
    for letter in letters:
        for dx, dy, wide, high in SHAPES[letter]:
            y = top + dy * scale
            ink[y : y + high * scale, x + dx * scale : x + (dx + wide) * scale] = 255
        x += 36 * scale
    return ink


def pieces(ink):
    """Boxes of what is left as letters, from left to right."""
    gray = np.where(ink > 0, np.uint8(20), np.uint8(230))
    found = find(ink, edges(gray))
    tall = np.flatnonzero(found.height >= 0.6 * HEIGHT)
    return [(int(found.left[i]), int(found.right[i]), int(found.height[i])) for i in tall]


def lost(before, after):
    return np.count_nonzero((before > 0) & (after == 0)) / np.count_nonzero(before)


@pytest.mark.parametrize("letters", ["HETLITELH", "IIIIIIIII", "EEEEEEEEE", "TTTTTTTTT"])
@pytest.mark.parametrize("scale", [1, 2, 7])
def test_strokes_of_letters_of_any_size_are_no_rules(letters, scale):
    ink = word(letters, 30, 40, (120 * scale, 420 * scale), scale)
    assert np.array_equal(rules.remove(ink, HEIGHT * scale), ink)


@pytest.mark.parametrize("scale", [3, 7])
def test_a_heading_over_small_text_is_kept(scale):
    page = np.zeros((900, 3000), np.uint8)
    page[20 : 20 + 60 * scale, :] = word("HETLITELH", 30, 10, (60 * scale, 3000), scale)
    for row in range(6):
        page[500 + 60 * row : 560 + 60 * row] = word("HETLITELH" * 8, 30, 10, (60, 3000))
    gray = np.where(page > 0, np.uint8(20), np.uint8(230))
    found = find(page, edges(gray))
    assert np.count_nonzero(found.height == HEIGHT * scale) == 9


@pytest.mark.parametrize("degrees", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("thickness", [2, 4])
def test_an_underline_that_touches_every_letter_goes_and_the_letters_stay(degrees, thickness):
    letters = word("HETHELITH", 40, 40, (140, 440))
    line = np.zeros_like(letters)
    line[79 : 79 + thickness, 20:400] = 255
    turn = cv2.getRotationMatrix2D((220, 70), degrees, 1)
    letters, line = (
        cv2.warpAffine(part, turn, (440, 140), flags=cv2.INTER_NEAREST) for part in (letters, line)
    )
    ink = np.maximum(letters, line)
    assert len(pieces(letters)) == 9
    found = pieces(ink)
    assert len(found) == 9
    for (left, right, high), (a, b, c) in zip(found, pieces(letters), strict=True):
        assert max(abs(left - a), abs(right - b), abs(high - c)) <= 4
    assert lost(letters, rules.remove(ink, HEIGHT)) < 0.12


def test_a_descender_that_crosses_an_underline_stays_whole():
    letters = word("HyHyHyHyH")
    ink = letters.copy()
    ink[84:87, 20:380] = 255
    assert [high for _, _, high in pieces(ink)] == [high for _, _, high in pieces(letters)]


@pytest.mark.parametrize("inset", [0, 6])
def test_a_box_around_a_word_goes(inset):
    letters = word("HETHELITH")
    ink = letters.copy()
    top, bottom, left, right = 38 - inset, 82 + inset, 20, 358
    for window in (ink[top : top + 3, left:right], ink[bottom - 3 : bottom, left:right]):
        window[:] = 255
    for window in (ink[top:bottom, left : left + 3], ink[top:bottom, right - 3 : right]):
        window[:] = 255
    found = pieces(ink)
    assert len(found) == 9
    assert all(abs(a[0] - b[0]) <= 3 for a, b in zip(found, pieces(letters), strict=True))


def test_a_table_around_words_goes_and_the_words_that_touch_it_stay():
    page = np.zeros((500, 900), np.uint8)
    for row in range(5):
        for column in range(2):
            page[50 + 80 * row : 110 + 80 * row, 40 + 420 * column : 440 + 420 * column] |= word(
                "HETHELITH", 20, 18, (60, 400)
            )
    letters = page.copy()
    for row in range(6):
        page[35 + 80 * row : 38 + 80 * row, 20:880] = 255
    for x in (20, 450, 877):
        page[35:438, x : x + 3] = 255
    page[108:111, 20:880] = 255
    assert len(pieces(letters)) == 90
    assert len(pieces(page)) == 90


def test_the_bars_of_a_seven_segment_display_stay():
    level = [(6, y, 40, 8) for y in (0, 46, 92)]
    bars = level + [(x, y, 8, 42) for x in (0, 44) for y in (6, 52)]
    ink = np.zeros((140, 500), np.uint8)
    for digit in range(6):
        for x, y, wide, high in bars:
            ink[20 + y : 20 + y + high, 20 + 75 * digit + x : 20 + 75 * digit + x + wide] = 255
    assert np.array_equal(rules.remove(ink, 100), ink)
    assert np.array_equal(rules.remove(ink, 42), ink)


def test_a_block_of_text_run_together_is_no_character():
    ink = np.zeros((600, 600), np.uint8)
    for row in range(12):
        ink[40 + 40 * row : 80 + 40 * row] |= word("EHEHEHEHEHEHEHE", 20, 0, (40, 600))
    ink[40:520, 20:24] = 255
    ink = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 13), np.uint8))
    gray = np.where(ink > 0, np.uint8(20), np.uint8(230))
    assert not (find(ink, edges(gray)).height > 200).any()


def test_ink_without_rules_is_given_back_as_it_is():
    ink = word("HETHELITH")
    assert rules.remove(ink, HEIGHT) is ink


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_ink_everywhere_take_little_time(seed):
    noise = np.where(
        np.random.default_rng(seed).random((1500, 2000)) < 0.2 * (seed + 1), np.uint8(255), np.uint8(0)
    )
    started = time.process_time()
    rules.remove(noise, 20)
    assert time.process_time() - started < 1.0
