"""Counters of wheels: what stands between two digits is the lower one, and never one too high."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.config.load import parse
from ocr_edge.daemon.scene import Scene
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.rolling import faces
from ocr_edge.rolling.mechanics import Seen, resolve
from ocr_edge.rolling.reader import RollingReader
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

HIGH, PITCH, WIDE, WINDOW = 40, 58, 44, 62
"""Pixels of a digit, from one digit to the next, of a wheel, and of the window's height."""
FACE = 4
"""Which face of the sheet the counters are drawn in."""


@pytest.fixture(scope="module")
def model() -> bundles.Bundle:
    return bundles.load()


def places(text: str, turn: float) -> list[float]:
    """How far each wheel has turned, the last one by a part of a digit more than it says."""
    found = []
    for digit in reversed(text):
        found.append(int(digit) + turn)
        turn = max(found[-1] - 9, 0.0)
    return found[::-1]


def counter(text: str, turn: float, *, dark: bool = True, upwards: bool = True) -> np.ndarray:
    """The window of a counter, flat wheels with gaps between them."""
    digits = [face.ink for face in faces._faces()][FACE * 10 : FACE * 10 + 10]
    wheels = []
    for place in places(text, turn):
        wheel = np.zeros((WINDOW, WIDE), np.float32)
        for digit in range(int(place) - 2, int(place) + 4):
            ink = cv2.resize(digits[digit % 10], (round(32 * HIGH / 24), HIGH), interpolation=cv2.INTER_CUBIC)
            ink = ink[:, (ink.shape[1] - WIDE) // 2 :][:, :WIDE] if ink.shape[1] > WIDE else ink
            away = (digit - place) * PITCH * (1 if upwards else -1)
            top = round(WINDOW / 2 + away - HIGH / 2)
            for row in range(max(top, 0), min(top + HIGH, WINDOW)):
                wheel[row, : ink.shape[1]] = np.maximum(wheel[row, : ink.shape[1]], ink[row - top])
        wheel[:, -2:] = 0.5
        wheels.append(wheel)
    ink = np.clip(np.concatenate(wheels, axis=1), 0, 1)
    gray = 30 + 190 * ink if dark else 225 - 190 * ink
    return np.repeat(cv2.GaussianBlur(gray, (0, 0), 0.7).astype(np.uint8)[..., None], 3, axis=2)


def reader(model: bundles.Bundle, pattern: str = r"\d{5}", *, upwards: bool = True) -> RollingReader:
    return RollingReader(model, Pattern.parse(pattern, model.manifest.texts), upwards=upwards)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("tenth", range(10))
def test_a_wheel_between_two_digits_is_the_lower_one(model: bundles.Bundle, tenth: int, dark: bool):
    for text in ("00532", "04862"):
        reading = reader(model).read(counter(text, tenth / 10, dark=dark))
        assert reading.text == text
        assert reading.confidence >= 0.7


@pytest.mark.parametrize("turn", [0.2, 0.8])
def test_wheels_that_turn_together_are_one_carry(model: bundles.Bundle, turn: float):
    reading = reader(model).read(counter("00399", turn))
    assert reading.text in ("00399", "")
    assert reader(model).read(counter("04719", turn)).text == "04719"


def test_wheels_that_turn_downwards_show_the_next_digit_above(model: bundles.Bundle):
    image = counter("00537", 0.4, upwards=False)
    assert reader(model, upwards=False).read(image).text == "00537"


def test_a_window_without_a_whole_digit_is_silent_with_a_reason(model: bundles.Bundle):
    reading = reader(model).read(np.full((60, 200, 3), 40, np.uint8))
    assert (reading.lines, reading.why) == ((), "no whole digit on any wheel")


def test_what_the_pattern_refuses_is_not_said(model: bundles.Bundle):
    reading = reader(model, r"1\d{4}").read(counter("00530", 0.0))
    assert (reading.lines, reading.why) == ((), "pattern")


def seen(digit: int, middle: float, doubt: int | None = None) -> Seen:
    """A digit that is surely named, or looks as much like another one."""
    scores = np.full(10, -10.0)
    scores[digit] = 0.0
    if doubt is not None:
        scores[[digit, doubt]] = np.log(0.5)
    return Seen(middle, scores)


def test_numbers_that_cannot_be_told_apart_are_the_lower_one():
    rest = [[seen(0, 0.0)], [seen(5, 0.0)], [seen(3, 0.0)]]
    assert resolve([*rest, [seen(1, 0.0)]]).text == "0531"
    # Half-way between "stands at 1" and "lacks a tenth of it": nobody can say.
    assert resolve([*rest, [seen(1, 0.07)]]).text == "0530"
    assert resolve([*rest, [seen(1, 0.2)]]).text == "0530"


def test_a_carry_that_the_right_wheel_denies_is_none():
    # The third wheel lacks a little of 3, but its neighbour does not come to 0: it only has play.
    wheels = [[seen(0, 0.0)], [seen(5, 0.0)], [seen(3, 0.08)], [seen(4, -0.5)]]
    assert resolve(wheels).text == "0534"


def test_two_names_for_a_digit_share_its_probability():
    standing = resolve([[seen(0, 0.0)], [seen(3, 0.0, doubt=8)], [seen(5, 0.0)], [seen(5, -0.4)]])
    assert standing.chances[1, 3] == pytest.approx(0.5, abs=0.05)
    assert standing.confidence == pytest.approx(0.5, abs=0.05)


def config(more: str, rolling: str = "up", form: str = "") -> str:
    high, wide = WINDOW, 5 * WIDE
    corners = [[20, 20], [20 + wide, 20], [20 + wide, 20 + high], [20, 20 + high]]
    head = f'[source]\nurl = "file:x"\n[[region]]\nname = "meter"\ncorners = {corners}\n{more}\n'
    form = f'format = "{form}"\n' if form else ""
    return f'{head}[region.value]\nrolling = "{rolling}"\ndecimals = 2\n{form}'


def test_the_daemon_says_the_value_of_a_counter_through_a_turn(model: bundles.Bundle):
    scene = Scene(parse(config(r"pattern = '\d{5}'"), Path("c.toml")), model, Counters())
    values = []
    for index in range(24):
        image = np.full((WINDOW + 40, 5 * WIDE + 40, 3), 90, np.uint8)
        image[20 : 20 + WINDOW, 20 : 20 + 5 * WIDE] = counter("00530", 0.0 if index < 6 else (index - 4) / 10)
        if index >= 18:  # it stops
            image[20 : 20 + WINDOW, 20 : 20 + 5 * WIDE] = counter("00531", 0.4)
        values += [r.value for r in scene.look(Frame(image, 1e9 + index, float(index), "camera"))]
    assert values == [5.3, 5.31]


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        (
            "",
            r"rolling needs a digit for each wheel, such as pattern '\d{5}' or format '00000' for five wheels",
        ),
        (r"pattern = '\d{4,5}'", r'pattern "\d{4,5}" allows 4 to 5 digits, expected one length'),
        (r"pattern = '\d{3}\.\d'", "has '.', expected digits alone"),
        (r"pattern = '\d+'", "allows 1 to any number of digits"),
    ],
)
def test_a_pattern_that_does_not_count_the_wheels_is_one_line(
    model: bundles.Bundle, pattern: str, error: str
):
    with pytest.raises(ConfigError) as caught:
        Scene(parse(config(pattern), Path("c.toml")), model, Counters())
    assert str(caught.value).startswith("region meter: rolling")
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("0000#", 'value.format "0000#": expected every # before'),
        ("#0000", 'rolling: value.format "#0000" allows 4 to 5 digits, expected one length'),
        ("000:00", "has ':', expected digits alone"),
    ],
)
def test_a_format_that_does_not_count_the_wheels_is_named_as_it_was_written(
    model: bundles.Bundle, form: str, error: str
):
    with pytest.raises(ConfigError) as caught:
        Scene(parse(config("", form=form).replace("decimals = 2\n", ""), Path("c.toml")), model, Counters())
    assert str(caught.value).startswith("region meter: ")
    assert error in str(caught.value)


def test_a_format_counts_the_wheels_and_the_unit_is_on_none_of_them(model: bundles.Bundle):
    settings = config("", form="00000") + 'unit = "m³"\n'
    scene = Scene(parse(settings, Path("c.toml")), model, Counters())
    image = np.full((WINDOW + 40, 5 * WIDE + 40, 3), 90, np.uint8)
    image[20 : 20 + WINDOW, 20 : 20 + 5 * WIDE] = counter("00530", 0.3)
    said = [r for at in range(9) for r in scene.look(Frame(image, 1e9 + at, float(at), "camera"))]
    assert [(r.value, r.unit) for r in said] == [(5.3, "m³")]


def test_a_bundle_of_lines_alone_reads_a_counter(model: bundles.Bundle):
    lines = RollingReader(replace(model, networks=()), Pattern.parse(r"\d{5}", model.manifest.texts))
    assert lines.read(counter("00534", 0.3)).text == "00534"
