"""``from ocr_edge import Reader``: pictures read from Python."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import ocr_edge
from ocr_edge import Reader
from ocr_edge.errors import CaptureError, ConfigError, ModelError
from ocr_edge.sources import pictures
from tests.edge import hand_made_line
from tests.edge.hand_made_line import bars

CHEQUE = Path(__file__).parents[2] / "examples" / "cheque-4.jpg"


@pytest.fixture(scope="module")
def reader():
    return Reader("fast")


@pytest.fixture(scope="module")
def line_bundle(tmp_path_factory):
    """A bundle that has nothing but a line stage."""
    return hand_made_line.write(tmp_path_factory.mktemp("b") / "bars")


def test_a_path_and_its_pixels_are_read_alike(reader):
    image = pictures.load(CHEQUE)
    found = [reader.read(each) for each in (CHEQUE, str(CHEQUE), image)]
    assert [each.text for each in found] == ["15346"] * 3
    assert found[0].lines[0].box == found[2].lines[0].box
    assert (found[0].source, found[0].time) == (str(CHEQUE), CHEQUE.stat().st_mtime)
    assert found[2].source == ""


def test_a_grey_picture_is_read(reader):
    assert reader.read(cv2.imread(str(CHEQUE), cv2.IMREAD_GRAYSCALE)).text == "15346"


def test_pixels_that_are_a_view_or_may_not_be_written_are_read_and_stay_as_they_are(reader):
    view = cv2.imread(str(CHEQUE))[:, :, ::-1]
    view.flags.writeable = False
    before = view.copy()
    assert reader.read(view).text == "15346"
    assert (view == before).all()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((0, 10, 3), np.uint8), "has no pixels"),
        (np.zeros((10, 10, 4), np.uint8), "three channels"),
        (np.zeros((10, 10, 3)), "float64 (10, 10, 3), expected uint8"),
        (np.zeros(10, np.uint8), "uint8 (10,), expected"),
        ([[0]], "list, expected"),
        (None, "NoneType, expected"),
        (np.broadcast_to(np.uint8(0), (2**13 + 1, 2**13)), "at most 67 million pixels"),
        (Path("missing.jpg"), "missing.jpg: no such file"),
        (Path(__file__), "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(reader, image, said):
    with pytest.raises(CaptureError) as caught:
        reader.read(image)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"bundle": "nowhere"}, ModelError),
        ({"bundle": "fast", "reader": "line"}, ModelError),
        ({"reader": "nobody"}, ConfigError),
        ({"pattern": "[A"}, ConfigError),
        ({"check": "luhn"}, ConfigError),
        ({"check": "lun", "pattern": "[0-9]+"}, ConfigError),
        ({"min_confidence": 1.5}, ConfigError),
        ({"threads": 0}, ConfigError),
    ],
)
def test_what_is_wrong_is_refused_at_once(settings, error):
    with pytest.raises(error):
        Reader(**settings)


def test_a_pattern_and_a_least_confidence_hold():
    assert Reader("fast", pattern=r"\d{5}").read(CHEQUE).text == "15346"
    assert Reader("fast", pattern="[A-Z]{9}").read(CHEQUE).why == "pattern"
    assert Reader("fast", min_confidence=1.0).read(CHEQUE).why == "below min_confidence"


def test_a_line_stage_alone_is_a_reader(line_bundle):
    rgb, _ = bars("rgb")
    assert Reader(line_bundle).read(rgb).text == "rgb"
    assert Reader(line_bundle, reader="line").read(rgb).text == "rgb"
    with pytest.raises(ModelError, match="has no stage for --reader characters"):
        Reader(line_bundle, reader="characters")


def test_importing_the_package_loads_neither_numpy_nor_opencv():
    code = (
        "import sys, ocr_edge; print({'cv2', 'numpy'} & set(sys.modules));"
        " from ocr_edge import Reader; print(Reader.__module__, 'cv2' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert out.splitlines() == ["set()", "ocr_edge.reader True"]


def test_all_that_is_exported_is_there():
    assert all(getattr(ocr_edge, name) is not None for name in ocr_edge.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Writer'"):
        ocr_edge.Writer  # noqa: B018
