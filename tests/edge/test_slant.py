"""Letters that lean, made upright."""

import numpy as np
import pytest

from ocr_edge.contract.preprocess import luminance
from ocr_edge.geometry import skew
from ocr_edge.geometry.transform import apply


def bars(lean: float) -> np.ndarray:
    """Bars 60 pixels high that lean to the right by so many degrees."""
    image = np.full((96, 420, 3), 230, np.uint8)
    for number in range(8):
        for y in range(60):
            left = 60 + 40 * number + round(np.tan(np.radians(lean)) * (30 - y))
            image[18 + y, left : left + 9] = 20
    return image


@pytest.mark.parametrize("lean", [-25, -15, 0, 10, 20, 30])
def test_the_slant_of_letters_is_found(lean: int):
    assert abs(skew.slant(luminance(bars(lean))) - lean) <= skew.SLANT_STEP


@pytest.mark.parametrize("lean", [-25, 20])
def test_sheared_letters_stand_and_their_pixels_lead_back(lean: int):
    image = bars(lean)
    straight, back = skew.upright(image, lean)
    dark = luminance(straight) < 100
    columns = dark.sum(axis=0)
    assert (columns[columns > 0] > 40).mean() > 0.7
    y, x = np.argwhere(dark)[len(np.argwhere(dark)) // 2]
    ((there_x, there_y),) = apply(back, [(x + 0.5, y + 0.5)])
    assert luminance(image)[int(there_y), int(there_x)] < 130


def test_a_plain_crop_has_no_slant_to_speak_of_and_is_no_error():
    assert abs(skew.slant(np.full((40, 90), 7, np.uint8))) <= skew.MAX_SLANT
    assert skew.slant(np.zeros((1, 1), np.uint8)) <= skew.MAX_SLANT
