"""Pictures of data and runs: the right pixels in the right places, and files that are pictures."""

import cv2
import numpy as np
import pytest

from ocr_edge.contract.labels import DEFAULT
from ocr_train import pictures
from ocr_train.pictures.confusion import confusion
from ocr_train.pictures.mistakes import worst
from ocr_train.pictures.sheet import GAP, GROUND, HEAD, SCALE, compose


def inputs(count, seed=0):
    rng = np.random.default_rng(seed)
    binary = rng.integers(0, 2, (count, 28, 28, 1)).astype(np.uint8) * 255
    return {"rgb": rng.integers(0, 256, (count, 28, 28, 3), np.uint8), "binary": binary}


def size(path):
    return cv2.imread(str(path)).shape[:2]


def test_a_sheet_shows_exactly_the_pixels_that_the_network_sees():
    glyphs = inputs(7)
    canvas, places = compose(glyphs, ["a"] * 7, columns=3)
    assert len(places) == 7
    for index, (x, y) in enumerate(places):
        left, bottom = round(x - 28 * SCALE / 2), round(y) - 2
        binary = canvas[bottom - 28 * SCALE : bottom : SCALE, left : left + 28 * SCALE : SCALE]
        top = bottom - 2 * 28 * SCALE - 2
        rgb = canvas[top : top + 28 * SCALE : SCALE, left : left + 28 * SCALE : SCALE]
        np.testing.assert_array_equal(rgb, glyphs["rgb"][index])
        np.testing.assert_array_equal(binary, np.repeat(glyphs["binary"][index], 3, axis=2))
    assert (canvas[:HEAD] == GROUND).all()
    assert (canvas[:, :GAP] == GROUND).all()


@pytest.mark.parametrize("count", [0, 1, 41])
def test_a_sheet_of_any_number_of_glyphs_is_drawn(tmp_path, count):
    path = tmp_path / "new" / "sheet.png"
    pictures.draw_sheet(path, inputs(count), ["$\\frac"] * count, title="$x_1")
    assert size(path) == compose(inputs(count), [""] * count, 20)[0].shape[:2]
    assert [file.name for file in path.parent.iterdir()] == ["sheet.png"]


def test_confusions_are_counted_by_truth_and_guess():
    counts = confusion(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 1]), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize("labels", ["ab", "0123456789ABC$_^", "".join(DEFAULT)])
def test_a_confusion_matrix_is_drawn_for_any_labels(tmp_path, labels):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(labels), 200)
    pictures.draw_confusion(tmp_path / "c.png", truth, rng.permutation(truth), tuple(labels))
    height, width = size(tmp_path / "c.png")
    assert height == width >= 19 * len(labels)


def test_the_worst_mistakes_are_the_surest_ones():
    logits = np.array([[5, 0, 0], [0, 9, 0], [0, 0, 3], [2, 0, 0]], np.float32)
    rows, confidence = worst(logits, np.array([0, 0, 1, 1]))
    assert rows.tolist() == [1, 2, 3]
    assert confidence[1] > confidence[2] > confidence[3]
    assert ((confidence > 0) & (confidence <= 1)).all()


def test_errors_are_drawn_even_where_nothing_is_wrong(tmp_path):
    logits = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] * 9
    paths = pictures.draw_errors(tmp_path, inputs(4), logits, np.array([0, 1, 2, 0]), "abc", suffix="-x")
    assert [path.name for path in paths] == ["confusion-x.png", "mistakes-x.png"]
    assert all(size(path) > (0, 0) for path in paths)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("epochs", [1, 5])
def test_a_history_of_any_length_is_drawn_with_and_without_validation(tmp_path, epochs, validated):
    entries = [{"loss": 3.0 - e / 10, "accuracy": e / 10, "score": e / 10} for e in range(epochs)]
    for entry in entries if validated else []:
        entry["validation"] = {f"set $_{i}": entry["accuracy"] for i in range(14)}
    pictures.draw_history(tmp_path / "h.png", entries)
    assert size(tmp_path / "h.png") == (520, 1200)


@pytest.mark.parametrize("count", [1, 3, 12])
def test_reliability_has_a_panel_for_each_source_and_stays_small(tmp_path, count):
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0, 1, 500).astype(np.float32)
    shown = [
        pictures.Panel(f"set $_{i}", confidence, rng.uniform(0, 1, 500) < confidence) for i in range(count)
    ]
    pictures.draw_reliability(tmp_path / "r.png", shown)
    height, width = size(tmp_path / "r.png")
    assert height > 150 * -(-count // 4)
    assert width > 150 * min(count, 4)
    assert (tmp_path / "r.png").stat().st_size < 60_000
