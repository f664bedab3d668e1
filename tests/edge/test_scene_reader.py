"""Lines that a detector found, read by the default bundle: where an outline ends too early, the number does not."""

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.decode.doubt import Meaning
from ocr_edge.detect.detector import Detector, Pieces
from ocr_edge.explain.account import account
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.line_reader import Strip
from ocr_edge.segment import Segmenter
from ocr_edge.trace import Recording

PITCH, HIGH = 80, 60
"""Pixels from digit to digit, and the height of one."""
NUMBER = Meaning(lambda text: float(text) if text.isdecimal() else text)


@pytest.fixture(scope="module")
def default():
    return bundles.load()


def drawn(digits, height, outline):
    """A picture of digits, and the line that a detector finds in it: its first ``outline`` digits."""
    image = np.full((height, 80 + PITCH * len(digits), 3), 225, np.uint8)
    foot = height // 2 + HIGH // 2
    for place, digit in enumerate(digits):
        at = 40 + PITCH * place, foot
        cv2.putText(image, digit, at, cv2.FONT_HERSHEY_SIMPLEX, HIGH / 22, (30, 30, 30), 7, cv2.LINE_AA)
    right = 40 + PITCH * outline - 35
    top, bottom = foot - HIGH - 4, foot + 4
    return image, np.array([[36, top], [right, top], [right, bottom], [36, bottom]], np.float32)


def read(bundle, monkeypatch, image, quad, **settings):
    pieces = Pieces(quad[None], np.ones(1, np.float32))
    monkeypatch.setattr(Detector, "detect", lambda self, image, trace=None: pieces)
    recording = Recording()
    reading = Pipeline(bundle, reader="line", trace=recording, **settings).read(image)
    return reading, recording


def strips(recording):
    return [note for line in recording.lines for note in line.of(Strip)]


def test_a_number_whose_outline_ends_too_early_is_read_to_its_end(default, monkeypatch):
    image, quad = drawn("52734", 400, outline=4)
    reading, recording = read(default, monkeypatch, image, quad, meaning=NUMBER)
    assert reading.text == "52734"
    assert [line.text for line in account(recording, reading).lines] == ["52734"]
    # Of a text nobody knows where it ends.
    assert read(default, monkeypatch, image, quad)[0].text == "5273"


def test_a_second_look_that_finds_nothing_is_told(default, monkeypatch):
    image, quad = drawn("5273", 400, outline=4)
    reading, recording = read(default, monkeypatch, image, quad, meaning=NUMBER)
    assert reading.text == "5273"
    (line,) = account(recording, reading).lines
    assert [one.why for one in line.tries[:2]] == [
        "",
        "a second look, with more beside it: no longer number is there",
    ]
    assert line.shown is line.tries[0]


@pytest.mark.parametrize(("height", "text"), [(80, "52734"), (30, "")])
def test_an_outline_that_reaches_beyond_the_picture_is_no_higher_than_it(default, monkeypatch, height, text):
    image, quad = drawn("52734", 130, outline=5)
    quad[:2, 1], quad[2:, 1] = -20, 150
    segmenter = Segmenter(text_height=float(height))
    assert read(default, monkeypatch, image, quad, segmenter=segmenter)[0].text == text


@pytest.mark.parametrize(("upright", "ways"), [(False, 2), (True, 1)])
def test_what_stands_upright_is_never_read_upside_down(default, monkeypatch, upright, ways):
    image, quad = drawn("27354", 400, outline=5)
    turned = np.array([[image.shape[1], image.shape[0]]], np.float32) - quad
    upside_down = np.ascontiguousarray(image[::-1, ::-1])
    _, recording = read(default, monkeypatch, upside_down, turned, upright=upright)
    assert len(strips(recording)) == ways
