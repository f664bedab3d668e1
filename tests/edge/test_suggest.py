"""``ocr-edge regions suggest``: what it prints is a configuration, and the daemon reads with it what stands there."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.contract.types import Box
from ocr_edge.detect.detector import Found
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sources import pictures
from ocr_edge.trial import fragment, outlines, spots
from ocr_edge.trial import suggest as suggesting
from ocr_edge.trial.numbers import written
from ocr_edge.trial.once import region

from .scene_parts import EXAMPLES, table
from .test_trial import check, put


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A table with an amount, and below it a sign of two words; some degrees askew."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    image = table()
    word = pictures.load(EXAMPLES / "render-clock.jpg")
    word = cv2.resize(word, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    image[260 : 260 + word.shape[0], 200 : 200 + word.shape[1]] = word
    turn = cv2.getRotationMatrix2D((320, 240), 3, 1)
    image = cv2.warpAffine(image, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return put(tmp_path / "table.png", image)


def suggest(capsys, *arguments):
    code = main(["regions", "suggest", "table.png", *arguments])
    return code, *capsys.readouterr()


def test_it_is_a_configuration_and_each_region_reads_what_stands_above_it(picture, capsys):
    code, out, err = suggest(capsys, "--draw", "seen.png")
    assert (code, err) == (0, "")
    (first, *_), text = tomllib.loads(out)["region"], out
    assert (first["name"], first["value"]) == ("number-1", {"format": "00000", "min": 0.0})
    assert '# 1: reads "15346", the number 15346, confidence 0.' in text
    code, found, err = check(picture, "", "--picture", picture, source=out.replace("[source]", "\n[source]"))
    assert (code, err) == (0, ""), found  # what it writes is not warned of
    assert found["region number-1"]["found"].startswith('15346, read as "15346", ')
    said = [each["found"] for name, each in found.items() if name.startswith("region ")]
    assert len(said) == out.count("[[region]]")
    drawn = pictures.load(picture.with_name("seen.png"))
    assert np.abs(drawn.astype(int) - cv2.resize(pictures.load(picture), (960, 720))).max() > 100


def test_text_that_is_no_number_gets_no_value(picture, capsys):
    _, out, _ = suggest(capsys)
    (clock,) = [region for region in tomllib.loads(out)["region"] if region["name"].startswith("text-")]
    assert "value" not in clock
    assert "pattern" not in clock
    assert 'reads "89:53", confidence' in out
    assert 'name = "text-2"   # publishes text, and no number' in out


def test_a_number_that_is_not_sure_enough_is_said_to_be_text_and_what_to_add(picture, capsys, monkeypatch):
    def strict(text):
        number = written(text)
        return number and replace(number, value=number.value | {"min_lead": 1e9})

    monkeypatch.setattr(suggesting, "written", strict)
    code, out, _ = suggest(capsys, "--take", "1")
    assert code == 0
    (first,) = tomllib.loads(out)["region"]
    assert (first["name"], first["pattern"], "value" in first) == ("text-1", r"\d{5}", False)
    assert 'name = "text-1"   # publishes text, and no number\n' in out
    assert re.search(r"# As a number it is not sure enough: 15346 is .* times as likely as .* or add\n", out)
    # What to add is right when the marks before it are taken away.
    added = out.replace("\n# [region.value]\n# min", "\n[region.value]\nmin")
    assert tomllib.loads(added)["region"][0]["value"] == {"min": 0.0}


@pytest.mark.parametrize(
    ("text", "is_told"),
    [("0482", True), ("482", True), ("00 482", True), ("48", False), ("48.2", False), ("A482", False)],
)
def test_digits_alone_may_be_a_mechanical_counter_which_is_read_in_another_way(text, is_told):
    reading = Reading("", (line([(100 + 30 * i, 50, 20, 30) for i in range(len(text))], text),), 0.0)
    settings = region(name="number-1", corners=square(100, 50), value={"format": "0000"})
    out = fragment.configuration([(1, suggesting.Suggestion(settings, reading, 20.0))], Path("x.png"), SIZE)
    assert ('\n# rolling = "up" ' in out and "docs/regions.md#rolling-counters" in out) == is_told
    if is_told:  # what it proposes is a configuration
        (counter,) = tomllib.loads(out.replace("# rolling", "rolling"))["region"]
        assert region(**counter).value.rolling == "up"


def test_what_a_pattern_overlooks_is_said_with_the_way_out():
    reading = Reading("", (line(LEVEL),), 0.0, value=482.0)
    made = region(name="number-1", pattern=r"\d{5}", value={})
    known = suggesting.Suggestion(made, reading, 20.0, blind="this pattern cannot see a decimal point")
    out = fragment.configuration([(1, known)], Path("x.png"), SIZE)
    assert "# this pattern cannot see a decimal point.\n# Where one can be, write a format with it" in out


def test_some_can_be_taken_and_sent_to_a_broker(picture, capsys):
    code, out, _ = suggest(capsys, "--take", "2", "--mqtt", "broker.local")
    config = tomllib.loads(out)
    assert [region["name"][-2:] for region in config["region"]] == ["-2"]
    assert config["mqtt"] == {"host": "broker.local"}
    assert config["source"] == {"url": f"file:{picture}"}
    assert config["picture"] == {"size": [640, 480]}
    code, out, err = suggest(capsys, "--take", "9")
    assert (code, out) == (2, "")
    assert err == "ERROR: --take 9: table.png has the regions 1 to 2\n"


def test_a_bundle_without_marks_gets_no_pattern_that_needs_them(picture, capsys):
    code, out, _ = suggest(capsys, "--bundle", "fast")
    assert code == 0
    tomllib.loads(out)


def test_a_picture_without_text_is_said(picture, capsys):
    put(picture, np.full((480, 640, 3), 200, np.uint8))
    code, out, err = suggest(capsys)
    assert (code, out) == (1, "")
    assert err == "ERROR: table.png: no text found; come nearer, or give the corners yourself\n"


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("004827", r"\d{6}", {"min": 0.0}),
        ("215", r"-?\d{1,4}", {}),
        ("21.5", r"-?\d{1,3}\.\d{1}", {}),
        ("-3.4 °C", r"-?\d{1,2}\.\d{1} ?°C", {"unit": "°C"}),
        ("+3,4", r"-?\d{1,2},\d{1}", {}),
        ("00123,456 m³", r"\d{5},\d{3} ?m³", {"unit": "m³", "decimals": 3, "min": 0.0}),
        ("1,234", r"-?\d{1,2},\d{3}", {"decimals": 3}),
        ("12.5kWh", r"-?\d{1,3}\.\d{1} ?kWh", {"unit": "kWh"}),
        ("50%", r"-?\d{1,3} ?%", {"unit": "%"}),
        ("7 $", r"-?\d{1,2} ?\$", {"unit": "$"}),
    ],
)
def test_a_number_gets_the_pattern_of_its_kind(text, pattern, value):
    found = written(text)
    assert (found.pattern, found.value) == (pattern, value)


@pytest.mark.parametrize(
    ("text", "form"),
    [("004827", "000000"), ("215", "-###0"), ("-7", "-#0"), ("50%", "-##0"), ("21.5", ""), ("1,234", "")],
)
def test_a_number_without_a_mark_gets_a_format_which_overlooks_none(text, form):
    assert written(text).form == form


@pytest.mark.parametrize("text", ["", "12:30", "12Q", "KWH", "1.2.3", "12.5 bananas", "1 2", "12/2026", "."])
def test_what_is_no_number_has_none(text):
    assert written(text) is None


def line(boxes, text="00482"):
    return Line(tuple(Character(c, 0.9, Box(*box)) for c, box in zip(text, boxes, strict=True)))


SIZE = (200, 400)
LEVEL = [(100 + 30 * i, 50, 20, 30) for i in range(5)]


def test_an_outline_has_a_margin_of_a_third_of_the_height():
    outline = outlines.of(line(LEVEL))
    assert outline.height == 30
    assert outline.corners(SIZE) == [(90, 40), (250, 40), (250, 90), (90, 90)]
    assert outline.corners((85, 245)) == [(90, 40), (245, 40), (245, 85), (90, 85)]


def test_an_outline_follows_a_line_that_falls():
    falling = [(x, y + round((x - 100) * 0.1), w, h) for x, y, w, h in LEVEL]
    (left, top), (right, low), *_ = outlines.of(line(falling)).corners(SIZE)
    assert (low - top) / (right - left) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(("quarter", "first"), [(1, 1), (2, 2), (3, 3)])
def test_the_first_corner_is_that_of_the_text(quarter, first):
    """The corner in the picture, counted clockwise from its top left, at which the text begins."""
    place = {
        1: lambda i: (50, 20 + 30 * i, 30, 20),
        2: lambda i: (220 - 30 * i, 50, 20, 30),
        3: lambda i: (50, 140 - 30 * i, 30, 20),
    }
    outline = outlines.of(line([place[quarter](i) for i in range(5)]))
    corners = outline.corners(SIZE)
    xs, ys = sorted({x for x, _ in corners}), sorted({y for _, y in corners})
    around = [(xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1])]
    assert corners[0] == around[first]
    assert corners[1] == around[(first + 1) % 4]
    assert outline.height == 30


def test_boxes_that_reach_to_where_a_line_was_cut_out_are_not_believed():
    sloppy = [(40, 30, 80, 70), *LEVEL[1:4], (220, 20, 90, 90)]
    (left, top), (right, _), (_, bottom), _ = outlines.of(line(sloppy)).corners(SIZE)
    assert (top, bottom) == (40, 90)
    assert 75 <= left <= 90
    assert 250 <= right <= 265


def test_an_outline_is_drawn_in_to_the_rows_of_ink():
    image = np.full((*SIZE, 3), 220, np.uint8)
    image[60:90, 100:240:7] = 30
    image[110:114, 100:240:7] = 30  # the tops of another line
    tight = outlines.tightened(
        image, outlines.Outline(np.array([(95, 40), (245, 40), (245, 115), (95, 115)], float), 75)
    )
    assert tight.height == 30
    assert tight.points[:, 1].round().tolist() == [60, 60, 90, 90]
    blank = np.full((*SIZE, 3), 220, np.uint8)
    assert outlines.tightened(blank, tight) is None


def test_what_is_printed_survives_names_that_toml_has_to_quote(picture, capsys):
    odd = picture.with_name('a "b" \\ c.png')
    picture.rename(odd)
    assert main(["regions", "suggest", str(odd)]) == 0
    config = tomllib.loads(capsys.readouterr().out)
    assert config["source"]["url"] == f"file:{odd}"
    assert json.dumps(config["region"][0]["corners"])


def a_suggestion(text, corners, **settings):
    number = {"value": 1.0} if "value" in settings else {}
    reading = Reading("", (line([(0, 0, 9, 20)] * len(text), text),), 0.0, **number)
    return suggesting.Suggestion(region(corners=corners, **settings), reading, 20.0)


def square(left, top):
    return [(left, top), (left + 100, top), (left + 100, top + 30), (left, top + 30)]


def test_a_number_gets_the_unit_that_stands_beside_it():
    meter = a_suggestion("004827", square(100, 100), value={"min": 0.0})
    others = [
        a_suggestion("kWh", square(400, 100)),  # of another meter
        a_suggestion("bar", square(100, 140)),  # below
        a_suggestion("m³", square(210, 104)),
        a_suggestion("AQUA", square(205, 100)),
    ]
    found = suggesting._with_units([meter, *others])
    assert [each.region.value and each.region.value.unit for each in found] == ["m³", None, None, None, None]
    assert found[0].region.value.min == 0.0
    (lonely,) = suggesting._with_units([meter])
    assert lonely.region.value.unit == ""


def test_what_a_detector_sees_and_nobody_reads_is_suggested_too(monkeypatch):
    quads = [square(100, 50), square(100, 120)]

    class Sees:
        def __init__(self, *_, **__):
            pass

        def read(self, image):
            return Reading("", (line([(x, 55, 18, 20) for x in range(100, 200, 20)]),), 0.0)

        def detect(self, image):
            return self

        def lines(self):
            return [Found(np.array(quad, np.float32), 0.9, (0,)) for quad in quads]

    monkeypatch.setattr(spots, "Pipeline", Sees)
    monkeypatch.setattr(spots, "Detector", Sees)
    image = np.zeros((*SIZE, 3), np.uint8)
    read, unread = spots.spots(image, SimpleNamespace(detectors=(Sees,)))
    assert (read.text, unread.text, unread.outline.height) == ("00482", "", 30)
    assert unread.outline.corners(SIZE) == [(90, 110), (210, 110), (210, 160), (90, 160)]
    (alone,) = spots.spots(image, SimpleNamespace(detectors=()))
    assert alone.text == "00482"


def test_of_those_that_read_the_same_in_the_same_place_the_best_is_left():
    first, inside = a_suggestion("4.86", square(100, 100)), a_suggestion("4.86", square(110, 95))
    other, elsewhere = a_suggestion("1.473", square(110, 95)), a_suggestion("4.86", square(100, 150))
    assert suggesting._without_doubles([first, inside, other, elsewhere]) == [first, other, elsewhere]


def test_lines_that_were_found_as_one_become_regions_of_their_own(picture):
    image = pictures.load(picture)
    whole = spots.Spot(outlines.Outline(np.array([(0, 0), (640, 0), (640, 480), (0, 480)], float), 20.0))
    found = spots.cuts(image, bundles.load(), whole)
    assert [cut.reading.text for cut in found] == ["15346", "89:53"]
    (_, top), _, (_, bottom), _ = found[0].corners
    assert bottom - top < 100
