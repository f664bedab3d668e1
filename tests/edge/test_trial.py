"""Regions tried on a picture: with ``ocr-edge read`` and with ``ocr-edge check --picture``."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.cli import main
from ocr_edge.sources import pictures

from .scene_parts import CROP, EXAMPLES, PLACE, SIZE, table
from .test_cli_check import EDGE
from .test_rolling import counter

LEFT, TOP = PLACE
RIGHT, BOTTOM = LEFT + CROP[0], TOP + CROP[1]
CORNERS = f"[[{LEFT}, {TOP}], [{RIGHT}, {TOP}], [{RIGHT}, {BOTTOM}], [{LEFT}, {BOTTOM}]]"
MARKS = "[[picture.mark]]\nbox = [20, 20, 90, 90]\n[[picture.mark]]\nbox = [500, 60, 90, 90]\n"


def put(path, image):
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture
def picture(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return put(tmp_path / "table.png", table())


def read(capsys, *arguments):
    code = main(["read", "table.png", *arguments])
    return code, *capsys.readouterr()


def test_corners_cut_out_what_is_read(picture, capsys):
    code, out, err = read(capsys, "--corners", CORNERS, "--confidence")
    text, confidence = out.rstrip("\n").split("\t")
    assert (code, text, err) == (0, "15346", "")
    assert 0.7 < float(confidence) <= 1
    # The same four corners without brackets, and the boxes are the picture's.
    plain = f"{LEFT},{TOP} {RIGHT},{TOP} {RIGHT},{BOTTOM} {LEFT},{BOTTOM}"
    _, out, _ = read(capsys, "--corners", plain, "--format", "json")
    left, top, *_ = json.loads(out)["lines"][0]["box"]
    assert LEFT <= left < RIGHT
    assert TOP <= top < BOTTOM


def test_rotate_turns_the_part_clockwise(picture, capsys, tmp_path):
    put(picture, np.ascontiguousarray(np.rot90(table(), 2)))
    width, height = SIZE[1], SIZE[0]
    corners = f"{width - RIGHT},{height - BOTTOM} {width - LEFT},{height - BOTTOM} " + (
        f"{width - LEFT},{height - TOP} {width - RIGHT},{height - TOP}"
    )
    assert read(capsys, "--corners", corners, "--rotate", "180")[:2] == (0, "15346\n")


def test_a_value_is_printed_as_a_number_and_published_with_what_was_read(picture, capsys):
    assert read(capsys, "--corners", CORNERS, "--value")[:2] == (0, "15346\n")
    reading = json.loads(read(capsys, "--corners", CORNERS, "--value", "--format", "json")[1])
    assert (reading["text"], reading["raw"], reading["value"]) == ("15346", "15346", 15346.0)
    xml = read(capsys, "--corners", CORNERS, "--value", "--format", "xml")[1]
    assert '<number raw="15346" value="15346" unit="" />' in xml


def test_why_there_is_no_value_is_said(picture, capsys):
    code = main(["read", str(EXAMPLES / "render-clock.jpg"), "--value"])
    out, err = capsys.readouterr()
    assert (code, out) == (0, "")
    assert err.endswith(
        'render-clock.jpg: no value in "89:53": not a number: ":53" stands after it; give its --number-format, such as '
        "00:00 for a time, or --corners that leave other text out\n"
    )
    code, out, err = read(capsys, "--corners", CORNERS, "--value", "--pattern", "[A-Z]{9}", "--require-text")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "WARNING: table.png: nothing read: no line fits the pattern"


def gauge(tmp_path, *lines):
    """A picture of some lines of text; its path."""
    image = np.full((80 * len(lines) + 40, 360, 3), 225, np.uint8)
    for at, text in enumerate(lines):
        cv2.putText(
            image, text, (30, 80 * at + 75), cv2.FONT_HERSHEY_DUPLEX, 1.8, (30, 30, 30), 3, cv2.LINE_AA
        )
    return str(put(tmp_path / "gauge.png", image))


@pytest.mark.parametrize(
    "given",
    [
        ("--unit", "bar"),
        ("--number-format", "-#0.0 bar"),
        ("--number-format", "-#0.0", "--unit", "bar", "--value"),
    ],
)
def test_a_number_has_the_unit_or_format_that_it_has_in_the_configuration(tmp_path, capsys, given):
    path = gauge(tmp_path, "-0.5 bar")
    assert main(["read", path, *given]) == 0
    assert capsys.readouterr().out == "-0.5\n"


@pytest.mark.parametrize(
    ("lines", "given", "told"),
    [
        (("-0.5 bar",), (), "not a number: \"bar\" stands after it; give --unit 'bar' if that is its unit"),
        (("-0.5", "12.8"), (), "not a number: 2 lines; give --corners of the number's line alone"),
        (("-0.5 bar",), ("--number-format", "0.0 bar"), 'no line looks like "0.0 bar"'),
    ],
)
def test_what_keeps_a_text_from_being_a_number_is_said_and_what_to_give(tmp_path, capsys, lines, given, told):
    assert main(["read", gauge(tmp_path, *lines), "--value", *given]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


def test_polarity_and_text_height_are_the_regions(picture, capsys):
    place = ("--corners", CORNERS, "--polarity", "dark", "--text-height", "30")
    assert read(capsys, *place)[:2] == (0, "15346\n")
    # Text of this height would be ten times as high as the region: there is none.
    code, out, err = read(capsys, "--corners", CORNERS, "--text-height", "500", "--bundle", "fast")
    assert (code, out, err) == (0, "", "WARNING: table.png: nothing read: no text\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--corners", "0,0 700,0 700,90 0,90"), "table.png: corners: corner 2 (700, 0) lies outside of the picture"),
        (("--corners", "0,0 9,0 0,9 9,9"), "corners: the sides of the region cross"),
        (("--corners", CORNERS, "--reader", "line"), "--reader does not go with --corners"),
        (("--value", "--check", "luhn"), "check 'luhn' needs a pattern too"),
        (("--number-format", ""), "ERROR: format '' is empty: expected what the number looks like, such as '-##0.0'"),
        (("--number-format", "0.0#"), 'value.format "0.0#": expected every # before the first 0'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(picture, capsys, arguments, told):
    code, out, err = read(capsys, *arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert told in line


def check(picture, config, *arguments, source=""):
    path = picture.with_name("c.toml")
    path.write_text(source or f'[source]\nurl = "file:{picture.name}"\n')
    path.write_text(path.read_text() + "[store]\nenabled = false\n" + config)
    done = subprocess.run(
        [sys.executable, "-m", "ocr_edge", "check", "--json", "--config", path, *map(str, arguments)],
        env={"PYTHONPATH": str(EDGE), "STATE_DIRECTORY": str(picture.parent / "state")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = json.loads(done.stdout)["checks"] if done.stdout else []
    return done.returncode, {each["name"]: each for each in found}, done.stderr


def region(name="amount", more=""):
    return f'[[region]]\nname = "{name}"\ncorners = {CORNERS}\n{more}\n'


def test_each_region_says_what_it_would_say_or_why_it_would_not(picture):
    config = (
        region("number", '[region.value]\nunit = "kWh"\ndecimals = 2')
        + region("word", "pattern = '[A-Z]{3}'")
        + region("limit", "[region.value]\nmax = 9.0")
        + region("format", '[region.value]\nformat = "00:00"')
        + '[[region]]\nname = "empty"\ncorners = [[360, 140], [450, 140], [450, 170], [360, 170]]\n'
        + region("waiting", 'when = { region = "number", matches = "99999" }')
        + region("asleep", f"schedule = {json.dumps(['00:00-00:01'])}")
    )
    code, found, _ = check(picture, config, "--picture", picture)
    said = {name.removeprefix("region "): each["found"] for name, each in found.items() if "region " in name}
    assert code == 1
    assert said["number"].startswith('153.46 kWh, read as "15346", confidence ')
    assert said["word"].startswith('says nothing: no line fits the pattern; what is read there is "15346", ')
    assert said["format"].startswith(
        'says nothing: no line looks like "00:00"; what is read there is "15346", '
    )
    assert said["limit"] == '"15346" is not believed: above 9'
    assert said["empty"].startswith("says nothing: no text")
    assert said["waiting"].startswith("says nothing: waits for number to match 99999; what is read there")
    assert said["asleep"].startswith('"15346", confidence ')
    assert said["asleep"].endswith("; its schedule leaves it out at this time of day")
    assert [found[f"region {name}"]["level"] for name in ("number", "word", "asleep")] == [
        "ok",
        "warning",
        "ok",
    ]
    assert "its pattern" in found["region word"]["advice"]


def test_a_unit_that_is_not_configured_is_named(picture):
    path = Path(gauge(picture.parent, "-0.5 bar"))
    code, found, _ = check(path, '[[region]]\nname = "gauge"\n[region.value]\n', "--picture", path)
    said = found["region gauge"]
    assert (code, said["found"]) == (1, '"-0.5 bar" is not believed: not a number: "bar" stands after it')
    assert said["advice"].startswith('give unit = "bar" if that is its unit')


@pytest.mark.parametrize(
    ("pattern", "level", "said"),
    [
        (r"\d{5}", "ok", '530, read as "00530", '),
        (r"\d{4}", "warning", 'says nothing: below min_confidence; what is read there is "'),
        (r"\d{6}", "warning", 'says nothing: below min_confidence; what is read there is "'),
        (r"1\d{4}", "warning", 'says nothing: no line fits the pattern; what is read there is "00530", '),
    ],
)
def test_a_counter_that_says_nothing_has_its_line_and_so_have_the_others(picture, pattern, level, said):
    image, window = table(), counter("00530", 0.4)
    high, wide = window.shape[:2]
    image[300 : 300 + high, 40 : 40 + wide] = window
    put(picture, image)
    corners = [[40, 300], [40 + wide, 300], [40 + wide, 300 + high], [40, 300 + high]]
    rolling = f"pattern = '{pattern}'\n[region.value]\nrolling = \"up\"\n"
    config = f'[[region]]\nname = "water"\ncorners = {corners}\n{rolling}' + region()
    code, found, _ = check(picture, config, "--picture", picture)
    assert found["region amount"]["level"] == "ok"
    water = found["region water"]
    assert (code, water["level"]) == (level == "warning", level)
    assert water["found"].startswith(said)
    assert ("one digit a wheel" in water["advice"]) == (level == "warning")


def test_regions_that_cannot_be_tried_have_their_line_too(picture):
    wrong = region() + region("word", "pattern = '['")
    for config, name, code, why in (
        (region(), "none.png", 4, 'see "picture"'),
        (wrong, picture.name, 2, 'region word: pattern "["'),
    ):
        done, found, _ = check(picture, config, "--picture", name)
        assert done == code
        assert found["region amount"]["found"].startswith(f"was not tried: {why}")
    done, found, _ = check(
        picture, region(), "--picture", picture, source='bundle = "none"\n[source]\nurl = "file:table.png"\n'
    )
    assert (done, found["region amount"]["found"]) == (3, "was not tried: the bundle cannot be used")


def test_what_spoils_the_picture_is_named(picture):
    put(picture, table(light=0.03))
    code, found, _ = check(picture, region(), "--picture", picture)
    assert (code, found["region amount"]["found"].partition(";")[0]) == (1, "says nothing: dark")


def test_regions_follow_the_marks_and_the_drawing_shows_it(picture):
    put(picture.with_name("moved.png"), np.roll(table(), (12, 20), (0, 1)))
    config = '[picture]\nreference = "table.png"\n' + MARKS + region(more="[region.value]")
    code, found, err = check(picture, config, "--picture", "moved.png", "--draw", "drawn.png")
    assert code == 0, (found, err)
    assert found["marks"]["found"] == "2 found"
    assert found["region amount"]["found"].startswith("15346, read as")
    drawn = pictures.load(picture.with_name("drawn.png"))
    assert drawn.shape == (720, 960, 3)  # enlarged, so that its words can be read
    red, green, blue = drawn[round((BOTTOM + 12) * 1.5), round((RIGHT + 20) * 1.5)].tolist()
    assert green > 150 > max(red, blue)  # the corner is where the text has gone, green because it is sure
    red, green, blue = drawn[round(BOTTOM * 1.5), round(RIGHT * 1.5)].tolist()
    assert max(red, green, blue) - min(red, green, blue) < 60  # and not where it was


def test_lost_marks_are_said_once(picture):
    put(picture.with_name("other.png"), np.full((*SIZE, 3), 128, np.uint8))
    config = '[picture]\nreference = "table.png"\n' + MARKS + region()
    code, found, _ = check(picture, config, "--picture", "other.png", "--draw", "drawn.png")
    assert code == 1
    assert found["picture"]["found"].startswith("alignment lost, ")
    assert (found["region amount"]["level"], found["region amount"]["found"]) == (
        "warning",
        'was not tried: see "picture"',
    )
    assert (picture.parent / "drawn.png").exists()


def test_a_picture_of_the_source_is_turned_as_the_source_is_and_another_is_not(picture):
    put(picture.with_name("camera.png"), np.ascontiguousarray(np.rot90(table(), 2)))
    source = '[source]\nurl = "file:camera.png"\nrotate = 180\n'
    for name in ("camera.png", "table.png"):
        code, found, _ = check(picture, region(), "--picture", name, source=source)
        assert (code, found["region amount"]["level"]) == (0, "ok"), name


def test_mistakes_of_the_command_are_one_line(picture):
    code, _, err = check(picture, region(), "--draw", "x.png")
    assert (code, err) == (2, "ERROR: --draw needs --picture, the picture that is drawn on\n")
    code, found, _ = check(picture, region(), "--picture", "none.png")
    assert (code, found["picture"]["found"]) == (4, "none.png: no such file")
    code, found, _ = check(picture, region(), "--picture", picture, "--draw", "x.gif")
    assert (code, found["picture"]["found"]) == (
        2,
        "x.gif: cannot be written: expected a name that ends in .png or .jpg",
    )
