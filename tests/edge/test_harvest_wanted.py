"""Which readings are wanted as samples, and which are not."""

import numpy as np
import pytest

from ocr_edge.config.settings import Harvest
from ocr_edge.contract.types import Box
from ocr_edge.daemon.harvesting import Reaper
from ocr_edge.decode.pattern import Refused
from ocr_edge.harvest.likeness import SAME_TEXT, Known, look
from ocr_edge.harvest.series import Series
from ocr_edge.harvest.wanted import Look, wanted
from ocr_edge.pipeline import Asked
from ocr_edge.reading import Doubt, Reading
from ocr_edge.recognize.line_reader import Strip
from ocr_edge.recognize.lines import Posteriors
from ocr_edge.trace import Recording

from .harvest_parts import line, looked
from .sample_parts import ALPHABET, HIGH, made, scores, strip


@pytest.mark.parametrize(
    ("look_of", "reason"),
    [
        (looked("1234", 0.95), None),
        (looked("1234", 0.85), "uncertain"),
        (looked("1234", 0.95, why="1234 after 9000, expected more"), "rejected"),
        (looked("1234", 0.95, disagrees="1234 in this frame, 1254 in all"), "disagrees"),
        (looked("1234", 0.45, verdict="below min_confidence: 0.45, needed 0.50"), "rejected"),
        (looked("IIII", 0.2, verdict="below min_confidence: 0.20, needed 0.50"), None),  # texture
        (looked("1234", 0.5, verdict="too unsure for a scene: 0.50 sure"), None),
    ],
)
def test_what_is_uncertain_rejected_or_spoken_against_is_wanted(look_of, reason):
    found = wanted(look_of, 0.9)
    assert [each.reason for each in found] == ([reason] if reason else [])
    for each in found:
        assert each.text == "1234"
        assert each.why
        assert not np.shares_memory(each.strip, look_of.image)  # a view would keep the whole frame


def test_a_rival_is_suggested_and_a_counter_of_wheels_is_wanted_as_a_whole():
    doubted = looked("1234", 0.5, doubt=Doubt(1234.0, 0.1, "1284"))
    assert wanted(doubted, 0.9)[0].others == ("1284",)
    image = strip("0123")
    (found,) = wanted(Look(image, Reading("camera", (line("0123", 0.4),), 5.0), None), 0.9)
    assert found.strip.shape == image.shape


def test_what_a_pattern_refuses_is_wanted_the_way_up_that_is_surest():
    notes = Recording()
    notes.add(Asked(strip("A1"), ALPHABET, (), True, True))
    trace = notes.line()
    for text, legal, upside in (("B7", "81", 0.4), ("A1", "41", 1.0)):
        said = scores(text)
        said[:, :-1] = np.maximum(said[:, :-1] + np.log(upside), -9)
        image = strip(text)
        seen = Posteriors(said, image, image[..., :1])
        trace.add(Strip(image, Box(0, 0, image.shape[1], HIGH), None, seen))
        trace.add(Refused(legal, 9.0, 3.0))
    (found,) = wanted(Look(strip("A1"), Reading("camera", (), 5.0), notes), 0.9)
    assert (found.text, found.others, found.reason) == ("41", ("A1",), "rejected")
    assert found.labels == ALPHABET


def test_a_text_between_two_frames_that_agree_was_misread_and_the_next_value_was_not():
    series = Series()
    frames = [looked(text, 0.99) for text in ("4711", "4111", "4711", "4712", "4713", "4713")]
    odd = [found for frame in frames if (found := series.push(frame))]
    assert [each.reading.text for each in odd] == ["4111"]
    assert wanted(odd[0], 0.9)[0].reason == "disagrees"


def test_the_same_unsure_reading_again_and_again_is_kept_a_few_times_at_most():
    known = Known()
    first = made(0, "1234", "1Z34")
    assert known.adds("meter", "1Z34", first.about.look)
    known.add(first.about)
    assert not known.adds("meter", "1Z34", look(strip("1234", noise=9)))  # the same picture, other noise
    assert not known.adds("meter", "7Z34", first.about.look)  # read as another text this time
    assert known.adds("other", "1Z34", first.about.look)
    assert known.adds("meter", "1235", look(strip("1235")))  # the next number
    for number in range(1, SAME_TEXT):
        known.add(made(number, "9" * number, "1Z34").about)
    assert not known.adds("meter", "1Z34", look(strip("ABCD")))
    known.forget([first.about.id])
    assert known.adds("meter", "1Z34", look(strip("ABCD")))


def test_an_error_in_the_harvest_stops_no_reading_and_is_said_once(tmp_path, logged):
    class Region:
        name, value, corners = "meter", None, None

    class Reader:
        region = Region()

    class Scene:
        readers = (Reader(),)

    class Broken:
        flush = None

        def take(self, _take):
            raise RuntimeError("broken")

    reaper = Reaper(Harvest(), Broken())
    Scene.bundle = type("", (), {"manifest": type("", (), {"name": "default", "created": "today"})})
    for _ in range(3):
        Scene.readers[0].taken = looked("1234", 0.5)
        reaper(None, Scene)
    assert sum(record.levelname == "ERROR" for record in logged) == 1
