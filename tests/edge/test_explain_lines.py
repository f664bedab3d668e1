"""Pictures that explain what a line stage read, with a network that reads coloured bars: ``hand_made_line``."""

import json
from dataclasses import fields

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain import drawing, folder, heat, line_stage
from ocr_edge.explain.looks import Recorder
from ocr_edge.explain.trace import TracedPipeline
from ocr_edge.explain.verdict import SAID
from ocr_edge.pipeline import Pipeline
from ocr_edge.reader import Reader
from ocr_edge.recognize.line_reader import SURE_LINE
from ocr_edge.recognize.weighing import Weighed
from tests.edge import hand_made_line
from tests.edge.test_explain import FILES

SURE, UNSURE = (1.0, 9.0), (1.0, -9.0)
"""Calibrations that make every line sure, and none."""


def bundle_of(folder_of, name, **options):
    return bundles.load(hand_made_line.write(folder_of.mktemp("bundles") / name, **options))


@pytest.fixture(scope="module")
def lines_only(tmp_path_factory):
    return bundle_of(tmp_path_factory, "lines", line_calibration=SURE)


@pytest.fixture(scope="module")
def characters_only():
    return bundles.load(bundles.named("fast"))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return bundle_of(tmp_path_factory, "both", characters=bundles.named("fast"), line_calibration=SURE)


@pytest.fixture(scope="module")
def unsure(tmp_path_factory):
    """Of both kinds of stages; the line stage is never sure, so that the other is always asked."""
    return bundle_of(tmp_path_factory, "unsure", characters=bundles.named("fast"), line_calibration=UNSURE)


def crop(text, scale=2):
    rgb, _ = hand_made_line.bars(text)
    return np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1)


def scene(text):
    """Bars somewhere in a picture that is higher than a line."""
    line = crop(text)
    picture = np.full((300, line.shape[1] + 120, 3), 255, np.uint8)
    picture[100 : 100 + line.shape[0], 50 : 50 + line.shape[1]] = line
    return picture


def explained(bundle, image, target=None, pattern="", **options):
    """What was read, and how it came about; with a folder, what it says in numbers too."""
    parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
    pipeline = TracedPipeline(bundle, parsed, 0.0, **options)
    reading = pipeline.read(image)
    trace = pipeline.trace()
    if target is None:
        return reading, trace
    folder.write(trace, reading, target)
    return reading, trace, json.loads((target / "explain.json").read_text())


@pytest.mark.parametrize(
    ("kind", "reader"),
    [
        ("lines_only", "auto"),
        ("lines_only", "line"),
        ("both", "auto"),
        ("both", "line"),
        ("both", "characters"),
        ("unsure", "auto"),
        ("characters_only", "auto"),
    ],
)
@pytest.mark.parametrize("pattern", ["", "[rgb]{3}", "r{20}"])
def test_every_bundle_and_reader_is_explained(kind, reader, pattern, request, tmp_path):
    bundle = request.getfixturevalue(kind)
    for index, image in enumerate([crop("rgb"), scene("rgb"), np.full((50, 90, 3), 200, np.uint8)]):
        reading, trace, numbers = explained(bundle, image, tmp_path / str(index), pattern, reader=reader)
        parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
        assert reading.text == Pipeline(bundle, parsed, 0.0, reader=reader).read(image).text
        assert sorted(path.name for path in (tmp_path / str(index)).iterdir()) == FILES
        said = [item for item in numbers["places"] if item["verdict"] == SAID]
        assert sorted(item["text"] for item in said) == sorted(line.text for line in reading.lines)
        allowed = {"line"} if reader == "line" or kind == "lines_only" else {"line", "characters"}
        if reader == "characters" or kind == "characters_only":
            allowed = {"characters"}
            assert not trace.line_labels
        assert {item["reader"] for item in said} <= allowed


def test_who_read_a_line_is_told_by_its_labels(unsure):
    for text in ("rgb", "bbr"):
        for item in explained(unsure, scene(text))[1].places:
            if item.place.reading:
                labels = item.place.reading.line.characters[0].labels
                assert item.reader == ("line" if labels == hand_made_line.LABELS else "characters")


def test_a_sure_line_stage_alone_looked_at_a_crop(both, tmp_path):
    _, trace, numbers = explained(both, crop("rgb"), tmp_path)
    (item,) = trace.places
    assert item.said.confidence >= SURE_LINE
    assert (item.reader, item.cut) == ("line", None)
    assert numbers["places"][0]["line_stage"]["text"] == "rgb"
    assert numbers["places"][0]["characters"] == []
    assert trace.name(item.look) == "the picture, 112 x 64 pixels"


