from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ocr_edge.contract.preprocess import fit, guess_polarity, luminance, otsu, preprocess, stretch
from ocr_edge.contract.types import Glyph, Polarity

GOLDEN = Path(__file__).parent.parent / "golden"
sides = st.integers(1, 90)


@st.composite
def crops(draw, channels=3):
    return draw(hnp.arrays(np.uint8, (draw(sides), draw(sides), channels)))


def letter(ink=20, paper=230, size=(60, 40)):
    """An L: a thick stroke down and one along the bottom."""
    image = np.full((*size, 3), paper, np.uint8)
    image[8:52, 8:15] = ink
    image[45:52, 8:32] = ink
    return image


@settings(max_examples=60, deadline=None)
@given(crops())
def test_any_crop_becomes_two_pictures_of_the_network_s_size(crop):
    rgb, binary = preprocess(Glyph(crop))
    assert rgb.shape == (28, 28, 3)
    assert binary.shape == (28, 28, 1)
    assert rgb.dtype == binary.dtype == np.uint8
    assert set(np.unique(binary)) <= {0, 255}


@settings(max_examples=40, deadline=None)
@given(crops(), sides, sides)
def test_fit_gives_the_canvas_for_any_size(crop, height, width):
    assert fit(crop, (height, width), 7).shape == (height, width, 3)


def test_fit_keeps_the_shape_and_centres_it():
    result = fit(np.full((10, 40, 1), 200, np.uint8), (28, 28), 0)
    rows = np.flatnonzero(result[..., 0].any(axis=1))
    assert (rows[0], rows[-1]) == (10, 16)
    assert result[10:17].min() == 200


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (5, 5), (5, 5, 1)])
def test_a_crop_without_pixels_or_colour_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        preprocess(Glyph(np.zeros(shape, np.uint8)))


def test_ink_is_white_in_the_binary_form_whatever_the_polarity():
    dark = preprocess(Glyph(letter()))[1]
    light = preprocess(Glyph(letter(ink=230, paper=20)))[1]
    assert np.array_equal(dark, light)
    assert dark[14, 9, 0] == 255  # on the stroke
    assert dark[5, 20, 0] == 0  # on the paper


def test_a_known_polarity_is_believed():
    glyph = Glyph(letter(), None, Polarity.LIGHT)
    assert np.count_nonzero(preprocess(glyph)[1]) > np.count_nonzero(preprocess(Glyph(letter()))[1])


def test_polarity_is_guessed_from_the_border():
    assert guess_polarity(luminance(letter())) is Polarity.DARK
    assert guess_polarity(luminance(letter(ink=250, paper=10))) is Polarity.LIGHT


def test_contrast_is_stretched_to_the_whole_range_with_its_hue_kept():
    red = letter(ink=0, paper=0)
    red[...] = (90, 60, 60)
    red[8:52, 8:15] = (180, 120, 120)
    result = stretch(red).astype(int)
    assert np.ptp(luminance(stretch(red)).astype(int)) > 2 * np.ptp(luminance(red).astype(int))
    assert result.max() == 255
    assert result.min() == 0
    assert (result[..., 0] >= result[..., 1]).all()


def test_a_flat_crop_is_not_stretched_into_noise():
    rng = np.random.default_rng(0)
    flat = (128 + rng.integers(-3, 4, (30, 30, 3))).astype(np.uint8)
    assert np.ptp(luminance(stretch(flat)).astype(int)) < 60


def test_the_padding_has_the_colour_of_the_paper():
    rgb, binary = preprocess(Glyph(letter(size=(60, 40))))
    assert (rgb[:, :2] > 240).all()
    assert not binary[:, :2].any()


def test_strokes_thinner_than_half_a_target_pixel_survive():
    mask = np.zeros((280, 280, 1), np.uint8)
    mask[:, 140:143] = 255
    _, binary = preprocess(Glyph(np.full((280, 280, 3), 255, np.uint8), mask))
    assert (binary.any(axis=(1, 2))).all()


def test_a_given_binary_form_is_used_instead_of_deriving_one():
    mask = np.zeros((60, 40, 1), np.uint8)
    mask[20:40, 10:30] = 255
    _, binary = preprocess(Glyph(letter(), mask))
    ink = np.argwhere(binary[..., 0])
    assert ink[:, 0].min() >= 8
    assert ink[:, 0].max() <= 20


def test_otsu_marks_the_darker_side_as_dark_ink():
    gray = np.array([[10, 10, 200, 200]], np.uint8)
    assert otsu(gray, Polarity.DARK).tolist() == [[255, 255, 0, 0]]
    assert otsu(gray, Polarity.LIGHT).tolist() == [[0, 0, 255, 255]]


def test_the_golden_glyph_is_what_it_was():
    """Within 2 grey levels and 0.5 % of binary pixels, across OpenCV versions and processors."""
    ramp = np.linspace(0, 40, 36, dtype=np.float32)[None, :, None]
    image = np.clip(letter(size=(60, 36)).astype(np.float32)[:, :36] + ramp, 0, 255).astype(np.uint8)
    image[..., 2] //= 2
    rgb, binary = preprocess(Glyph(image))
    golden = cv2.imread(str(GOLDEN / "preprocess_rgb.png"))[..., ::-1]
    mask = cv2.imread(str(GOLDEN / "preprocess_binary.png"), cv2.IMREAD_GRAYSCALE)
    assert np.abs(rgb.astype(int) - golden).max() <= 2
    assert (binary[..., 0] != mask).mean() <= 0.005
