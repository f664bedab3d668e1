"""What a pipeline tells of a reading, and the pictures that explain it."""

import json
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain import decision, drawing, folder, found, paths, strips
from ocr_edge.explain.account import account
from ocr_edge.pipeline import Pipeline
from ocr_edge.reader import Reader
from ocr_edge.recognize.ink_reader import TIME_UP
from ocr_edge.recognize.line_reader import SURE_LINE, Strip
from ocr_edge.recognize.places import SAID, Place
from ocr_edge.recognize.weighing import Weighed
from ocr_edge.segment.decoder import Cut
from ocr_edge.sources import pictures
from ocr_edge.trace import OFF, Recording
from tests.edge import hand_made_line

FILES = [
    "1-found.png", "2-strips.png", "3-posteriors.png", "4-paths.png", "5-decision.png", "explain.json"
]  # fmt: skip
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SURE, UNSURE = (1.0, 9.0), (1.0, -9.0)
"""Calibrations that make every line sure, and none."""


def bundle_of(folder_of, name, **options):
    return bundles.load(hand_made_line.write(folder_of.mktemp("bundles") / name, **options))


@pytest.fixture(scope="module")
def lines_only(tmp_path_factory):
    return bundle_of(tmp_path_factory, "lines", line_calibration=SURE)


@pytest.fixture(scope="module")
def fast():
    return bundles.load(bundles.named("fast"))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return bundle_of(tmp_path_factory, "both", characters=bundles.named("fast"), line_calibration=SURE)


@pytest.fixture(scope="module")
def unsure(tmp_path_factory):
    """Of both kinds of stages; the line stage is never sure, so that the other is always asked."""
    return bundle_of(tmp_path_factory, "unsure", characters=bundles.named("fast"), line_calibration=UNSURE)


def inked(_, seen):
    """The map of a detector that sees one line where ink is: the inner half of it, as such networks do."""
    colour = (seen.min(axis=2) < 200) & (seen.max(axis=2) > 0)
    joined = cv2.morphologyEx(colour.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))
    depth = cv2.distanceTransform(joined, cv2.DIST_C, 3)
    text = (depth > depth.max() / 2).astype(np.uint8)
    return cv2.resize(text, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32)


@pytest.fixture
def detecting(lines_only, monkeypatch):
    """A bundle with a detector too."""
    monkeypatch.setattr("ocr_edge.detect.detector.text_map", inked)
    return replace(lines_only, detectors=(None,))


def crop(text, scale=2):
    rgb, _ = hand_made_line.bars(text)
    return np.repeat(np.repeat(rgb, scale, axis=0), scale, axis=1)


def scene(text):
    """Bars somewhere in a picture that is higher than a line."""
    line = crop(text)
    picture = np.full((300, line.shape[1] + 120, 3), 255, np.uint8)
    picture[100 : 100 + line.shape[0], 50 : 50 + line.shape[1]] = line
    return picture


@pytest.fixture(scope="module")
def label():
    return pictures.load(EXAMPLES / "render-label.jpg")


@pytest.fixture(scope="module")
def amount():
    """A crop of one line that reads ``15346``."""
    return pictures.load(EXAMPLES / "cheque-4.jpg")


def told(bundle, image, pattern="", **options):
    """What was read, and how that came about."""
    recording = Recording()
    parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
    reading = Pipeline(bundle, parsed, **{"min_confidence": 0.0, "trace": recording} | options).read(image)
    return reading, recording


def explained(bundle, image, pattern="", **options):
    reading, recording = told(bundle, image, pattern, **options)
    return account(recording, reading)


def texts(draw, about):
    """Everything that is written in a picture."""
    seen = []

    def write(canvas, at, text, *_):
        seen.append(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "write", write)
        draw(about)
    return seen


def test_who_is_not_asked_keeps_nothing():
    OFF.add("something")
    assert OFF.line() is OFF
    assert not vars(OFF)


