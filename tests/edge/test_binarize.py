"""Guesses at the ink: by luminance, by colour, from crops of one line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Polarity
from ocr_edge.segment.binarize import colour_contrast, global_masks, ink_masks

RED, GREEN = (200, 40, 40), (60, 107, 64)
"""Two colours of one luminance."""


def bars(ink, paper, size=(60, 160)):
    """Three upright strokes, and where they are."""
    where = np.zeros(size, bool)
    for left in (30, 70, 110):
        where[15:45, left : left + 10] = True
    return np.where(where[..., None], np.array(ink, np.uint8), np.array(paper, np.uint8)), where


def is_found(masks, where):
    """Whether one guess is the ink, but for a pixel here and there."""
    return any(((mask.ink > 0) == where).mean() > 0.98 for mask in masks)


def test_red_on_green_of_one_luminance_is_told_apart():
    picture, where = bars(RED, GREEN)
    assert np.ptp(luminance(picture).astype(int)) <= 1
    level = colour_contrast(picture)
    assert level.shape == where.shape
    assert level.dtype == np.uint8
    assert abs(float(level[where].mean()) - float(level[~where].mean())) > 200


def test_red_on_green_of_one_luminance_is_found_in_a_crop():
    picture, where = bars(RED, GREEN)
    assert is_found(global_masks(picture, luminance(picture)), where)


@pytest.mark.parametrize(("ink", "paper"), [((20, 20, 20), (220, 220, 220)), ((250, 250, 250), (90, 90, 90))])
def test_grey_on_grey_says_nothing_in_colour(ink, paper):
    assert colour_contrast(bars(ink, paper)[0]) is None


@pytest.mark.parametrize("level", [0, 127, 255])
def test_plain_paper_says_nothing_in_colour(level):
    assert colour_contrast(np.full((40, 60, 3), level, np.uint8)) is None


def test_grey_noise_says_nothing_in_colour():
    noise = np.random.default_rng(0).normal(128, 40, (40, 60, 1)).clip(0, 255).astype(np.uint8)
    assert colour_contrast(np.repeat(noise, 3, axis=2)) is None


@pytest.mark.parametrize("polarity", Polarity)
def test_a_crop_is_guessed_in_both_polarities_with_the_ink_its_polarity_names(polarity):
    dark, light = (30, 30, 30), (210, 210, 210)
    picture, where = bars(*((dark, light) if polarity is Polarity.DARK else (light, dark)))
    masks = list(global_masks(picture, luminance(picture)))
    assert {mask.polarity for mask in masks} == set(Polarity)
    assert is_found([mask for mask in masks if mask.polarity is polarity], where)
    assert not is_found([mask for mask in masks if mask.polarity is not polarity], where)


def test_only_a_picture_whose_colours_say_more_is_guessed_by_them():
    coloured, _ = bars(RED, GREEN)
    grey, _ = bars((30, 30, 30), (210, 210, 210))
    count = [len(list(global_masks(picture, luminance(picture)))) for picture in (coloured, grey)]
    assert count == [8, 6]


def test_strokes_over_a_pattern_of_large_shades_are_found():
    picture, where = bars((70, 70, 70), (150, 150, 150))
    shade = np.linspace(-60, 90, picture.shape[1])[None, :, None]
    shaded = np.clip(picture + shade, 0, 255).astype(np.uint8)
    assert is_found(global_masks(shaded, luminance(shaded)), where)


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60), st.just(3))))
def test_any_picture_has_masks_of_its_size_with_ink_and_paper_alone(picture):
    gray = luminance(picture)
    for mask in [*global_masks(picture, gray), *ink_masks(gray, (9, 31))]:
        assert mask.ink.shape == gray.shape
        assert set(np.unique(mask.ink)) <= {0, 255}
