"""Doubt: what else a number might be, in one frame and over several, and why it is then not believed."""

import math

import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.config.settings import Region, Stabilize, Value
from ocr_edge.contract.labels import LINE
from ocr_edge.contract.types import Box
from ocr_edge.daemon import region_setup
from ocr_edge.decode.line_decoder import LineDecoder
from ocr_edge.decode.pattern import Pattern
from ocr_edge.reading import Character, Doubt, Line, Reading
from ocr_edge.recognize.line_reader import LineReader
from ocr_edge.regions.doubts import Doubts, why_doubted
from ocr_edge.regions.stabilize import Stabilizer
from tests.edge.seven_segments import display

LABELS = tuple("0123456789-. ")


def strip(*steps: dict[str, float]) -> np.ndarray:
    """Posteriors in which each step is followed by a blank one; what is not named is nearly impossible."""
    rows = np.full((2 * len(steps) + 1, len(LABELS) + 1), 1e-9)
    rows[::2, -1] = 1.0
    for number, step in enumerate(steps):
        for text, p in step.items():
            rows[2 * number + 1, LABELS.index(text)] = p
        rows[2 * number + 1, -1] = max(1 - sum(step.values()), 1e-9)
    return np.log(rows).astype(np.float32)


def decoder(pattern: str = "", form: str = "", slope: float = 1.0, margin: float = 99.0) -> LineDecoder:
    """One for numbers, as a region makes it."""
    region = Region(pattern=pattern, value=Value(format=form or None))
    known = region_setup.number_format(region)
    text = known.pattern(LABELS) if known else pattern
    made = Pattern.parse(text, LABELS, strict=bool(form)) if text else None
    meaning = region_setup.meaning(region, made)
    return LineDecoder(LABELS, made, min_margin=margin, calibration=(slope, 0.0), meaning=meaning)


def doubt(rows: np.ndarray, **options: float | str) -> tuple[str, Doubt]:
    found = decoder(**options).decode(rows, to_box=lambda first, end: Box(first, 0, end - first, 32))
    assert found is not None
    assert found.line.doubt is not None
    return found.line.text, found.line.doubt


def test_the_lead_is_the_odds_against_the_next_other_value():
    text, found = doubt(strip({"3": 0.9, "8": 0.09}, {"4": 0.999}), pattern=r"\d\d")
    assert (text, found.value, found.rival) == ("34", 34.0, "84")
    assert found.lead == pytest.approx(math.log(0.9 / 0.09), abs=0.01)


def test_the_lead_is_calibrated_as_the_confidence_is():
    rows = strip({"3": 0.9, "8": 0.09}, {"4": 0.999})
    assert doubt(rows, pattern=r"\d\d", slope=0.5)[1].lead == pytest.approx(math.log(10) / 2, abs=0.01)


def test_a_dropped_digit_is_a_rival_where_the_length_may_vary():
    text, found = doubt(strip({"1": 0.45}, {"2": 0.999}, {"3": 0.999}), pattern=r"\d{1,4}")
    assert (text, found.rival) == ("23", "123")
    assert found.lead == pytest.approx(math.log(0.55 / 0.45), abs=0.01)


def test_a_digit_too_many_for_the_pattern_is_a_rival_too():
    text, found = doubt(strip({"1": 0.6}, {"2": 0.999}, {"3": 0.999}), pattern=r"\d\d")
    assert (text, found.rival) == ("23", "123")
    assert found.lead == pytest.approx(math.log(0.4 / 0.6), abs=0.01)


def test_a_minus_that_the_format_lacks_is_a_rival():
    text, found = doubt(strip({"-": 0.4}, {"3": 0.999}, {".": 0.99}, {"4": 0.999}), form="#0.0")
    assert (text, found.value, found.rival) == ("3.4", 3.4, "-3.4")
    assert found.lead == pytest.approx(math.log(0.6 / 0.4), abs=0.01)


def test_a_minus_that_is_surely_there_leaves_no_value_in_a_format_without_one():
    rows = strip({"-": 0.99}, {"3": 0.999}, {"4": 0.999})
    assert decoder(form="#0", margin=3.0).decode(rows, to_box=lambda *_: Box(0, 0, 1, 1)) is None


def test_other_texts_with_the_same_value_are_no_rivals():
    text, found = doubt(strip({"0": 0.5}, {"3": 0.999, "5": 1e-3}), pattern=r"\d{1,2}")
    assert (found.value, text[-1]) == (3.0, "3")
    assert found.rival in {"5", "05"}
    assert found.lead > 6


def test_free_text_that_is_a_number_is_doubted_as_well_and_spaces_are_no_rivals():
    text, found = doubt(strip({"3": 0.999}, {" ": 0.999}, {"4": 0.9, "9": 0.1}))
    assert (text, found.value, found.rival) == ("3 4", 34.0, "39")


def test_free_text_that_is_no_number_has_no_doubt():
    rows = strip({"-": 0.999}, {"-": 0.999})
    found = decoder().decode(rows, to_box=lambda *_: Box(0, 0, 1, 1))
    assert found is not None
    assert found.line.doubt is None


