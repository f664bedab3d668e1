"""The pictures and files that explain a reading."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr_edge.cli import main
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain import decision, drawing, folder, found, paths, strips
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.places import SAID
from tests.edge import hand_made_line

from . import explain_parts as parts
from .explain_parts import FILES, crop, explained, scene, texts, told

lines_only, fast, both, unsure = parts.lines_only, parts.fast, parts.both, parts.unsure
detecting, label, amount = parts.detecting, parts.label, parts.amount

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
        by_characters = reader == "characters" or kind == "fast"
        assert {line["reader"] for line in said} <= {"characters" if by_characters else "line"}


def test_pictures_with_nothing_to_show_say_why(fast):
    blank = explained(fast, np.full((60, 200, 3), 200, np.uint8))
    assert any("nothing was seen" in text for text in texts(strips.draw, blank))
    assert any("no line stage reads" in text for text in texts(strips.draw_posteriors, blank))
    assert "Nothing is said: no text" in texts(decision.draw, blank)
    assert "The detector was not asked: the bundle has none." in texts(found.draw, blank)


def test_the_path_of_a_pattern_is_red_where_it_leaves_what_is_heard(lines_only):
    about = explained(lines_only, crop("rgr"), "[gb]{3}", min_margin=0.5)
    picture = paths.draw(about).reshape(-1, 3)
    assert (picture == drawing.RED).all(axis=1).any()
    assert any('hears "rgr"' in text for text in texts(paths.draw, about))


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
