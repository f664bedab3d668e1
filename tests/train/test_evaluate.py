"""Measurements: shares, intervals, calibration; and the command for model files and bundles."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME, sha256
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Glyph
from ocr_train.cli import main
from ocr_train.datasets import Sample, tar
from ocr_train.evaluate import (
    TEMPERATURES,
    expected_calibration_error,
    fit_temperature,
    held_out_ece,
    measure,
    wilson,
)

KEYS = ["name", "n", "top1", "top1_case_merged", "top3", "ece", "per_class"]


# Measuring.


def test_shares_are_counted_over_all_classes_with_case_ignored_and_among_the_best_three():
    labels = ("0", "A", "B", "a", "b")
    logits = np.array([[0, 9, 0, 1, 2], [0, 9, 2, 1, 0], [0, 9, 4, 3, 2], [9, 0, 0, 0, 1]], np.float32)
    result = measure("x", logits, np.array([1, 3, 4, 4]), labels)
    assert (result.n, result.top1, result.top1_case_merged, result.top3) == (4, 0.25, 0.5, 0.75)
    assert result.per_class == {
        "A": {"n": 1, "top1": 1.0},
        "a": {"n": 1, "top1": 0.0},
        "b": {"n": 2, "top1": 0.0},
    }


def test_a_result_has_exactly_the_agreed_keys_and_is_json():
    few = measure("x", np.eye(2, dtype=np.float32), np.array([0, 1]), ("a", "b")).as_dict()
    assert list(few) == KEYS
    assert few["ece"] is None
    json.dumps(few, allow_nan=False)


def test_nothing_cannot_be_measured():
    with pytest.raises(ValueError, match="no samples"):
        measure("x", np.zeros((0, 2), np.float32), np.zeros(0, np.int64), ("a", "b"))


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_interval_holds_the_share_and_stays_between_zero_and_one(n, share):
    low, high = wilson(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_the_interval_is_that_of_the_textbook():
    assert wilson(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert wilson(1.0, 10)[0] == pytest.approx(0.7225, abs=1e-4)


def calibrated(n, seed=0, scale=1.0):
    """Logits of three classes, and truths drawn from their own probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=row) for row in p])
    return (logits * scale).astype(np.float32), truth


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_fitted_temperature_undoes_a_wrong_confidence(scale):
    logits, truth = calibrated(4000, scale=scale)
    assert fit_temperature(logits, truth) == pytest.approx(scale, rel=0.12)
    assert held_out_ece(logits, truth) < 0.04


def test_the_temperature_stays_in_its_range_where_everything_is_right():
    assert fit_temperature(np.eye(3, dtype=np.float32), np.arange(3)) == TEMPERATURES[0]


def test_final_scores_are_measured_as_they_are_and_what_is_missing_to_one_is_left_out():
    logits, truth = calibrated(4000, scale=3.0)
    assert measure("x", logits, truth, "abc").ece < 0.04
    assert measure("x", logits, truth, "abc", calibrated=True).ece > 0.1
    right, _ = calibrated(4000)
    without = np.log(np.exp(log_softmax(right)) * 0.3)
    assert measure("x", without, truth, "abc", calibrated=True).ece < 0.04


def test_confidence_without_reason_is_an_error():
    right = np.zeros(100, bool)
    assert expected_calibration_error(np.full(100, 0.9, np.float32), right) == pytest.approx(0.9)
    assert expected_calibration_error(np.zeros(100, np.float32), right) == 0