def test_two_answers_are_told_with_their_scores_and_the_choice_follows_from_them(unsure, tmp_path):
    _, trace, numbers = explained(unsure, scene("rgb"), tmp_path)
    weighed = [
        (item, told) for item, told in zip(trace.places, numbers["places"], strict=True) if told["weighed"]
    ]
    assert weighed
    for item, told in weighed:
        scores = told["weighed"]
        assert scores["chosen"] == told["reader"] == item.reader
        assert told["text"] == scores[scores["chosen"]]
        kept = {field.name: scores[field.name] for field in fields(Weighed)}
        again = Weighed(**{name: -np.inf if value is None else value for name, value in kept.items()})
        assert again.prefers_cut == (scores["chosen"] == "characters")
        assert "chosen: the" in line_stage.both(item)[-1]


def test_a_pattern_is_followed_up_to_the_margin_that_is_told(lines_only):
    _, trace = explained(lines_only, crop("rgr"), pattern="[gb]{3}", min_margin=1e9)
    (item,) = trace.places
    margin, text = item.said.margin, item.said.text
    assert 1 < margin < 1e6
    assert item.said.free == "rgr"
    _, trace = explained(lines_only, crop("rgr"), pattern="[gb]{3}", min_margin=margin + 0.1)
    assert trace.places[0].place.reading.line.text == text
    reading, trace = explained(lines_only, crop("rgr"), pattern="[gb]{3}", min_margin=margin - 0.1)
    assert reading.text == ""
    (fate,) = {fate for said, fate in trace.others if said.free == "rgr"}
    assert fate.startswith(f'pattern: "{text}" is {margin:.1f} nats behind')


def test_a_line_that_the_pattern_does_not_allow_is_a_place_that_says_what_it_looks_like(lines_only):
    reading, trace = explained(lines_only, scene("rgr"), pattern="[gb]{3}")
    assert reading.why == "pattern"
    assert any(
        item.verdict.startswith('pattern: "') and item.text(()) == '(no reading, looks like "rgr")'
        for item in trace.places
    )


def test_without_a_pattern_nothing_is_said_of_margins(lines_only, tmp_path):
    strip = explained(lines_only, crop("rgb"), tmp_path)[2]["places"][0]["line_stage"]
    assert "margin_nats" not in strip
    assert [character["names"][0][0] for character in strip["characters"]] == ["r", "g", "b"]


def test_a_row_for_each_label_that_is_heard_and_the_blank_last():
    chances = np.array([[0.9, 0.04, 0.0, 0.06], [0.0, 0.04, 0.3, 0.66], [0.0, 0.04, 0.0, 0.96]])
    scores = np.log(chances + 1e-9).astype(np.float32)
    assert heat.rows(scores, (0, 2, 3)) == [0, 2, 3]
    # A label that a pattern demands has a row however unlikely it is.
    assert heat.rows(scores, (0, 1, 3)) == [0, 1, 2, 3]


def test_the_way_is_framed_where_the_text_is_written(lines_only):
    item = explained(lines_only, crop("rgb"))[1].places[0]
    (picture,) = heat.draw(item.said, hand_made_line.LABELS)
    letters = [(label, first) for label, first, _ in heat.runs(item.said.labels) if label < 3]
    assert [label for label, _ in letters] == [0, 1, 2]
    head = 2 * 32 * heat.LARGE + 2 * heat.GAP + heat.ROW
    for row, (_, first) in enumerate(letters):
        corner = picture[head + row * heat.ROW, heat.GUTTER + 4 * heat.LARGE * first]
        assert tuple(corner.tolist()) == drawing.GREEN
        inside = picture[head + row * heat.ROW + 6, heat.GUTTER + 4 * heat.LARGE * first + 6]
        assert np.abs(inside.astype(int) - heat.DARK).max() < 30


def test_a_long_strip_is_cut_into_pieces_that_fit(lines_only):
    item = explained(lines_only, crop("rgb" * 36, scale=1))[1].places[0]
    pieces = heat.draw(item.said, hand_made_line.LABELS)
    assert len(pieces) > 1
    assert all(piece.shape[1] <= drawing.WIDEST + 16 for piece in pieces)


def test_what_became_of_each_strip_is_told(unsure, tmp_path):
    _, trace, numbers = explained(unsure, scene("rgb"), tmp_path)
    strips = [item.said.tried for item in trace.places if item.said] + [
        said.tried for said, _ in trace.others
    ]
    # The whole picture is no crop, so that every strip was cut out for one of the lines found in it.
    assert len({id(strip) for strip in strips}) == len(strips)
    assert len(strips) >= len([item for item in trace.places if item.place.lines])
    assert all(fate for _, fate in trace.others)
    assert len(numbers["other_strips"]) == len(trace.others)


def test_a_second_look_at_a_picture_at_another_scale_is_kept_too():
    recorder, image = Recorder(), scene("rgb")
    first = list(recorder.guesses(image))
    second = list(recorder.look(image, 1.5))
    assert second
    assert [look.guesses for look in recorder.looks] == [first + second]


def test_the_command_explains_the_line_reader(lines_only, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), crop("rgb")[..., ::-1])
    reader = Reader(lines_only.path, reader="line", traced=True)
    assert reader.read(tmp_path / "a.png").text == "rgb"
    assert isinstance(reader.pipeline, TracedPipeline)
    assert reader.pipeline.trace().places[0].reader == "line"
