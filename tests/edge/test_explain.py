"""Pictures that explain a reading, with the shipped bundle and one small example."""

import json
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain import folder, geometry, lattice
from ocr_edge.explain.trace import TracedPipeline
from ocr_edge.explain.verdict import NO_CHARACTER, SAID
from ocr_edge.pipeline import Pipeline
from ocr_edge.sources import pictures

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "render-label.jpg"
PNGS = ["1-ink", "2-candidates", "3-line-stage", "4-glyphs", "5-lattice", "6-geometry", "7-decision"]
FILES = [*(f"{name}.png" for name in PNGS), "explain.json"]


@pytest.fixture(scope="module")
def bundle():
    return bundles.load(bundles.named("fast"))


@pytest.fixture(scope="module")
def image():
    return pictures.load(EXAMPLE)


@pytest.fixture(scope="module")
def amount():
    """A crop of one line that reads ``15346``."""
    return pictures.load(EXAMPLE.parent / "cheque-4.jpg")


@pytest.fixture(scope="module")
def explained(bundle, image, tmp_path_factory):
    """A reading, how it came to be, and the folder that explains it."""
    pipeline, target = TracedPipeline(bundle), tmp_path_factory.mktemp("explained") / "new" / "label"
    reading = pipeline.read(image)
    trace = pipeline.trace()
    folder.write(trace, reading, target)
    return reading, trace, target


def colours(path):
    return {
        tuple(pixel) for pixel in np.unique(cv2.imread(str(path))[..., ::-1].reshape(-1, 3), axis=0).tolist()
    }


def test_to_remember_changes_no_reading(bundle, image, explained):
    assert [line.text for line in explained[0].lines] == [
        line.text for line in Pipeline(bundle).read(image).lines
    ]


def test_every_step_is_a_picture_with_something_in_it(explained):
    assert sorted(path.name for path in explained[2].iterdir()) == FILES
    for name in [name for name in PNGS if name != "3-line-stage"]:
        height, width = cv2.imread(str(explained[2] / f"{name}.png")).shape[:2]
        assert 300 < width < 1800
        assert height > 300


def test_what_was_said_is_what_the_verdicts_say(explained):
    reading, trace, _ = explained
    said = [item.place.reading.line.text for item in trace.places if item.verdict == SAID]
    assert sorted(said) == sorted(line.text for line in reading.lines)
    assert said
    assert all(item.verdict for item in trace.places)


def test_the_steps_end_with_what_the_decoder_says(explained):
    read = [item for item in explained[1].places if item.place.reading]
    assert len(read) > 2
    for item in read:
        for scores, character in zip(item.cut.steps[-1][1], item.place.reading.line.characters, strict=True):
            assert scores == pytest.approx(character.log_probabilities, abs=1e-4)


def test_gains_and_links_add_up_to_what_the_graph_says_but_for_the_ends(explained):
    item = explained[1].places[0]
    way, nats = item.cut.graph.best()
    own = lattice.gains(item.cut)
    ends = item.cut.graph.start[way[0]] + item.cut.graph.end[way[-1]]
    assert sum(own[node] for node in way) + sum(lattice.links(item.cut)) + ends == pytest.approx(
        nats, abs=1e-3
    )


def test_the_rulings_are_those_under_which_geometry_names_the_characters(explained):
    _, trace, _ = explained
    tall = next(item for item in trace.places if item.verdict == SAID)
    fitted = geometry.fit_of(tall.cut, trace.labels)
    names = [trace.labels[label] for label in tall.cut.steps[-1][1].argmax(axis=1).tolist()]
    found = [fitted.found(tall.cut.graph.boxes[node]) for node in tall.cut.way]
    assert np.median([geometry.deviation(f, name) for f, name in zip(found, names, strict=True)]) < 1


def test_a_small_letter_drawn_as_high_as_a_capital_is_out_of_place():
    fitted = geometry.Fit(cap=100.0, base=200.0, slope=0.0, middle=0.0)
    found = fitted.found(Box(0, 100, 60, 100))
    assert found == (1.0, 0.0)
    assert geometry.deviation(found, "C") == 0
    assert geometry.deviation(found, "c") > geometry.FAR


