import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ocr_edge.contract.types import Box, Polarity
from ocr_edge.segment import Segmenter
from ocr_edge.segment.components import edges, find
from ocr_edge.segment.segmenter import working_scales

STROKE = 5


def strokes(letters, height=40, paper=230, ink=20, size=(120, 420), left=20, top=40, gap=14):
    """Draw block letters as plain rectangles: no fixture may depend on how OpenCV draws text.

    Returns the picture and the true boxes of the letters.
    """
    shapes = {
        "H": [(0, 0, STROKE, 1), (20, 0, STROKE, 1), (0, 0.45, 25, STROKE)],
        "L": [(0, 0, STROKE, 1), (0, 0.88, 22, STROKE)],
        "T": [(0, 0, 25, STROKE), (10, 0, STROKE, 1)],
        "I": [(0, 0, STROKE, 1)],
        "i": [(0, 0.35, STROKE, 0.65), (0, 0, STROKE, STROKE)],
    }
    image = np.full((*size, 3), paper, np.uint8)
    boxes, x = [], left
    for letter in letters:
        if letter == " ":
            x += 30
            continue
        right = 0
        for dx, dy, wide, high in shapes[letter]:
            rows = round(high * height) if high <= 1 else high
            y = top + round(dy * height)
            bottom = min(y + rows, top + height)
            image[y:bottom, x + dx : x + dx + wide] = ink
            right = max(right, dx + wide)
        boxes.append(Box(x, top, right, height))
        x += right + gap
    return image, boxes


def plain_boxes(line):
    return [c.box for c in line.candidates if c.primary]


def main_line(image):
    return max(Segmenter().segment(image), key=lambda line: line.promise)


def near(found, true, slack=3):
    sides = zip(found.as_list(), true.as_list(), strict=True)
    return all(abs(a - b) <= slack for a, b in sides)


@pytest.mark.parametrize(("paper", "ink", "polarity"), [(230, 20, Polarity.DARK), (20, 230, Polarity.LIGHT)])
def test_letters_are_found_in_reading_order_in_both_polarities(paper, ink, polarity):
    image, truth = strokes("HLTH", paper=paper, ink=ink)
    line = main_line(image)
    assert line.polarity is polarity
    assert len(plain_boxes(line)) == 4
    assert all(near(found, true) for found, true in zip(plain_boxes(line), truth, strict=True))


def test_the_dot_of_an_i_belongs_to_its_stem():
    image, truth = strokes("HiH")
    boxes = plain_boxes(main_line(image))
    assert len(boxes) == 3
    assert near(boxes[1], truth[1])


def test_shifting_a_picture_shifts_its_boxes():
    image, _ = strokes("HLT", size=(300, 600), left=60, top=80)
    moved = np.roll(image, (40, 100), axis=(0, 1))
    before, after = plain_boxes(main_line(image)), plain_boxes(main_line(moved))
    assert [(b.left + 100, b.top + 40) for b in before] == [(b.left, b.top) for b in after]


def test_a_shadow_across_the_line_loses_no_letter():
    image, _ = strokes("HLTHLT", size=(300, 600))
    shade = np.linspace(1.0, 0.35, 600)[None, :, None]
    shaded = (image * shade).astype(np.uint8)
    assert len(plain_boxes(main_line(shaded))) == 6


def test_touching_letters_are_offered_cut_and_whole():
    image, _ = strokes("LLLL", gap=0)
    line = main_line(image)
    assert len(line.pieces) >= 4
    assert any(c.last - c.first == 1 for c in line.candidates)
    assert any(c.last - c.first > 1 for c in line.candidates)


def test_every_candidate_carries_both_forms_of_its_crop():
    image, _ = strokes("HLT")
    for line in Segmenter().segment(image):
        for candidate in line.candidates:
            glyph = candidate.glyph
            assert glyph.rgb.shape[:2] == glyph.binary.shape[:2]
            assert glyph.polarity is line.polarity
            assert set(np.unique(glyph.binary)) <= {0, 255}
            assert glyph.binary.any()


def test_the_binary_form_shows_the_glyph_without_its_neighbours():
    image, _ = strokes("HIH", gap=3)
    line = main_line(image)
    stem = next(c for c in line.candidates if c.primary and c.box.width <= 8)
    columns = np.flatnonzero(stem.glyph.binary[..., 0].any(axis=0))
    assert columns[-1] - columns[0] < 8


def test_plain_paper_has_no_lines():
    assert Segmenter().segment(np.full((200, 300, 3), 200, np.uint8)) == []


def test_frames_and_rules_are_not_glyphs():
    ink = np.zeros((200, 400), np.uint8)
    cv2.rectangle(ink, (10, 10), (390, 190), 255, 3)
    ink[100:103, 40:360] = 255
    assert len(find(ink, edges(ink)).ids) == 0


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 140), st.just(3))))
def test_boxes_lie_inside_any_picture(image):
    for line in Segmenter().segment(image):
        for candidate in line.candidates:
            box = candidate.box
            assert 0 <= box.left < box.right <= image.shape[1]
            assert 0 <= box.top < box.bottom <= image.shape[0]


def test_small_crops_are_enlarged_and_big_photos_are_looked_at_twice():
    assert working_scales((24, 90)) == pytest.approx((4.0,))
    assert working_scales((480, 640)) == (1.0,)
    assert working_scales((3000, 4000)) == pytest.approx((0.5, 0.105))
    assert working_scales((1, 1)) == (6.0,)


@pytest.mark.parametrize("kind", ["checkerboard", "noise"])
def test_a_texture_ends_within_its_budget(kind):
    rng = np.random.default_rng(0)
    if kind == "noise":
        gray = rng.integers(0, 256, (1000, 1400), np.uint8)
    else:
        gray = (np.indices((1000, 1400)).sum(axis=0) // 9 % 2 * 255).astype(np.uint8)
    started = time.monotonic()
    Segmenter().segment(np.repeat(gray[..., None], 3, axis=2))
    # Generous: the bound is there to catch a hang, not to measure.
    assert time.monotonic() - started < 60
