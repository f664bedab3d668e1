"""What a pipeline tells of a reading: its lines, what was seen, and what became of each."""

import cv2
import numpy as np

from ocr_edge.explain import decision, drawing, found, paths
from ocr_edge.explain.account import account
from ocr_edge.pipeline import Pipeline
from ocr_edge.reader import Reader
from ocr_edge.recognize.ink_reader import TIME_UP
from ocr_edge.recognize.line_reader import SURE_LINE, Strip
from ocr_edge.recognize.places import SAID, Place
from ocr_edge.sources import pictures
from ocr_edge.trace import OFF, Recording

from . import explain_parts as parts
from .explain_parts import EXAMPLES, crop, explained, scene, texts, told

lines_only, fast, both, unsure = parts.lines_only, parts.fast, parts.both, parts.unsure
detecting, label, amount = parts.detecting, parts.label, parts.amount


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


def test_a_reader_remembers_only_where_it_is_asked_to(lines_only, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), crop("rgb")[..., ::-1])
    assert Reader(lines_only.path).recording is None
    reader = Reader(lines_only.path, reader="line", traced=True)
    reading = reader.read(tmp_path / "a.png")
    assert account(reader.recording, reading).lines[0].text == reading.text == "rgb"
