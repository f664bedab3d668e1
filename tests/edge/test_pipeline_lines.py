import numpy as np
import pytest

from ocr_edge import bundle as bundles
from ocr_edge.decode.cascade import Weighed, letters
from ocr_edge.decode.patterns import Pattern
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.pipeline import Pipeline
from tests.edge import hand_made_line

SURE = (1.0, 9.0)
"""A calibration that makes every line sure."""


@pytest.fixture(scope="module")
def lines_only(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "lines"
    hand_made_line.write(folder, line_calibration=SURE)
    return bundles.load(folder)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "both"
    hand_made_line.write(folder, characters=bundles.named("fast"), line_calibration=SURE)
    return bundles.load(folder)


def picture(text, scale=2):
    rgb, _ = hand_made_line.bars(text)
    return np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1)


@pytest.mark.parametrize("text", ["rgb", "bgr", "rrgb"])
def test_a_crop_of_one_line_is_read_by_the_line_stage_alone(lines_only, text):
    reading = Pipeline(lines_only).read(picture(text))
    assert reading.text == text
    assert reading.lines[0].characters[0].labels == ("r", "g", "b")


def test_a_bundle_with_both_kinds_asks_the_character_stages_only_where_the_line_stage_is_unsure(both):
    assert Pipeline(both).read(picture("rgb")).text == "rgb"
    assert Pipeline(both, reader="line").read(picture("rgb")).text == "rgb"
    assert set(Pipeline(both, reader="characters").read(picture("rgb")).text) <= set("1Il|\n ")


def test_boxes_are_in_the_pixels_of_the_picture(lines_only):
    rgb, _ = hand_made_line.bars("rgb")
    small, large = (Pipeline(lines_only).read(picture("rgb", scale)) for scale in (1, 3))
    for one, other in zip(small.lines[0].characters, large.lines[0].characters, strict=True):
        assert abs(other.box.left - 3 * one.box.left) <= 6
        assert one.box.right <= rgb.shape[1]


def test_a_pattern_is_followed_and_one_that_does_not_fit_says_nothing(lines_only):
    labels = lines_only.manifest.texts
    assert Pipeline(lines_only, Pattern.parse("[rg]+b", labels)).read(picture("rgb")).text == "rgb"
    assert Pipeline(lines_only, Pattern.parse("b+", labels)).read(picture("rgr")).text == ""


def test_a_pattern_that_only_the_line_stage_can_read_is_left_to_it(both):
    pattern = Pattern.parse("rgb", both.manifest.texts)
    assert Pipeline(both, pattern).read(picture("rgb")).text == "rgb"


def test_a_reader_that_the_bundle_lacks_is_refused(lines_only):
    with pytest.raises(ModelError, match="has no character stage"):
        Pipeline(lines_only, reader="characters")
    with pytest.raises(ModelError, match="has no line stage"):
        Pipeline(bundles.load(bundles.named("fast")), reader="line")


def test_a_pattern_that_no_reader_can_say_is_refused(lines_only):
    with pytest.raises(ConfigError):
        Pipeline(lines_only, Pattern.parse("rgbx", (*lines_only.manifest.texts, "x")))


def test_paper_without_ink_says_nothing(both):
    assert Pipeline(both).read(np.full((40, 200, 3), 240, np.uint8)).text == ""


def test_the_lattice_is_preferred_only_where_it_is_surer():
    nothing = -float("inf")
    assert Weighed(0.2, 0.95, -3.0, -3.5, nothing, -1.0).prefers_cut
    assert not Weighed(0.85, 0.95, -0.2, -20.0, -2.0, -1.0).prefers_cut
    assert not Weighed(0.85, 0.5, -0.2, nothing, nothing, nothing).prefers_cut


def test_marks_and_spaces_are_nothing_that_a_lattice_could_say():
    assert letters("-3.4 °C") == "34C"
