"""What spoils a picture is named; a picture that can be read is not called spoiled."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import Picture
from ocr_edge.contract.types import Image
from ocr_edge.regions.quality import judge, sharpness
from ocr_edge.sources import pictures

EXAMPLES = sorted(
    path for path in (Path(__file__).parents[2] / "examples").iterdir() if path.suffix in (".jpg", ".png")
)
CROPS = [path for path in EXAMPLES if path.name.startswith(("cheque", "render"))]
CHEQUE = pictures.load(next(path for path in CROPS if path.name == "cheque-1.jpg"))


def problem(image: Image) -> str:
    return judge(image, Picture()).problem


def blurred(image: Image, share: float) -> Image:
    """Out of focus by a share of the picture's height, as a sensor sees it."""
    soft = cv2.GaussianBlur(image, (0, 0), share * min(image.shape[:2]))
    return np.clip(soft + np.random.default_rng(0).normal(0, 1, image.shape), 0, 255).astype(np.uint8)


def display(size: tuple[int, int] = (120, 400)) -> Image:
    """Dark bars on a grey display."""
    image = np.full((*size, 3), 130, np.uint8)
    for left in range(30, size[1] - 30, 40):
        image[25:-25, left : left + 9] = 40
        image[25:33, left : left + 26] = 40
    return image


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_picture_that_can_be_read_is_not_called_spoiled(path: Path):
    found = judge(pictures.load(path), Picture())
    assert found.problem == ""
    assert found.weight > 0.5


@pytest.mark.parametrize("path", CROPS, ids=lambda path: path.stem)
def test_a_strong_blur_is_named_and_weighs_nothing(path: Path):
    found = judge(blurred(pictures.load(path), 0.15), Picture())
    assert (found.problem, found.weight) == ("blurred", 0)


def test_a_picture_smeared_by_a_movement_is_blurred():
    assert judge(cv2.blur(CHEQUE, (25, 1)), Picture()).weight < 0.6
    assert problem(cv2.blur(CHEQUE, (45, 1))) == "blurred"


def test_the_softer_a_picture_the_less_it_weighs():
    weights = [judge(blurred(CHEQUE, share), Picture()).weight for share in (0.01, 0.05, 0.08, 0.15)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1 > weights[1] > weights[2] > weights[3] == 0


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_sharpness_depends_neither_on_contrast_nor_on_size(share: float):
    soft = cv2.GaussianBlur(CHEQUE, (0, 0), share * CHEQUE.shape[0])
    gray = cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY)
    faint = (gray * 0.4 + 90).astype(np.uint8)
    double = cv2.resize(gray, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert sharpness(faint) == pytest.approx(sharpness(gray), abs=0.05)
    assert sharpness(double) == pytest.approx(sharpness(gray), abs=0.08)


@pytest.mark.parametrize("noise", [0, 3, 8])
@pytest.mark.parametrize("level", [50, 120, 220])
def test_an_empty_surface_has_no_problem_whatever_the_light_on_it(noise: int, level: int):
    y, x = np.mgrid[:200, :600]
    surface = level + 40 * x / 600 - 30 * np.sin(y / 200) + np.random.default_rng(1).normal(0, noise, x.shape)
    image = np.repeat(np.clip(surface, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    found = judge(image, Picture())
    assert found.problem == ""


def test_a_covered_lens_is_dark():
    noise = np.random.default_rng(2).normal(4, 3, (200, 300, 3))
    assert problem(np.clip(noise, 0, 255).astype(np.uint8)) == "dark"


def test_burnt_out_ink_is_over_exposed_and_white_paper_is_not():
    page = np.full((120, 400, 3), 255, np.uint8)
    for left in range(30, 380, 20):
        page[40:80, left : left + 3] = 20
    assert problem(page) == ""
    assert problem(np.clip(page.astype(int) + 230, 0, 255).astype(np.uint8)) == "over-exposed"


def test_a_large_spot_of_light_is_glare_and_a_small_one_or_a_bright_digit_is_not():
    image = display()
    assert problem(image) == ""
    small = cv2.circle(image.copy(), (200, 60), 10, (255, 255, 255), -1)
    assert problem(small) == ""
    large = cv2.ellipse(image.copy(), (200, 60), (110, 58), 0, 0, 360, (255, 255, 255), -1)
    found = judge(large, Picture())
    assert (found.problem, found.weight) == ("glaring", 0)
    assert 0.3 < found.glare < 0.5
    bright = np.where(image == 40, np.uint8(255), np.uint8(20))
    assert problem(bright) == ""


def test_glare_beside_the_text_makes_a_frame_weigh_less():
    spot = cv2.ellipse(display(), (390, 60), (70, 58), 0, 0, 360, (255, 255, 255), -1)
    assert judge(spot, Picture()).problem == ""
    assert judge(spot, Picture()).weight < judge(display(), Picture()).weight


def test_the_first_problem_in_the_order_of_the_names_is_named():
    faint = blurred((CHEQUE * 0.03).astype(np.uint8), 0.15)
    assert problem(faint) == "dark"
    assert problem(blurred(CHEQUE, 0.15)) == "blurred"


def test_the_owner_decides_where_a_problem_begins():
    strict = Picture(min_brightness=255, min_sharpness=0)
    assert judge(CHEQUE, strict).problem == "dark"
    lenient = Picture(min_sharpness=0)
    assert judge(blurred(CHEQUE, 0.15), lenient).problem == ""


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (40, 2), (2000, 30)])
def test_a_picture_of_any_size_is_judged(size: tuple[int, int]):
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    assert 0 <= judge(noise, Picture()).weight <= 1
    assert 0 <= judge(noise[:, :, 0], Picture()).weight <= 1