def test_a_digit_beside_what_was_cut_out_is_found_by_a_second_look():
    bundle, region = bundles.load(), Region(value=Value(format="###0"))
    pattern = region_setup.pattern(region, bundle, None)
    reader = LineReader(bundle, pattern, 3.0, region_setup.meaning(region, pattern))
    image = display("4667")
    whole = reader.read(image, Box(0, 0, image.shape[1], image.shape[0]))
    assert whole is not None
    assert whole.rated.line.doubt is not None
    assert (whole.rated.line.text, whole.rated.line.doubt.lead > 2.3) == ("4667", True)
    slit = reader.read(image, Box(0, 0, 110, image.shape[0]))
    assert slit is not None
    assert slit.rated.line.text == "4667"
    cut = reader.read(image, Box(0, 0, 128, image.shape[0]))
    assert cut is not None
    assert cut.rated.line.doubt is not None
    # What was cut between two digits is as sure as all of it: it is doubted.
    assert (cut.rated.line.text, cut.rated.line.doubt.rival) == ("466", "4667")
    assert cut.rated.line.doubt.lead <= 0


def line(text: str, sure: float = 0.99, found: Doubt | None = None, weak: int | None = None) -> Line:
    """A line of sure characters, one of them weak if asked."""
    characters = []
    for place, character in enumerate(text):
        p = 0.4 if place == weak else sure
        scores = np.log(np.array([p, 0.23], np.float32))
        characters.append(
            Character(
                character,
                p,
                Box(place, 0, 1, 1),
                ((character, p), ("1", 0.23)),
                scores,
                labels=(character, "x"),
            )
        )
    return Line(tuple(characters), 0.9, found)


def reading(text: str, lead: float, rival: str = "") -> Reading:
    return Reading("x", (line(text, found=Doubt(float(text), lead, rival)),), 0.0)


def test_the_least_sure_digit_counts_and_a_mean_does_not_hide_it():
    assert why_doubted(line("00723456", weak=2), 10, 0.75) == (
        "7 in 00723456 is 40% sure (1 23%), expected 75%"
    )
    assert why_doubted(line("00723456"), 10, 0.75) == ""


def test_the_unit_may_be_unsure():
    assert why_doubted(line("21C", weak=2), 10, 0.75) == ""


def test_a_point_that_may_be_a_comma_is_sure():
    mark = Character(".", 0.5, Box(0, 0, 1, 1), ((".", 0.5), (",", 0.49)))
    assert why_doubted(Line((mark,), 0.9), 10, 0.75) == ""


def test_too_small_a_lead_says_both_values():
    doubted = line("34", found=Doubt(34.0, math.log(3), "84"))
    assert why_doubted(doubted, 10, 0.75) == "34 is 3 times as likely as 84, expected 10"
    assert why_doubted(doubted, 3, 0.75) == why_doubted(doubted, 0, 0.75) == ""


def test_the_lead_over_frames_is_their_mean():
    doubts = Doubts()
    for lead in (1.0, 3.0):
        doubts.add(reading("34", lead, "84"), 1.0)
    (told,) = doubts.told((line("34"),))
    assert told.doubt == Doubt(34.0, 2.0, "84")


def test_frames_with_another_value_speak_against_it():
    doubts = Doubts()
    doubts.add(reading("34", 5.0, "84"), 1.0)
    doubts.add(reading("84", 3.0, "34"), 1.0)
    (told,) = doubts.told((line("34"),))
    assert told.doubt == Doubt(34.0, 1.0, "84")


def test_old_frames_are_forgotten():
    doubts = Doubts()
    doubts.add(reading("84", 30.0, "34"), 1.0)
    doubts.decay(1e-3)
    doubts.add(reading("34", 5.0, "84"), 1.0)
    (told,) = doubts.told((line("34"),))
    assert told.doubt == Doubt(34.0, 5.0, "84")


def test_the_stabilizer_tells_the_doubt_of_all_frames():
    stabilizer = Stabilizer(("x",), Stabilize(frames=2), 0.5, measure="whole")
    stabilizer.push(reading("34", 1.0, "84"), 0.0)
    settled = stabilizer.push(reading("34", 2.0, "84"), 0.0)
    assert settled.reading is not None
    assert settled.reading.lines[0].doubt == Doubt(34.0, pytest.approx(1.5, abs=0.01), "84")


def test_labels_that_cannot_say_a_mark_have_no_rivals_with_it():
    digits = Pattern.parse(r"\d\d", "0123456789")
    meaning = region_setup.meaning(Region(pattern=r"\d\d", value=Value()), digits)
    rows = np.log(np.full((5, 11), 1 / 11, np.float32))
    found = LineDecoder(tuple("0123456789"), digits, meaning=meaning).decode(
        rows, to_box=lambda *_: Box(0, 0, 1, 1)
    )
    assert found is not None
    assert "-" in LINE
    assert found.line.doubt is not None
    assert set(found.line.doubt.rival) <= set("0123456789")


def test_look_alikes_that_the_pattern_allows_do_not_make_each_other_unsure():
    labels = tuple("0OB")
    rows = np.log(np.array([[0.98, 0.01, 0.005, 0.005]], np.float32))
    for pattern, sure in (("[0O]", 0.985), ("0", 0.99)):
        found = LineDecoder(labels, Pattern.parse(pattern, labels)).decode(
            rows, to_box=lambda *_: Box(0, 0, 1, 1)
        )
        assert found is not None
        assert found.line.characters[0].confidence == pytest.approx(sure - 0.005, abs=0.006)
        assert dict(found.line.characters[0].alternatives).get("O", 0.0) <= 0.0101
