"""The steps between what is seen and what is said: scores, cuts, patterns, and who was preferred."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ocr_edge.explain import decision, drawing, folder, paths
from ocr_edge.explain.account import account
from ocr_edge.recognize.places import SAID
from ocr_edge.segment.decoder import Cut

from . import explain_parts as parts
from .explain_parts import crop, explained, told

lines_only, fast, label = parts.lines_only, parts.fast, parts.label
amount = parts.amount


def test_the_steps_end_with_what_the_decoder_says(fast, label):
    about = explained(fast, label)
    read = [line for line in about.lines if line.text]
    assert len(read) > 2
    for line in read:
        last = list(line.cut.steps.values())[-1]
        for scores, character in zip(last, line.place.reading.line.characters, strict=True):
            assert scores == pytest.approx(character.log_probabilities, abs=1e-4)
        boxes = [line.cut.graph.boxes[node] for node in line.cut.way]
        assert boxes == [character.box for character in line.place.reading.line.characters]


def test_gains_and_links_add_up_to_what_the_graph_says_but_for_the_ends(fast, amount):
    line = next(line for line in explained(fast, amount).lines if line.verdict == SAID)
    way, nats = line.cut.graph.best()
    own = paths.gains(line.cut)
    ends = line.cut.graph.start[way[0]] + line.cut.graph.end[way[-1]]
    cut = replace(line.cut, way=way)
    assert sum(own[node] for node in way) + sum(paths.links(cut)) + ends == pytest.approx(nats, abs=1e-3)


def test_characters_that_no_step_doubts_are_not_told_one_by_one():
    sure, changed, faint = (
        np.log(np.array(row, np.float32)) for row in ([0.99, 0.01], [0.01, 0.99], [0.6, 0.4])
    )
    cut = Cut(
        None,
        [0, 1, 2],
        {"picture": np.stack([sure, sure, faint]), "geometry": np.stack([sure, changed, sure])},
    )
    assert paths.doubted(cut) == [1, 2]


def test_a_pattern_that_nothing_fits_says_so(fast, amount):
    reading, recording = told(fast, amount, r"\d{40}")
    about = account(recording, reading)
    assert not reading.lines
    assert about.lines
    assert {line.verdict for line in about.lines} == {"pattern: nothing fits"}


def test_a_pattern_that_the_picture_speaks_against_says_what_it_would_read(fast, amount):
    about = explained(fast, amount, "[A-Z]{5}", min_margin=0.1)
    assert about.reading.why == "pattern"
    behind = [line for line in about.lines if line.refused and line.refused.text]
    assert behind
    for line in behind:
        assert line.verdict == line.refused.why
        assert line.refused.behind > 0.1
        assert line.title == f'{line.number}: no reading, looks like "{line.heard}"'
        assert line.heard
        assert line.cut.way
    magenta = (decision.draw(about) == drawing.MAGENTA).all(axis=-1)
    assert magenta.any()


def test_a_pattern_that_fits_is_the_last_step(fast, amount):
    about = explained(fast, amount, r"\d{5}")
    line = next(line for line in about.lines if line.verdict == SAID)
    assert line.text == "15346"
    assert list(line.cut.steps) == ["picture", "pattern"]
    names = [about.asked.labels[label] for label in line.cut.steps["pattern"].argmax(axis=1)]
    assert names == list("15346")


def test_a_pattern_is_followed_up_to_the_margin_that_is_told(lines_only):
    refused = explained(lines_only, crop("rgr"), "[gb]{3}", min_margin=0.5).lines[0]
    assert refused.shown.heard == "rgr"
    behind, text = refused.refused.behind, refused.refused.text
    assert explained(lines_only, crop("rgr"), "[gb]{3}", min_margin=behind + 0.1).lines[0].text == text
    again = explained(lines_only, crop("rgr"), "[gb]{3}", min_margin=behind - 0.1)
    assert not again.reading.lines
    assert again.lines[0].verdict == again.lines[0].refused.why


def test_the_numbers_tell_each_characters_alternatives_step_by_step(fast, amount):
    about = explained(fast, amount)
    numbers = json.loads(json.dumps(folder.numbers(about), allow_nan=False))
    assert numbers["reading"]["text"] == about.reading.text
    first = numbers["lines"][0]
    assert first["verdict"] == SAID
    for character, letter in zip(first["cut"]["characters"], first["text"], strict=True):
        for step in ("picture", "geometry", "neighbours"):
            chances = [chance for _, chance in character[step]]
            assert len(chances) == 3
            assert 1 >= chances[0] >= chances[1] >= chances[2] >= 0
        assert character["neighbours"][0][0] == letter
