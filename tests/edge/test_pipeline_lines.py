import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.contract.labels import letters
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.layout.rivals import is_surer
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Character, Line
from ocr_edge.recognize.line_reader import LineReader, around
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
    return np.pad(
        np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1), ((3, 3), (0, 0), (0, 0)), constant_values=255
    )


@pytest.mark.parametrize("text", ["rgb", "bgr", "rrgb"])
def test_a_crop_of_one_line_is_read_by_the_line_stage_alone(lines_only, text):
    reading = Pipeline(lines_only).read(picture(text))
    assert reading.text == text
    assert reading.lines[0].characters[0].labels == ("r", "g", "b")


def test_each_reader_alone_is_that_reader(both):
    assert Pipeline(both, reader="line").read(picture("rgb")).text == "rgb"
    by_characters = Pipeline(both, reader="characters").read(picture("rgb"))
    assert by_characters.text
    assert set(by_characters.text) <= set("1Il|\n ")


def test_boxes_are_in_the_pixels_of_the_picture(lines_only):
    rgb, _ = hand_made_line.bars("rgb")
    small, large = (Pipeline(lines_only).read(picture("rgb", scale)) for scale in (1, 3))
    for one, other in zip(small.lines[0].characters, large.lines[0].characters, strict=True):
        assert abs(other.box.left - 3 * one.box.left) <= 6
        assert one.box.right <= rgb.shape[1]


def test_what_stands_in_the_margins_is_another_lines(lines_only):
    image = picture("rgb")
    reader, whole = LineReader(lines_only, None, 0.0), Box(0, 0, image.shape[1], image.shape[0])
    found = reader.read(image, whole)
    first, _, last = (character.box for character in found.rated.line.characters)
    low = Box(first.left, 12, last.right - first.left, 20)
    inside = reader.read(image, whole, line=low).rated.line
    assert inside.text == "rgb"
    assert {(c.box.top, c.box.bottom) for c in inside.characters} == {(12, 32)}
    assert reader.read(image, whole, line=Box(first.left - 8, 12, 4, 20)) is None
    assert reader.read(image, whole, line=Box(first.left, 12, first.width, 20)) is None


def test_a_pattern_is_followed_and_one_that_does_not_fit_says_nothing(lines_only):
    labels = lines_only.manifest.texts
    assert Pipeline(lines_only, Pattern.parse("[rg]+b", labels)).read(picture("rgb")).text == "rgb"
    assert Pipeline(lines_only, Pattern.parse("b+", labels)).read(picture("rgr")).text == ""


def test_a_pattern_that_only_the_line_stage_can_read_is_left_to_it(both):
    pattern = Pattern.parse("rgb", both.manifest.texts)
    assert Pipeline(both, pattern).read(picture("rgb")).text == "rgb"


def test_a_reader_that_the_bundle_lacks_is_refused(lines_only):
    with pytest.raises(ModelError, match="has no stage for --reader characters"):
        Pipeline(lines_only, reader="characters")
    with pytest.raises(ModelError, match="has no stage for --reader line"):
        Pipeline(bundles.load(bundles.named("fast")), reader="line")


def test_a_pattern_that_no_reader_can_say_is_refused(lines_only):
    with pytest.raises(ConfigError):
        Pipeline(lines_only, Pattern.parse("rgbx", (*lines_only.manifest.texts, "x")))


def test_paper_without_ink_says_nothing(both):
    assert Pipeline(both).read(np.full((40, 200, 3), 240, np.uint8)).text == ""


def test_marks_and_spaces_are_no_letters():
    assert letters("-3.4 °C m³ µ") == "34Cm"


def test_a_margin_ends_at_the_next_line_and_at_the_border():
    alone = around(Box(100, 20, 50, 20), (64, 400))
    assert (alone.left, alone.right) == (80, 170)
    assert alone.top < 20
    beside = around(
        Box(100, 20, 50, 20), (64, 400), [Box(90, 22, 5, 18), Box(158, 20, 40, 20), Box(150, 60, 40, 4)]
    )
    assert (beside.left, beside.right) == (95, 158)
    assert around(Box(0, 0, 10, 10), (10, 10)) == Box(0, 0, 10, 10)


def test_the_character_stages_are_not_asked_where_a_line_stage_reads(both, monkeypatch):
    monkeypatch.setattr("ocr_edge.pipeline.Recognizer", None)
    assert Pipeline(both).read(picture("rgb")).text == "rgb"


def line_of(text, confidence):
    return Line(
        tuple(Character(c, confidence, Box(10 * i, 0, 8, 20)) for i, c in enumerate(text)), confidence
    )


@pytest.mark.parametrize(
    ("whole", "found", "stands"),
    [
        (("34", 0.3), ("-3.4", 0.97), False),  # the surer one with its marks
        (("-185", 0.68), ("185", 0.76), True),  # marks are lost rather than invented
        (("-185", 0.2), ("185", 0.76), False),
        (("abc", 0.9), ("xyz", 0.5), True),
        (("abc", 0.5), ("xyz", 0.9), False),
        (("0836412", 0.4), ("6412", 0.7), True),  # a piece is surer, but there is more to read
    ],
)
def test_all_of_a_crop_and_a_line_found_in_it_are_compared_by_confidence_and_marks(whole, found, stands):
    assert is_surer(line_of(*whole), line_of(*found)) == stands
