"""Pictures made to cost a reader most: it ends in time, says a valid reading, and nothing where no text can be."""

import time

import numpy as np
import pytest

from lib.drawn.adversaries import (
    checkerboard,
    gradient,
    maze,
    noise,
    plain,
    rings,
    salt_and_pepper,
    specks,
    stripes,
)
from ocr_edge.bundles import load as bundles
from ocr_edge.contract.types import Image
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Reading

SIZE = (480, 640)
LIMIT_S = 1.0
SLACK_S = 10.0
"""For finding the lines, which the limit leaves alone, on a machine that does ten other things."""

SILENT = {
    "checkerboard, 1 px": lambda: checkerboard(1, SIZE),
    "checkerboard, 2 px": lambda: checkerboard(2, SIZE),
    "upright stripes, 4 px": lambda: stripes(4, True, SIZE),
    "level stripes, 4 px": lambda: stripes(4, False, SIZE),
    "upright stripes, 20 px": lambda: stripes(20, True, SIZE),
    "black": lambda: plain(0, SIZE),
    "white": lambda: plain(255, SIZE),
    "gradient": lambda: gradient(SIZE),
    "one pixel": lambda: plain(128, (1, 1)),
}
"""Nothing in these looks like text."""
CROWDED = {
    "checkerboard, 3 px": lambda: checkerboard(3, SIZE),
    "checkerboard, 8 px": lambda: checkerboard(8, SIZE),
    "noise": lambda: noise(SIZE),
    "salt and pepper": lambda: salt_and_pepper(0.2, SIZE),
    "5,000 dots": lambda: specks(5000, "dot", SIZE),
    "5,000 squares": lambda: specks(5000, "square", SIZE),
    "5,000 specks like glyphs": lambda: specks(5000, "glyph", SIZE),
    "maze": lambda: maze(16, SIZE),
    "rings": lambda: rings(24, SIZE),
}
"""Something in these may look like a character; that it is said is no error here, only that it costs too much."""
THIN = [
    pytest.param((1, 2000), id="one row"),
    pytest.param((2, 2000), id="two rows"),
    pytest.param((1, 5000), id="one long row"),
    pytest.param((2000, 1), id="one column"),
    pytest.param((100, 1), id="a hair"),
    pytest.param((66_000, 65), id="a ribbon"),
]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(bundles.load(), limit_s=LIMIT_S)


def read_in_time(pipeline: Pipeline, image: Image) -> Reading:
    started = time.perf_counter()
    reading = pipeline.read(image)
    assert time.perf_counter() - started < LIMIT_S + SLACK_S
    return reading


def check_is_valid(reading: Reading, image: Image) -> None:
    height, width = image.shape[:2]
    assert bool(reading.lines) != bool(reading.why)
    assert Reading.from_dict(reading.as_dict()).text == reading.text
    assert 0 <= reading.confidence <= 1
    assert reading.timing_ms["total"] > 0
    for line in reading.lines:
        assert line.text
        for character in line.characters:
            assert 0 <= character.confidence <= 1
            assert np.isfinite(character.log_probabilities).all()
            box = character.box
            assert 0 <= box.left < box.right <= width
            assert 0 <= box.top < box.bottom <= height


@pytest.mark.parametrize("name", SILENT)
def test_nothing_is_said_where_nothing_looks_like_text(pipeline: Pipeline, name: str) -> None:
    image = SILENT[name]()
    reading = read_in_time(pipeline, image)
    check_is_valid(reading, image)
    assert reading.text == ""


@pytest.mark.parametrize("name", CROWDED)
def test_a_picture_full_of_marks_ends_in_time_with_a_valid_reading(pipeline: Pipeline, name: str) -> None:
    image = CROWDED[name]()
    check_is_valid(read_in_time(pipeline, image), image)


@pytest.mark.parametrize("size", THIN)
def test_a_picture_thin_as_a_line_is_read_without_an_error(pipeline: Pipeline, size: tuple[int, int]) -> None:
    image = noise(size)
    check_is_valid(read_in_time(pipeline, image), image)
