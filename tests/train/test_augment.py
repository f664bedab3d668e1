"""Augmentation: any crop stays a crop, its mask stays in step, and chance comes from one generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Glyph, Polarity
from ocr_train.augment import CANVAS, augment, tighten


def stroke(height=30, width=20, *, masked=False, polarity=None):
    """A dark bar on light paper."""
    rgb = np.full((height, width, 3), 220, np.uint8)
    rgb[height // 4 : -height // 4 or None, width // 3 : width // 2 + 1] = 30
    mask = np.where(rgb[..., :1] < 100, 255, 0).astype(np.uint8) if masked else None
    return Glyph(rgb, mask, polarity)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_crop_of_any_size_stays_one_that_the_network_can_take(size, seed, masked, plain, noisy):
    rng = np.random.default_rng(seed)
    glyph = stroke(*size, masked=masked)
    if noisy:
        glyph = Glyph(rng.integers(0, 256, (*size, 3), np.uint8), glyph.binary)
    result = augment(glyph, rng, plain=plain)
    assert result.rgb.dtype == np.uint8
    assert result.rgb.shape[2:] == (3,)
    # Stretched and given margins, but not out of proportion.
    assert max(result.rgb.shape) <= 3 * CANVAS
    assert (result.binary is not None) == masked
    if result.binary is not None:
        assert result.binary.shape == (*result.rgb.shape[:2], 1)
        assert result.binary.dtype == np.uint8
    rgb, binary = preprocess(result)
    assert rgb.shape == (28, 28, 3)
    assert set(np.unique(binary)) <= {0, 255}


def test_the_same_generator_gives_the_same_glyph():
    first, second = (augment(stroke(masked=True), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.binary, second.binary)


def test_the_given_glyph_is_left_as_it_was():
    glyph = stroke(masked=True)
    rgb, mask = glyph.rgb.copy(), glyph.binary.copy()
    for seed in range(30):
        augment(glyph, np.random.default_rng(seed), plain=True)
    np.testing.assert_array_equal(glyph.rgb, rgb)
    np.testing.assert_array_equal(glyph.binary, mask)


def test_a_known_polarity_turns_when_the_picture_is_inverted():
    results = [
        augment(stroke(masked=True, polarity=Polarity.DARK), np.random.default_rng(s)) for s in range(60)
    ]
    assert {result.polarity for result in results} == set(Polarity)
    for result in results:
        ink = result.binary[..., 0] > 127
        gray = result.rgb.mean(axis=2)
        assert (gray[ink].mean() < gray[~ink].mean()) == (result.polarity is Polarity.DARK)


def test_an_unknown_polarity_stays_unknown():
    assert all(augment(stroke(), np.random.default_rng(seed)).polarity is None for seed in range(20))


def test_the_mask_follows_the_strokes():
    """Most of the mask's ink lies on pixels that are darker, or lighter, than the rest."""
    shares = []
    for seed in range(40):
        result = augment(stroke(masked=True), np.random.default_rng(seed))
        ink = result.binary[..., 0] > 127
        gray = result.rgb.mean(axis=2)
        between = (gray[ink].mean() + gray[~ink].mean()) / 2
        shares.append(np.mean((gray[ink] < between) == (gray[ink].mean() < between)))
    assert np.mean(shares) > 0.9


def test_only_plain_crops_get_new_colours():
    gray = stroke()

    def spread(plain):
        drawn = [augment(gray, np.random.default_rng(s), plain=plain).rgb.astype(int) for s in range(40)]
        return np.mean([np.ptp(rgb, axis=2).mean() for rgb in drawn])

    assert spread(True) > 2 * spread(False)


@pytest.mark.parametrize("masked", [True, False])
def test_margins_are_cut_down_to_the_ink(masked):
    rgb = np.full((60, 60, 3), 230, np.uint8)
    rgb[20:40, 25:35] = 20
    mask = np.where(rgb[..., :1] < 100, 255, 0).astype(np.uint8) if masked else None
    tight = tighten(Glyph(rgb, mask))
    assert tight.rgb.shape == (24, 14, 3)
    assert (tight.binary is not None) == masked


def test_a_crop_that_is_all_ink_or_has_none_is_left_alone():
    for level in (0, 255):
        glyph = Glyph(np.full((10, 10, 3), 128, np.uint8), np.full((10, 10, 1), level, np.uint8))
        assert tighten(glyph) is glyph
