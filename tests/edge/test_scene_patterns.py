"""Patterns and check digits of a region decide what is said of it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sources.base import Frame
from tests.edge import hand_made_line

from . import scene_parts as parts
from .scene_parts import HEAD, look, region, scene, table

model = parts.model


def test_a_region_with_a_pattern_says_only_what_matches_it(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region(more='pattern = "[0-9]{5}"\n'))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == ["15346"]
    scene_, _ = scene(model, HEAD + region(more='pattern = "[A-Z]{5}"\n'))
    assert look(scene_, *[table()] * 4) == []


@pytest.fixture(scope="module")
def by_reader(tmp_path_factory) -> dict[str, bundles.Bundle]:
    """A bundle whose line stage has a space, and one of characters alone, which have none."""
    folder = tmp_path_factory.mktemp("b") / "spaced"
    fast = bundles.named(Path("fast"))
    spaced = hand_made_line.write(folder, characters=fast, labels=["1", " ", "5"])
    return {"line": bundles.load(spaced), "characters": bundles.load(fast)}


def test_what_a_stage_without_spaces_reads_fits_a_pattern_with_spaces(by_reader: dict[str, bundles.Bundle]):
    scene_, _ = scene(by_reader["characters"], HEAD + region(more="pattern = '[0-9]{2} [0-9]{3}'\n"))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == ["15346"]
    assert scene_.problems == {}


def said_by(text: str, labels: tuple[str, ...], confidence: float = 0.99, calibrated: float | None = None):
    """A pipeline that reads the same in every picture."""
    characters, space = [], False
    for char in text:
        if char == " ":
            space = True
            continue
        scores = np.where(np.array(labels) == char, 0.0, -9.0).astype(np.float32)
        characters.append(Character(char, confidence, Box(0, 0, 8, 8), (), scores, space, labels))
        space = False
    line = Line(tuple(characters), calibrated)
    return SimpleNamespace(
        labels=labels,
        read=lambda image, **_: Reading("camera", (line,), 0.0, timing_ms={"total": 1.0}),
    )


@pytest.mark.parametrize(
    ("reader", "text", "labels", "is_said"),
    [
        ("line", "15 515", "15 ", True),
        ("line", "15515", "15 ", False),
        ("line", "15 51", "15 ", False),
        ("characters", "15346", "015346", True),
        ("characters", "1534", "015346", False),
    ],
)
def test_texts_of_several_frames_fit_the_pattern_as_the_reader_of_the_region_takes_it(
    by_reader: dict[str, bundles.Bundle], reader: str, text: str, labels: str, is_said: bool
):
    scene_, _ = scene(by_reader[reader], HEAD + region(more="pattern = '[15]{2} [0-9]{3}|[15]{2} 5[15]1'\n"))
    scene_.readers[0]._pipeline = said_by(text, tuple(labels))
    assert [reading.text for reading in look(scene_, *[table()] * 4)] == [text] * is_said
    (answer,) = scene_.answer([Frame(table(), 0.0, 50.0 + index, "camera") for index in range(4)])
    assert (answer.text, answer.why) == ((text, "") if is_said else ("", "pattern"))


@pytest.mark.parametrize(("more", "is_said"), [("", True), ("[region.value]\nmin = 0.0\n", False)])
def test_a_number_must_be_sure_as_a_whole_and_a_text_in_its_characters(
    model: bundles.Bundle, more: str, is_said: bool
):
    scene_, _ = scene(model, HEAD + region(more=more))
    scene_.readers[0]._pipeline = said_by("15346", model.manifest.texts, calibrated=0.6)
    assert [reading.text for reading in look(scene_, *[table()] * 8)] == ["15346"] * is_said
    assert scene_.problems == ({} if is_said else {"region amount": "nothing to read: below min_confidence"})


def test_a_check_digit_of_ones_own_is_asked_of_every_text(model: bundles.Bundle):
    # 1 + 5 + 3 + 4 + 6 = 19
    own = '[[check]]\nname = "ours"\nweights = [1]\nmodulus = 20\nremainder = {}\n'
    right, wrong = (
        scene(model, HEAD + own.format(rest) + region(more='pattern = "[0-9]{5}"\ncheck = "ours"\n'))[0]
        for rest in (19, 3)
    )
    assert [reading.text for reading in look(right, *[table()] * 4)] == ["15346"]
    assert look(wrong, *[table()] * 4) == []
