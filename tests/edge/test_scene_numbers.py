"""Regions that are numbers: their values, signs and points, and who cannot see these."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from tests.edge import hand_made_line

from . import scene_parts as parts
from .scene_parts import CROP, HEAD, PLACE, SIZE, look, region, scene, table

model = parts.model


def test_a_number_has_value_and_unit_and_an_impossible_one_a_reason(model: bundles.Bundle):
    value = '[region.value]\ndecimals = 2\nunit = "m3"\ndirection = "up"\nrecover_after_s = 60\n'
    scene_, counters = scene(model, HEAD + region(more=value))
    (reading,) = look(scene_, *[table()] * 4)
    assert (reading.text, reading.value, reading.unit) == ("15346", 153.46, "m3")
    (rejected,) = look(scene_, *[table("558")] * 6, start=10)
    assert (rejected.lines, rejected.value, rejected.raw) == ((), None, "5558")
    assert rejected.why == "falls from 153.46"
    assert counters.rejected["amount", "direction"] == 1
    assert scene_.problems["region amount"] == "a number is not believed (direction)"
    (believed,) = look(scene_, *[table("558")] * 3, start=80)
    assert believed.value == 55.58
    assert scene_.problems == {}


def test_a_text_that_begins_to_be_a_number_is_said_with_its_value(model: bundles.Bundle):
    before, _ = scene(model, HEAD + region())
    assert [reading.value for reading in look(before, *[table()] * 4)] == [None]
    after, _ = scene(model, HEAD + region(more="[region.value]\ndecimals = 1\n"))
    after.take_over(before)
    assert [reading.value for reading in look(after, *[table()] * 4, start=5)] == [1534.6]
    again, _ = scene(model, HEAD + region(more="[region.value]\ndecimals = 1\n"))
    again.take_over(after)
    assert look(again, *[table()] * 4, start=10) == []


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> bundles.Bundle:
    """A bundle whose line stage takes red bars for a minus, green ones for a 3 and blue ones for a point."""
    folder = tmp_path_factory.mktemp("b") / "marked"
    fast = bundles.named(Path("fast"))
    return bundles.load(hand_made_line.write(folder, characters=fast, labels=["-", "3", "."]))


def bars(text: str) -> np.ndarray:
    """A picture with a region full of bars."""
    rgb, _ = hand_made_line.bars(text)
    image = np.full((*SIZE, 3), 255, np.uint8)
    rgb = cv2.resize(rgb, CROP, interpolation=cv2.INTER_NEAREST)
    image[PLACE[1] : PLACE[1] + CROP[1], PLACE[0] : PLACE[0] + CROP[0]] = rgb
    return image


def test_a_number_is_read_with_its_sign_and_point(marked: bundles.Bundle, caplog):
    head = HEAD + "min_sharpness = 0.0\nmax_glare = 1.0\n"  # bars are no photograph
    scene_, _ = scene(marked, head + region(more="[region.value]\ndecimals = 2\nmax = 0.0\n"))
    (reading,) = look(scene_, *[bars("rgbg")] * 4)
    assert (reading.text, reading.value) == ("-3.3", -3.3)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[region.value]", "bundle {} cannot see a minus sign or a decimal point: -3.4 would be read as 34"),
        ("[region.value]\nmin = 0.0", "bundle {} cannot see a decimal point: 3.4 would be read as 34"),
        (
            "[region.value]\ndecimals = 1\nmin = -5.0",
            "bundle {} cannot see a minus sign: -34 would be read as 34",
        ),
        ("[region.value]\nmin = 0.0\ndecimals = 1", ""),
        ("", ""),
    ],
)
def test_a_number_of_which_something_is_overlooked_is_said_at_the_start(caplog, more: str, said: str):
    model = bundles.load(bundles.named("fast"))
    scene(model, HEAD + region(more=more))
    lines = (
        [f"region amount: {said.format(model.manifest.name)}; see Values in docs/regions.md"] if said else []
    )
    assert [record.getMessage() for record in caplog.records] == lines


def test_a_pattern_that_leaves_a_mark_out_is_said_at_the_start(marked: bundles.Bundle, caplog):
    scene(marked, HEAD + region(more="pattern = '3+'\n[region.value]\n"))
    scene(marked, HEAD + region(more="pattern = '-?3+\\.3'\n[region.value]\n"))
    assert [record.getMessage() for record in caplog.records] == [
        "region amount: this pattern cannot see a minus sign or a decimal point: -3.4 would be read as 34;"
        " see Values in docs/regions.md"
    ]


@pytest.mark.parametrize(
    ("unit", "texts", "said"),
    [
        ("", ("25.9", "°C"), ["25.9"]),
        ("hPa", ("25.9", "hPa"), ["25.9"]),
        ("", ("25.9", "hPa"), ["25.9", "hPa"]),
        ("hPa", ("hPa",), ["hPa"]),
        ("°C", ("25.9", "31.4"), ["25.9", "31.4"]),
    ],
)
def test_a_unit_that_is_a_line_of_its_own_is_no_part_of_the_number(marked: bundles.Bundle, unit, texts, said):
    scene_, _ = scene(marked, HEAD + region(more=f"[region.value]\nunit = '{unit}'\n"))
    (reader,) = scene_.readers
    lines = tuple(
        Line(tuple(Character(c, 0.99, Box(8 * i, 0, 8, 8)) for i, c in enumerate(t))) for t in texts
    )
    alone = reader._alone(Reading("x", lines, 0.0))
    assert [line.text for line in alone.lines] == said