def test_the_numbers_tell_each_characters_alternatives_step_by_step(explained):
    reading, _, target = explained
    numbers = json.loads((target / "explain.json").read_text())
    assert numbers["reading"]["text"] == reading.text
    first = numbers["places"][0]
    assert first["verdict"] == SAID
    character = first["characters"][0]
    for step in ("picture", "geometry", "neighbours"):
        chances = [chance for _, chance in character[step]]
        assert len(chances) == 3
        assert 1 >= chances[0] >= chances[1] >= chances[2] >= 0
    assert character["neighbours"][0][0] == first["text"][0]


def test_a_pattern_that_nothing_fits_says_so(bundle, amount):
    pipeline = TracedPipeline(bundle, Pattern.parse(r"\d{40}", bundle.manifest.texts))
    assert not pipeline.read(amount).lines
    verdicts = {item.verdict for item in pipeline.trace().places} - {NO_CHARACTER}
    assert verdicts == {r"pattern: nothing fits \d{40}"}


def test_a_pattern_that_the_picture_speaks_against_says_what_it_would_read(bundle, amount, tmp_path):
    pipeline = TracedPipeline(bundle, Pattern.parse("[A-Z]{5}", bundle.manifest.texts), min_margin=0.1)
    reading = pipeline.read(amount)
    trace = pipeline.trace()
    assert reading.why == "pattern"
    behind = [item for item in trace.places if "is more than 0.1 nats behind" in item.verdict]
    assert behind
    for item in behind:
        assert re.fullmatch(r'pattern: "[A-Z]( ?[A-Z]){4}" is .*', item.verdict)
        assert re.fullmatch(r'\(no reading, looks like "\w+"\)', item.text(trace.labels))
    folder.write(trace, reading, tmp_path)
    # What a pattern forbids is magenta.
    assert (190, 0, 170) in colours(tmp_path / "7-decision.png")


def test_a_pattern_that_fits_is_the_last_step(bundle, amount):
    pipeline = TracedPipeline(bundle, Pattern.parse(r"\d{5}", bundle.manifest.texts))
    assert pipeline.read(amount).text == "15346"
    trace = pipeline.trace()
    item = trace.places[0]
    assert [name for name, _ in item.cut.steps] == ["picture", "pattern"]
    assert [trace.labels[label] for label in item.cut.steps[1][1].argmax(axis=1)] == list("15346")
    assert [item.cut.graph.boxes[node] for node in item.cut.way] == [
        c.box for c in item.place.reading.line.characters
    ]


def test_a_line_below_min_confidence_says_so(bundle, amount):
    pipeline = TracedPipeline(bundle, min_confidence=math.nextafter(1.0, 2.0))
    assert pipeline.read(amount).why == "below min_confidence"
    assert any(item.verdict.startswith("below min_confidence") for item in pipeline.trace().places)


@pytest.mark.parametrize("size", [(1, 1), (60, 200), (300, 300)])
def test_a_picture_without_text_is_explained_too(bundle, tmp_path, size):
    pipeline = TracedPipeline(bundle)
    reading = pipeline.read(np.full((*size, 3), 200, np.uint8))
    folder.write(pipeline.trace(), reading, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert json.loads((tmp_path / "explain.json").read_text())["places"] == []


def test_the_command_gives_each_picture_a_folder_of_its_own(tmp_path, capsys):
    blank = np.full((40, 60, 3), 200, np.uint8)
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "sub/a.png"):
        cv2.imwrite(str(tmp_path / name), blank)
    target = tmp_path / "made" / "here"
    inputs = [str(tmp_path / "a.png"), str(tmp_path / "sub" / "a.png")]
    assert main(["read", *inputs, "--explain", str(target)]) == 0
    assert sorted(path.name for path in target.iterdir()) == ["a", "a-2"]
    for path in target.iterdir():
        assert sorted(file.name for file in path.iterdir()) == FILES
    # Once more into the same folders.
    assert main(["read", *inputs, "--explain", str(target)]) == 0
    assert len(list(target.iterdir())) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_in_the_way_of_a_picture_is_one_clear_line(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((40, 60, 3), 200, np.uint8))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("a file, not a folder")
    assert main(["read", str(tmp_path / "a.png"), "--explain", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ERROR: ")
    assert "cannot be written" in err
    assert err.count("\n") == 1
