"""Bundles, pictures and readings to be explained in tests."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain import drawing
from ocr_edge.explain.account import account
from ocr_edge.pipeline import Pipeline
from ocr_edge.sources import pictures
from ocr_edge.trace import Recording
from tests.edge import hand_made_line

FILES = [
    "1-found.png", "2-strips.png", "3-posteriors.png", "4-paths.png", "5-decision.png", "explain.json"
]  # fmt: skip
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SURE, UNSURE = (1.0, 9.0), (1.0, -9.0)
"""Calibrations that make every line sure, and none."""


def bundle_of(folder_of, name, **options):
    return bundles.load(hand_made_line.write(folder_of.mktemp("bundles") / name, **options))


@pytest.fixture(scope="module")
def lines_only(tmp_path_factory):
    return bundle_of(tmp_path_factory, "lines", line_calibration=SURE)


@pytest.fixture(scope="module")
def fast():
    return bundles.load(bundles.named("fast"))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return bundle_of(tmp_path_factory, "both", characters=bundles.named("fast"), line_calibration=SURE)


@pytest.fixture(scope="module")
def unsure(tmp_path_factory):
    """Of both kinds of stages; the line stage is never sure."""
    return bundle_of(tmp_path_factory, "unsure", characters=bundles.named("fast"), line_calibration=UNSURE)


def inked(_, seen):
    """The map of a detector that sees one line where ink is: the inner half of it, as such networks do."""
    colour = (seen.min(axis=2) < 200) & (seen.max(axis=2) > 0)
    joined = cv2.morphologyEx(colour.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))
    depth = cv2.distanceTransform(joined, cv2.DIST_C, 3)
    text = (depth > depth.max() / 2).astype(np.uint8)
    return cv2.resize(text, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32)


@pytest.fixture
def detecting(lines_only, monkeypatch):
    """A bundle with a detector too."""
    monkeypatch.setattr("ocr_edge.detect.detector.text_map", inked)
    return replace(lines_only, detectors=(None,))


def crop(text, scale=2):
    rgb, _ = hand_made_line.bars(text)
    return np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1)


def scene(text):
    """Bars somewhere in a picture that is higher than a line."""
    line = crop(text)
    picture = np.full((300, line.shape[1] + 120, 3), 255, np.uint8)
    picture[100 : 100 + line.shape[0], 50 : 50 + line.shape[1]] = line
    return picture


@pytest.fixture(scope="module")
def label():
    return pictures.load(EXAMPLES / "render-label.jpg")


@pytest.fixture(scope="module")
def amount():
    """A crop of one line that reads ``15346``."""
    return pictures.load(EXAMPLES / "cheque-4.jpg")


def told(bundle, image, pattern="", **options):
    """What was read, and how that came about."""
    recording = Recording()
    parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
    reading = Pipeline(bundle, parsed, **{"min_confidence": 0.0, "trace": recording} | options).read(image)
    return reading, recording


def explained(bundle, image, pattern="", **options):
    reading, recording = told(bundle, image, pattern, **options)
    return account(recording, reading)


def texts(draw, about):
    """Everything that is written in a picture."""
    seen = []

    def write(canvas, at, text, *_):
        seen.append(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "write", write)
        draw(about)
    return seen
