"""Whether a region shows something else: a digit is seen, light and noise are not."""

import cv2
import numpy as np
import pytest

from ocr_edge.regions.change import ChangeDetector

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)


def counter(text: str, height: int = 40, font: int = FONTS[0]) -> np.ndarray:
    """A counter's digits, dark on light."""
    scale = height / 30
    (width, _), _ = cv2.getTextSize(text, font, scale, max(1, height // 12))
    image = np.full((2 * height, width + 20, 3), 205, np.uint8)
    place = (10, int(1.6 * height))
    cv2.putText(image, text, place, font, scale, (40, 45, 50), max(1, height // 12), cv2.LINE_AA)
    return image


def noisy(image: np.ndarray, sigma: float, gain: float = 1.0, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image * gain + noise, 0, 255).astype(np.uint8)


def kept(image: np.ndarray) -> ChangeDetector:
    detector = ChangeDetector(0.04)
    detector.keep(image)
    return detector


def test_without_anything_kept_and_after_another_size_all_is_new():
    detector = ChangeDetector(0.04)
    assert detector.changed(counter("123"))
    detector.keep(counter("123"))
    assert not detector.changed(counter("123"))
    assert detector.changed(counter("123", height=44))


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("height", [16, 30, 60])
@pytest.mark.parametrize("sigma", [0.0, 3.0])
def test_every_single_digit_that_changes_is_seen(font: int, height: int, sigma: float):
    before = "0123456789"
    for place in range(len(before)):
        after = before[:place] + str((int(before[place]) + 1) % 10) + before[place + 1 :]
        detector = kept(noisy(counter(before, height, font), sigma))
        shown = counter(after, height, font)
        if shown.shape == counter(before, height, font).shape:
            assert detector.changed(noisy(shown, sigma, seed=1)), (after, font, height)


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("gain", [0.8, 1.0, 1.2])
def test_noise_and_light_are_no_change(sigma: float, gain: float):
    detector = kept(noisy(counter("0123456789"), sigma))
    assert not any(detector.changed(noisy(counter("0123456789"), sigma, gain, seed)) for seed in range(1, 20))


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_compression_is_no_change(quality: int):
    image = noisy(counter("0123456789"), 2.0)
    detector = kept(image)
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    assert not detector.changed(cv2.imdecode(packed, cv2.IMREAD_COLOR))


def test_slow_change_is_compared_with_what_was_read_last():
    first, last = counter("0123456789"), counter("0123456780")
    detector = kept(first)
    seen = [detector.changed(cv2.addWeighted(first, 1 - step / 50, last, step / 50, 0)) for step in range(51)]
    assert not seen[0]
    assert seen[-1]


def test_grey_pictures_of_the_camera_will_do():
    gray = cv2.cvtColor(counter("0123456789"), cv2.COLOR_RGB2GRAY)
    other = cv2.cvtColor(counter("0123456783"), cv2.COLOR_RGB2GRAY)
    detector = kept(gray)
    assert not detector.changed(gray)
    assert detector.changed(other)