def test_a_recording_forgets_the_picture_before(lines_only):
    recording = Recording()
    pipeline = Pipeline(lines_only, trace=recording)
    pipeline.read(scene("rgb"))
    first = len(recording.notes), len(recording.lines)
    pipeline.read(scene("rgb"))
    assert (len(recording.notes), len(recording.lines)) == first
    other = crop("gg")
    pipeline.read(other)
    assert [line.last(Place).image is other for line in recording.lines] == [True]


KINDS = [
    ("lines_only", "auto"), ("lines_only", "line"), ("both", "auto"), ("both", "line"), ("both", "characters"),
    ("unsure", "auto"), ("fast", "auto"), ("detecting", "auto"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "reader"), KINDS)
@pytest.mark.parametrize("pattern", ["", "[rgb]{3}", "r{20}"])
def test_every_bundle_and_reader_is_explained(kind, reader, pattern, request, tmp_path):
    bundle = request.getfixturevalue(kind)
    images = [crop("rgb"), scene("rgb"), np.full((50, 90, 3), 200, np.uint8), np.full((1, 1, 3), 9, np.uint8)]
    for index, image in enumerate(images):
        reading, recording = told(bundle, image, pattern, reader=reader)
        parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
        plain = Pipeline(bundle, parsed, 0.0, reader=reader).read(image)
        assert replace(reading, timing_ms={}).as_dict() == replace(plain, timing_ms={}).as_dict()
        folder.write(recording, reading, tmp_path / str(index))
        assert sorted(path.name for path in (tmp_path / str(index)).iterdir()) == FILES
        for name in FILES[:-1]:
            assert cv2.imread(str(tmp_path / str(index) / name)).shape[1] <= drawing.WIDEST + 60
        numbers = json.loads((tmp_path / str(index) / "explain.json").read_text())
        said = [line for line in numbers["lines"] if line["verdict"] == SAID]
        assert sorted(line["text"] for line in said) == sorted(line.text for line in reading.lines)
        allowed = (
            {"line"} if reader == "line" or kind in {"lines_only", "detecting"} else {"line", "characters"}
        )
        if reader == "characters" or kind == "fast":
            allowed = {"characters"}
        assert {line["reader"] for line in said} <= allowed


def test_a_line_is_one_from_where_it_is_found_to_what_becomes_of_it(unsure):
    reading, recording = told(unsure, scene("rgb"))
    assert recording.lines
    for line in recording.lines:
        assert len({id(place) for place in line.of(Place)}) == 1
        place = line.last(Place)
        assert place.trace is line
        assert all(strip.image is place.image for strip in line.of(Strip))
        assert not line.lines
    said = [line for line in recording.lines if line.last(Place).verdict == SAID]
    assert [line.last(Place).reading.line.text for line in said] == [line.text for line in reading.lines]


def test_every_line_has_a_verdict_and_a_number_of_its_own(fast):
    about = explained(fast, pictures.load(EXAMPLES / "render-plate.jpg"), min_confidence=0.5)
    assert [line.number for line in about.lines] == [*range(1, len(about.lines) + 1)]
    assert len({line.verdict for line in about.lines}) > 2
    assert all(line.verdict for line in [*about.lines, *about.silent])
    said = [line for line in about.lines if line.verdict == SAID]
    assert about.lines[: len(said)] == said
    tops = [line.outline[:, 1].mean() for line in said]
    assert len(tops) > 1
    assert tops == sorted(tops)


