"""What spoils a picture is named; what can be read is not called spoiled."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import Picture
from ocr_edge.regions.quality import judge
from ocr_edge.sources import pictures

EXAMPLES = sorted(
    p for p in (Path(__file__).parents[2] / "examples").iterdir() if p.suffix in (".jpg", ".png")
)
SETTINGS = Picture()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_picture_that_can_be_read_is_not_spoiled(path: Path):
    quality = judge(pictures.load(path), SETTINGS)
    assert quality.problem == ""
    assert 0 < quality.weight <= 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_same_picture_darkened_or_burnt_out_is_named(path: Path):
    image = pictures.load(path)
    assert judge((image * 0.03).astype(np.uint8), SETTINGS).problem == "dark"
    burnt = judge(np.full_like(image, 255), SETTINGS)
    assert (burnt.problem, burnt.weight) == ("over-exposed", 0.0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_same_picture_out_of_focus_is_named_or_shows_nothing_any_more(path: Path):
    image = pictures.load(path)
    height = min(image.shape[:2])
    sharp = judge(image, SETTINGS).sharpness
    blurred = judge(cv2.GaussianBlur(image, (0, 0), 0.2 * height), SETTINGS)
    assert blurred.problem == "blurred" or blurred.sharpness == 1.0
    softer = judge(cv2.GaussianBlur(image, (0, 0), 0.03 * height), SETTINGS)
    assert softer.sharpness < sharp


def test_a_reflection_is_glare_and_white_paper_is_not():
    image = np.random.default_rng(0).integers(70, 130, (120, 300, 3)).astype(np.uint8)
    cv2.putText(image, "12345", (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 20), 4)
    assert judge(image, SETTINGS).problem == ""
    shining = image.copy()
    cv2.ellipse(shining, (150, 60), (110, 55), 0, 0, 360, (255, 255, 255), -1)
    assert judge(shining, SETTINGS).problem == "glaring"
    paper = np.full_like(image, 253)
    cv2.putText(paper, "12345", (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 20), 4)
    assert judge(paper, SETTINGS).problem == ""


def test_an_empty_belt_is_not_called_blurred():
    smooth = np.random.default_rng(0).normal(0, 1, (200, 300)).astype(np.float32)
    light = 110 + 400 * cv2.GaussianBlur(smooth, (0, 0), 40)
    belt = np.repeat(np.clip(light + smooth * 2, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    assert judge(belt, SETTINGS).problem == ""


def test_limits_are_the_owners():
    image = pictures.load(EXAMPLES[0])
    assert judge(image, Picture(min_brightness=255.0)).problem == "dark"
    assert judge(image, Picture(min_sharpness=1.0)).problem == "blurred"
