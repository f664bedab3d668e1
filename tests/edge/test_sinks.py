"""Readings leave as text, JSON, XML and pictures."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.labels import LINE
from ocr_edge.contract.types import Box
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sinks import streams
from ocr_edge.sinks.annotate import annotate, colour, save
from ocr_edge.sinks.names import Names
from ocr_edge.sinks.streams import FileSink

SAYABLE = "".join(LINE).strip()
ALL = " ".join(SAYABLE[at : at + 9] for at in range(0, len(SAYABLE), 9))
"""Every label of a line stage, marks beside each other, in words."""


def line(text: str, confidence: float = 0.9, left: int = 10, top: int = 30, size: int = 20) -> Line:
    """Characters side by side; a blank in the text is a word gap."""
    characters = []
    for index, character in enumerate(text):
        if character == " ":
            continue
        box = Box(left + index * size, top, size - 4, size)
        gap = index > 0 and text[index - 1] == " "
        alternatives = ((character, confidence), ("x", 0.01))
        characters.append(Character(character, confidence, box, alternatives, space_before=gap))
    return Line(tuple(characters))


def reading(*lines: Line, source: str = "a.jpg") -> Reading:
    return Reading(source, lines, 12.5, why="" if lines else "no text", timing_ms={"segment": 1.234})


def published(form: str, *readings: Reading, named: bool = False) -> str:
    stream = io.StringIO()
    sink = streams.make(form, stream, named=named)
    for each in readings:
        sink.publish(each)
    sink.close()
    return stream.getvalue()


def test_text_alone_is_only_the_text():
    assert published("text", reading(line("AB 12"), line("C"))) == "AB 12\nC\n"
    assert published("text", reading()) == ""


def test_text_among_several_names_the_source_of_each_line_even_of_an_empty_one():
    found = published("text", reading(line("AB 12"), line("C")), reading(source="b\n.jpg"), named=True)
    assert found == "a.jpg: AB 12\na.jpg: C\nb\\n.jpg:\n"


def test_json_is_the_published_form_one_object_per_line():
    each = reading(line("AB 12"))
    lines = published("json", each, reading()).splitlines()
    assert json.loads(lines[0]) == each.as_dict()
    assert json.loads(lines[1])["why"] == "no text"


def test_a_file_name_that_is_not_unicode_is_published_in_every_form():
    each = reading(line("A"), source="caf\udce9.jpg")
    assert json.loads(published("json", each))["source"] == "caf?.jpg"
    assert ET.fromstring(published("xml", each))[0].get("source") == "caf?.jpg"
    assert published("text", each, named=True) == "caf\\udce9.jpg: A\n"


def test_xml_says_what_json_says():
    root = ET.fromstring(published("xml", reading(line("AB 12"), line("C")), reading()))
    assert root.tag == "readings"
    assert root.get("schema") == "1"
    first, second = root
    assert first.get("source") == "a.jpg"
    assert first.findtext("text") == "AB 12\nC"
    assert [each.findtext("text") for each in first.iter("character")] == ["A", "B", "1", "2", "C"]
    assert first.find("line").attrib == {
        "confidence": "0.9",
        "left": "10",
        "top": "30",
        "width": "96",
        "height": "20",
    }
    assert first.find("line/character/alternative").text == "A"
    assert first.find("step").attrib == {"name": "segment", "ms": "1.23"}
    assert second.get("why") == "no text"


def test_xml_without_a_reading_is_still_a_document():
    assert len(ET.fromstring(published("xml"))) == 0


@given(st.text(min_size=1), st.text())
def test_xml_is_well_formed_and_ascii_for_any_text(text, source):
    character = Character(text, 0.5, Box(0, 0, 1, 1), ((text, 0.5),))
    found = published("xml", Reading(source, (Line((character,)),), 0.0))
    assert found.isascii()
    assert ET.fromstring(found).find("reading/line/character") is not None


@given(st.text(), st.text(st.characters(exclude_categories=()), max_size=20))
def test_json_and_text_take_any_text(text, source):
    each = Reading(source, (Line((Character(text, 0.5, Box(0, 0, 1, 1)),)),), 0.0)
    assert json.loads(published("json", each))["lines"][0]["characters"][0]["text"] == text
    assert published("text", each, named=True)


def test_every_mark_and_space_survives_each_form():
    assert set(ALL) == set(LINE)
    each = reading(line(ALL), line(ALL[::-1]))
    assert published("text", each) == f"{ALL}\n{ALL[::-1]}\n"
    (found,) = map(json.loads, published("json", each).splitlines())
    assert found["text"] == f"{ALL}\n{ALL[::-1]}"
    assert [one["text"] for one in found["lines"][0]["characters"]] == list(SAYABLE)
    root = ET.fromstring(published("xml", each))[0]
    assert root.findtext("text") == f"{ALL}\n{ALL[::-1]}"
    assert [one.findtext("text") for one in root.findall("line")] == [ALL, ALL[::-1]]
    assert [one.text for one in root.iterfind("line/character/text")] == [*SAYABLE, *SAYABLE[::-1]]
    assert [one[0].text for one in root.iterfind("line/character[alternative]")] == [*SAYABLE, *SAYABLE[::-1]]


def test_every_mark_and_space_survives_the_way_back():
    published_form = json.loads(published("json", reading(line(ALL))))
    again = Reading.from_dict(published_form)
    assert again.text == ALL
    assert again.as_dict() == published_form


def test_every_mark_can_be_annotated():
    assert annotate(np.zeros((60, 3000, 3), np.uint8), reading(line(ALL))).any()


def test_an_unknown_format_is_a_mistake_in_code():
    with pytest.raises(ValueError, match="expected one of text, json, xml"):
        streams.make("yaml", io.StringIO())


def test_a_file_appears_with_its_first_reading_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "a.xml"
    sink = FileSink("xml", path)
    sink.close()
    assert not path.exists()
    path.write_text("old")
    sink = FileSink("xml", path)
    sink.publish(reading(line("A")))
    sink.close()
    assert ET.parse(path).getroot().findtext("reading/text") == "A"


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path):
    sink = FileSink("json", tmp_path)
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        sink.publish(reading())
    sink = FileSink("json", Path("/dev/full"))
    with pytest.raises(ConfigError, match="/dev/full: cannot be written: No space left"):
        sink.publish(reading())
    with pytest.raises(ConfigError, match="cannot be written"):
        save(np.zeros((5, 5, 3), np.uint8), Path("/dev/full"))


def test_inputs_of_the_same_name_get_names_of_their_own(tmp_path):
    inputs = [Path("a.jpg"), Path("x/a.jpg"), Path("x/A.png"), Path("a-2.jpg"), Path("b.tar.png")]
    names = Names(tmp_path / "new" / "out", inputs)
    assert [names.path(each, ".txt").name for each in inputs] == [
        "a.txt",
        "a-2.txt",
        "A-3.txt",
        "a-2-2.txt",
        "b.tar.txt",
    ]
    again = Names(tmp_path / "new" / "out", inputs)
    assert again.path(inputs[2], ".txt").name == "A-3.txt"


def test_an_input_is_never_overwritten(tmp_path):
    inputs = [tmp_path / "a.jpg", tmp_path / "a.annotated.jpg"]
    for path in inputs:
        path.touch()
    names = Names(tmp_path, inputs)
    assert [names.path(path, ".annotated.jpg").name for path in inputs] == [
        "a-2.annotated.jpg",
        "a.annotated.annotated.jpg",
    ]
    alias = tmp_path / "alias"
    alias.symlink_to(tmp_path)
    assert Names(alias, inputs).path(inputs[0], ".jpg").name == "a-2.jpg"


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none")):
        with pytest.raises(ConfigError, match="cannot be written"):
            Names(folder, [])


def test_the_annotated_picture_shows_boxes_and_a_label_above_the_line():
    image = np.full((480, 640, 3), 255, np.uint8)
    before = image.copy()
    found = annotate(image, reading(line("ABC", left=100, top=200, size=40)))
    assert found.shape == (480, 640, 3)
    assert (image == before).all()
    changed = (found != 255).any(axis=2)
    assert changed[200:240, 100:216].any()
    assert changed[165:195, 100:150].mean() > 0.5
    assert not changed[:150].any()
    assert not changed[260:].any()


def test_colours_run_from_red_to_green():
    assert colour(0.0)[0] > 4 * colour(0.0)[1]
    assert colour(1.0)[1] > 4 * colour(1.0)[0]
    assert colour(-1) == colour(0)
    assert colour(2) == colour(1)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (12, 30), (24, 80), (3000, 4000)])
def test_pictures_of_any_size_become_legible_ones(size):
    found = annotate(np.full((*size, 3), 90, np.uint8), reading(line("ABC é")))
    assert 320 <= found.shape[1] <= 1920
    assert found.shape[0] <= 1920 + 60


def test_a_small_crop_gets_room_for_its_label_above_the_text():
    crop = np.full((20, 80, 3), 128, np.uint8)
    found = annotate(crop, reading(line("ABCD", left=0, top=0, size=20)))
    text = found[-160:]
    assert found.shape[0] > 175
    assert (np.abs(text.astype(int) - 128).max(axis=2) < 5).mean() > 0.5


numbers = st.integers(-(2**40), 2**40) | st.integers(-50, 200)
sides = st.integers(1, 2**40) | st.integers(1, 200)
boxes = st.builds(Box, numbers, numbers, sides, sides)
characters = st.builds(Character, st.text(max_size=40), st.floats(0, 1), boxes, space_before=st.booleans())
lines = st.builds(Line, st.lists(characters, min_size=1, max_size=4).map(tuple))


@settings(deadline=None)
@given(st.lists(lines, max_size=3), st.integers(1, 150), st.integers(1, 150))
def test_annotating_never_fails_whatever_the_boxes(found, height, width):
    image = np.full((height, width, 3), 200, np.uint8)
    assert annotate(image, Reading("a", tuple(found), 0.0)).dtype == np.uint8


def test_an_annotated_picture_is_saved_in_the_right_colours(tmp_path):
    image = np.zeros((40, 40, 3), np.uint8)
    image[:] = (200, 20, 20)
    save(image, tmp_path / "ü.jpg")
    stored = cv2.imdecode(np.fromfile(tmp_path / "ü.jpg", np.uint8), cv2.IMREAD_COLOR)
    assert stored[20, 20, 2] > 4 * int(stored[20, 20, 0])


def test_a_calibrated_line_is_as_sure_as_it_says_and_survives_publication():
    plain = line("AB")
    rated = Line(plain.characters, 0.5)
    assert (plain.confidence, rated.confidence) == (pytest.approx(0.9), 0.5)
    whole = reading(plain, rated)
    assert whole.confidence == pytest.approx((0.9 * 0.5) ** 0.5)
    published_ = whole.numbered(3, "pi")
    assert [each.confidence for each in published_.lines] == [each.confidence for each in whole.lines]
    assert Reading.from_dict(published_.as_dict()).as_dict() == published_.as_dict()