def test_what_the_detector_saw_is_told(detecting):
    about = explained(detecting, scene("rgb"))
    assert len(about.looks) > 1
    assert not about.guesses
    for look in about.looks:
        assert look.text.shape == tuple(side // 4 for side in look.seen.shape[:2])
        assert len(look.quads) == len(look.fits)
    (line,) = about.lines
    assert (line.text, line.verdict) == ("rgb", SAID)
    assert np.abs(line.outline.mean(axis=0) - (50 + 56, 100 + 32)).max() < 12
    picture = found.draw(about).reshape(-1, 3).astype(int)
    for paint in (drawing.BLUE, drawing.GREEN):  # thin lines are smoothed
        assert (np.abs(picture - paint).max(axis=1) < 60).any()


def test_a_line_that_stands_upright_shows_the_strip_that_was_read(detecting):
    (line,) = explained(detecting, np.rot90(scene("rrgbgrbbgr")).copy()).lines
    assert line.text == "rrgbgrbbgr"
    assert line.shown.reading is line.place.strip
    wide, high = np.ptp(line.outline, axis=0)
    assert high > wide
    rgb = line.shown.strip.posteriors.rgb
    assert rgb.shape[1] > rgb.shape[0]


def test_the_guesses_at_the_ink_are_told_with_their_lines(unsure):
    about = explained(unsure, scene("rgb"))
    assert about.guesses
    assert all(guess.picture is about.asked.picture for guess in about.guesses)
    line = next(line for line in about.lines if line.place.lines)
    box = line.place.box
    seen = [other.box for guess in about.guesses for other in guess.lines]
    assert box in seen
    # Its frame is drawn where the ink of the guess is.
    guess = next(guess for guess in about.guesses if box in [other.box for other in guess.lines])
    left, top = (round(side * guess.scale) for side in (box.left, box.top))
    area = guess.area
    inside = guess.mask.ink[top - area.top :, left - area.left :]
    assert inside[: round(box.height * guess.scale), : round(box.width * guess.scale)].mean() > 25


def test_a_sure_line_stage_alone_looked_at_a_crop(both):
    about = explained(both, crop("rgb"))
    (line,) = about.lines
    assert line.confidence >= SURE_LINE
    assert (line.reader, line.cut, len(about.guesses)) == ("line", None, 0)
    assert any("nothing was looked for" in text for text in texts(found.draw, about))
    assert any("the character stages were not asked" in text for text in texts(paths.draw, about))


def test_pictures_with_nothing_to_show_say_why(fast):
    blank = explained(fast, np.full((60, 200, 3), 200, np.uint8))
    assert any("nothing was seen" in text for text in texts(strips.draw, blank))
    assert any("no line stage reads" in text for text in texts(strips.draw_posteriors, blank))
    assert "Nothing is said: no text" in texts(decision.draw, blank)
    assert "The detector was not asked: the bundle has none." in texts(found.draw, blank)


def test_two_answers_are_told_with_their_scores_and_the_choice_follows_from_them(unsure):
    about = explained(unsure, scene("rgb"))
    weighed = [line for line in about.lines if line.place.weighed]
    assert weighed
    for line, numbers in zip(about.lines, folder.numbers(about)["lines"], strict=True):
        assert (numbers["weighed"] is not None) == (line in weighed)
        if scores := numbers["weighed"]:
            assert scores["chosen"] == numbers["reader"] == line.reader
            assert numbers["text"] == scores[scores["chosen"]]
            kept = {field.name: scores[field.name] for field in fields(Weighed) if field.name != "texts"}
            again = Weighed(**{name: -np.inf if value is None else value for name, value in kept.items()})
            assert again.prefers_cut == (scores["chosen"] == "characters")
            winner = {"characters": "character stages'", "line": "line stage's"}[scores["chosen"]]
            assert paths.weighed(line)[-1].endswith(f"the {winner} text stands")


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


def test_the_path_of_a_pattern_is_red_where_it_leaves_what_is_heard(lines_only):
    about = explained(lines_only, crop("rgr"), "[gb]{3}", min_margin=0.5)
    picture = paths.draw(about).reshape(-1, 3)
    assert (picture == drawing.RED).all(axis=1).any()
    assert any('hears "rgr"' in text for text in texts(paths.draw, about))


def test_a_line_below_min_confidence_says_so(fast, amount):
    about = explained(fast, amount, min_confidence=1.01)
    assert about.reading.why == "below min_confidence"
    assert any(line.verdict.startswith("below min_confidence") for line in about.lines)


def test_a_picture_that_took_too_long_says_so(fast, label):
    about = explained(fast, label, limit_s=0.0)
    assert about.remarks == [TIME_UP]
    assert TIME_UP in texts(decision.draw, about)


def test_the_lines_in_doubt_come_first(lines_only, fast, label):
    about = explained(fast, label)
    first, *_ = about.doubtful()
    said = [line for line in about.lines if line.verdict == SAID]
    assert first is min(said, key=lambda line: line.confidence)


def test_a_row_for_each_label_that_is_heard_and_the_blank_last():
    chances = np.array([[0.9, 0.04, 0.0, 0.06], [0.0, 0.04, 0.3, 0.66], [0.0, 0.04, 0.0, 0.96]])
    scores = np.log(chances + 1e-9).astype(np.float32)
    assert strips.rows(scores, [0, 2]) == [0, 2, 3]
    # A label that a pattern demands has a row however unlikely it is.
    assert strips.rows(scores, [0, 1]) == [0, 1, 2, 3]


def test_the_way_is_framed_where_the_text_is_written(lines_only):
    one = explained(lines_only, crop("rgb")).lines[0].shown
    (picture,) = strips.posteriors(one, hand_made_line.LABELS)
    assert list(one.labels) == [0, 1, 2]
    head = 2 * 32 * strips.LARGE + 2 * strips.GAP + strips.ROW
    for row, (first, _) in enumerate(one.runs):
        corner = picture[head + row * strips.ROW, strips.GUTTER + 4 * strips.LARGE * first]
        assert tuple(corner.tolist()) == drawing.GREEN
        inside = picture[head + row * strips.ROW + 6, strips.GUTTER + 4 * strips.LARGE * first + 5]
        assert np.abs(inside.astype(int) - strips.DARK).max() < 30


def test_a_long_strip_is_cut_into_pieces_that_fit(lines_only):
    one = explained(lines_only, crop("rgb" * 36, scale=1)).lines[0].shown
    pieces = strips.posteriors(one, hand_made_line.LABELS)
    assert len(pieces) > 1
    assert all(piece.shape[1] <= drawing.WIDEST for piece in pieces)


def test_a_label_at_the_edge_stays_in_the_picture():
    for corner in (0, 95):
        canvas = drawing.paper(100, 100)
        points = np.array([[corner, corner]] * 4, float)
        drawing.label(canvas, points, 1.0, "12", drawing.RED)
        assert (canvas != 255).any()
    assert drawing.placed(Box(10, 10, 4, 4), 2.0, 5, 5) == Box(10, 10, 8, 8)


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


def test_the_command_gives_each_picture_a_folder_of_its_own(tmp_path, capsys):
    blank = np.full((40, 60, 3), 200, np.uint8)
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "sub/a.png"):
        cv2.imwrite(str(tmp_path / name), blank)
    target = tmp_path / "made" / "here"
    inputs = [str(tmp_path / "a.png"), str(tmp_path / "sub" / "a.png")]
    for _ in range(2):  # the second time into the same folders
        assert main(["read", *inputs, "--explain", str(target)]) == 0
        assert sorted(path.name for path in target.iterdir()) == ["a", "a-2"]
        for path in target.iterdir():
            assert sorted(file.name for file in path.iterdir()) == FILES
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


def test_a_reader_remembers_only_where_it_is_asked_to(lines_only, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), crop("rgb")[..., ::-1])
    assert Reader(lines_only.path).recording is None
    reader = Reader(lines_only.path, reader="line", traced=True)
    reading = reader.read(tmp_path / "a.png")
    assert account(reader.recording, reading).lines[0].text == reading.text == "rgb"