# The command.


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Crops, mostly black ``a`` and mostly white ``b``, and a network that tells them apart."""
    folder = tmp_path_factory.mktemp("evaluate")
    dark = np.zeros((8, 8, 3), np.uint8)
    dark[0] = 255
    glyphs = {0: Glyph(dark), 1: Glyph(255 - dark)}
    splits = ("train", "train", "validation", "validation")
    rows = [Sample(glyphs[i % 2], i % 2, splits[i % 4], note=str(i % 4)) for i in range(24)]
    rows.append(Sample(glyphs[0], 1, "validation"))
    tar.save(folder / "crops.tar", rows, "ab")
    rgb, binary = keras.Input((28, 28, 3), name="rgb"), keras.Input((28, 28, 1), name="binary")
    both = [keras.layers.GlobalAveragePooling2D()(x) for x in (rgb, binary)]
    logits = keras.layers.Dense(2, name="logits")(keras.layers.Concatenate()(both))
    model = keras.Model({"rgb": rgb, "binary": binary}, logits)
    kernel = np.array([[-1, 1]] * 3 + [[0, 0]]) / 255
    model.get_layer("logits").set_weights([kernel, np.array([1.0, -1.0])])
    model.save(folder / "model.keras")
    (folder / "run.json").write_text(json.dumps({"labels": ["a", "b"]}))
    return folder, model


@pytest.fixture
def data(world):
    return f"tar:{world[0] / 'crops.tar'}"


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_table_has_a_line_for_each_data_set(world, data, capsys):
    assert main(["evaluate", str(world[0] / "model.keras"), "--data", data, f"{data}#validation"]) == 0
    head, every, held_out = lines(capsys)
    assert head.split() == ["data", "n", "top-1", "95", "%", "interval", "case-merged", "top-3", "ECE"]
    assert every.split()[:3] == ["crops", "25", "96.00"]
    assert held_out.split()[:3] == ["crops#validation", "13", "92.31"]
    assert held_out.split()[-1] == "-"


def test_json_is_one_object_a_line_and_nothing_else(world, data, capsys):
    specs = [data, f"{data}?note=0", f"{data}?note=1"]
    assert main(["evaluate", str(world[0] / "model.keras"), "--json", "--data", *specs]) == 0
    found = [json.loads(line) for line in lines(capsys)]
    assert all(list(entry) == KEYS for entry in found)
    assert [entry["name"] for entry in found] == ["crops", "crops-0", "crops-1"]
    assert [entry["n"] for entry in found] == [25, 6, 6]
    assert found[0]["per_class"] == {"a": {"n": 12, "top1": 1.0}, "b": {"n": 13, "top1": 0.92308}}
    assert found[0]["ece"] is not None
    assert found[1]["ece"] is None


def test_pictures_are_drawn_for_each_data_set(world, data, tmp_path):
    out = tmp_path / "pictures"
    args = ["evaluate", str(world[0] / "model.keras"), "--data", data, f"{data}#train"]
    assert main([*args, "--pictures", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "confusion-crops-train.png",
        "confusion-crops.png",
        "mistakes-crops-train.png",
        "mistakes-crops.png",
    ]


def test_a_bundle_is_measured_by_the_devices_own_recogniser(world, data, tmp_path, capsys):
    pytest.importorskip("ai_edge_litert")
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow writes .tflite files")
    signature = {x.name: tf.TensorSpec((1, *x.shape[1:]), tf.float32, name=x.name) for x in world[1].inputs}
    saved = str(tmp_path / "saved")
    world[1].export(saved, format="tf_saved_model", verbose=False, input_signature=[signature])
    (tmp_path / "n.tflite").write_bytes(tf.lite.TFLiteConverter.from_saved_model(saved).convert())
    stage = Stage(
        kind="character",
        file="n.tflite",
        sha256=sha256(tmp_path / "n.tflite"),
        architecture="test",
        parameters=10,
        macs=8,
        quantization="float32",
        labels=("a", "b"),
        inputs={"rgb": (28, 28, 3), "binary": (28, 28, 1)},
    )
    manifest = manifests.Manifest(
        schema=2,
        name="test",
        created="2026-01-01",
        preprocess="1",
        stages=(stage,),
    )
    (tmp_path / MANIFEST_NAME).write_bytes(manifests.encode(manifest))
    assert main(["evaluate", str(tmp_path), "--json", "--data", data]) == 0
    (found,) = map(json.loads, lines(capsys))
    assert (found["n"], found["top1"]) == (25, 0.96)


def test_labels_are_asked_for_where_no_run_says_them(world, data, tmp_path, capsys):
    world[1].save(tmp_path / "model.keras")
    assert main(["evaluate", str(tmp_path / "model.keras"), "--data", data]) == 2
    assert "run.json: does not exist; say with --labels" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "model.keras"), "--labels", "ab", "--data", data]) == 0


def test_the_labels_must_be_as_many_as_the_outputs(world, data, capsys):
    assert main(["evaluate", str(world[0] / "model.keras"), "--labels", "abc", "--data", data]) == 2
    assert "has 2 outputs, but there are 3 labels" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["none.keras", "text.keras", "model.h5", "folder"])
def test_what_is_no_model_is_refused_in_one_line(tmp_path, data, capsys, name):
    (tmp_path / "text.keras").write_text("no network")
    (tmp_path / "model.h5").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "run.json").write_text('{"labels": ["a", "b"]}')
    assert main(["evaluate", str(tmp_path / name), "--data", data]) == 3
    error = capsys.readouterr().err
    assert error.startswith("ERROR: ")
    assert len(error.splitlines()) == 1


def test_another_networks_inputs_are_refused(tmp_path, data, capsys):
    keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)]).save(tmp_path / "model.keras")
    assert main(["evaluate", str(tmp_path / "model.keras"), "--labels", "ab", "--data", data]) == 3
    assert "expected rgb and binary" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", "{", "{}"])
def test_a_run_without_labels_is_refused(world, data, tmp_path, content, capsys):
    world[1].save(tmp_path / "model.keras")
    (tmp_path / "run.json").write_text(content)
    assert main(["evaluate", str(tmp_path / "model.keras"), "--data", data]) == 2
    assert "names no labels" in capsys.readouterr().err


def test_data_that_cannot_be_read_is_refused(world, capsys):
    assert main(["evaluate", str(world[0] / "model.keras"), "--data", "tar:/none.tar"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_bundle_that_ships_is_known_by_its_name(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = [Sample(Glyph(rng.integers(0, 256, (12, 9, 3), np.uint8)), i % 2) for i in range(4)]
    tar.save(tmp_path / "crops.tar", rows, "01")
    assert main(["evaluate", "open", "--data", f"tar:{tmp_path / 'crops.tar'}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4
    assert main(["evaluate", "opne", "--data", f"tar:{tmp_path / 'crops.tar'}"]) == 3
    assert (
        "opne: no such file or folder; the bundles that ship with the program are default"
        in capsys.readouterr().err
    )
