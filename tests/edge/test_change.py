"""A single digit that changes is seen; light, noise and compression are not changes."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.types import Image
from ocr_edge.regions.change import ChangeDetector

SEGMENTS = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"]
PLACES = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2)}
PLACES |= {"e": (0, 1, 0, 2), "f": (0, 0, 0, 1), "g": (0, 1, 1, 1)}
SHARE = 0.04


def counter(
    text: str, height: int, *, stroke: float = 0.12, slant: float = 0.0, ink: int = 40, paper: int = 170
):
    """A counter of seven-segment digits: no fixture may depend on a font."""
    wide, pad = round(height * 0.75), round(height * 0.4)
    image = np.full((height + 2 * pad, len(text) * wide + 2 * pad, 3), paper, np.uint8)
    for index, digit in enumerate(text):
        for segment in SEGMENTS[int(digit)]:
            x1, y1, x2, y2 = PLACES[segment]
            ends = []
            for x, y in ((x1, y1), (x2, y2)):
                lean = slant * height * (1 - y / 2)
                ends.append((round(pad + index * wide + x * wide * 0.6 + lean), round(pad + y * height / 2)))
            cv2.line(image, *ends, (ink,) * 3, max(1, round(stroke * height)), cv2.LINE_AA)
    return image


def camera(image: Image, seed: int = 0, *, noise: float = 1.5, light: float = 1.0, quality: int = 0) -> Image:
    """The same as a camera shows it."""
    seen = cv2.GaussianBlur(image, (0, 0), 0.7) * light
    seen = np.clip(seen + np.random.default_rng(seed).normal(0, noise, image.shape), 0, 255).astype(np.uint8)
    if quality:
        data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return seen


def kept(image: Image, share: float = SHARE) -> ChangeDetector:
    detector = ChangeDetector(share)
    detector.keep(image)
    return detector


def test_everything_has_changed_before_anything_was_kept():
    assert ChangeDetector(SHARE).changed(counter("12", 40))


def test_a_picture_of_another_size_has_changed():
    assert kept(counter("12", 40)).changed(counter("123", 40))


@pytest.mark.parametrize("height", [16, 24, 40, 90])
@pytest.mark.parametrize(("stroke", "slant"), [(0.08, 0.0), (0.18, 0.15)])
def test_each_single_digit_that_changes_in_a_long_line_is_seen(height: int, stroke: float, slant: float):
    for old, new in itertools.permutations(range(10), 2):
        before = camera(counter(f"01234{old}6789", height, stroke=stroke, slant=slant))
        after = camera(counter(f"01234{new}6789", height, stroke=stroke, slant=slant), seed=1, light=0.9)
        assert kept(before).changed(after), (old, new)


def test_a_pale_digit_is_seen_beside_a_bright_frame():
    def meter(text: str) -> Image:
        return cv2.copyMakeBorder(
            counter(text, 40, ink=90, paper=120), 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,) * 3
        )

    assert kept(camera(meter("0123458"))).changed(camera(meter("0123456"), seed=1))


def test_a_digit_in_the_whole_picture_is_seen():
    def table(text: str) -> Image:
        image = np.random.default_rng(4).integers(0, 255, (24, 43, 3), np.uint8)
        image = cv2.resize(image, (1280, 720), interpolation=cv2.INTER_CUBIC)
        digits = counter(text, 30)
        image[300 : 300 + digits.shape[0], 500 : 500 + digits.shape[1]] = digits
        return image

    before = kept(camera(table("004711")))
    assert before.changed(camera(table("004712"), seed=1))
    assert not before.changed(camera(table("004711"), seed=1))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(14, 90),
    st.floats(0, 6),
    st.floats(0.8, 1.2),
    st.sampled_from([0, 75, 85, 95]),
    st.integers(1, 9),
)
def test_light_noise_and_compression_are_no_changes(height, noise, light, quality, seed):
    image = counter("0123456789", height)
    before = camera(image, noise=noise, quality=quality)
    assert not kept(before).changed(camera(image, seed, noise=noise, light=light, quality=quality))


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_the_same_picture_compressed_again_has_not_changed(quality: int):
    before = camera(counter("0123456789", 40), quality=95)
    data = cv2.imencode(".jpg", before, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    assert not kept(before).changed(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def test_burnt_out_paper_in_more_light_has_not_changed_and_ink_on_it_has():
    before = camera(counter("123", 40, paper=240), light=1.2)
    assert not kept(before).changed(camera(counter("123", 40, paper=240), seed=1, light=0.9))
    assert kept(before).changed(camera(counter("128", 40, paper=240), seed=1, light=0.9))


def test_a_soft_shadow_over_half_of_the_picture_is_no_change():
    image = counter("0123456789", 40)
    shadow = 1 - 0.15 / (1 + np.exp(-(np.arange(image.shape[1]) - 150) / 60))
    assert not kept(camera(image)).changed(camera((image * shadow[None, :, None]).astype(np.uint8), seed=1))


def test_a_camera_that_trembles_by_half_a_pixel_shows_no_change_unless_it_is_told_to_stand_still():
    image = counter("0123456789", 40)
    moved = cv2.warpAffine(
        image, np.array([(1, 0, 0.5), (0, 1, 0.4)]), image.shape[1::-1], borderValue=(170,) * 3
    )
    before, after = camera(image), camera(moved, seed=1)
    assert not kept(before).changed(after)
    still = ChangeDetector(SHARE, jitter=0.1)
    still.keep(before)
    assert still.changed(after)


def test_what_fades_slowly_is_compared_with_the_picture_that_was_read():
    detector = kept(camera(counter("123", 40)))
    blank, last = counter("", 40), counter("123", 40)
    blank = np.full_like(last, blank[0, 0, 0])
    seen = [
        detector.changed(camera(cv2.addWeighted(last, 1 - s, blank, s, 0), seed=9))
        for s in (0.02, 0.1, 0.5, 1)
    ]
    assert not seen[0]
    assert seen[-1]


def test_a_picture_that_was_kept_has_not_changed_afterwards():
    detector = kept(camera(counter("123", 40)))
    after = camera(counter("124", 40), seed=1)
    assert detector.changed(after)
    detector.keep(after)
    assert not detector.changed(camera(counter("124", 40), seed=2))


def test_a_grey_picture_is_compared_too():
    before, after = (camera(counter(text, 20))[:, :, 0] for text in ("0000", "0001"))
    assert not kept(before).changed(before)
    assert kept(before).changed(after)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2)])
def test_a_picture_of_any_size_is_compared(size: tuple[int, int]):
    image = np.full((*size, 3), 100, np.uint8)
    assert not kept(image).changed(image)
