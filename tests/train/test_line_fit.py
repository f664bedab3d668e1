"""Training runs of line stages: what they leave behind, and how they go on."""

import json

import cv2
import keras
import numpy as np
import pytest
from tests.edge import hand_made_line
from tests.train import line_data

from ocr_edge.errors import ConfigError
from ocr_train import architectures, epochs
from ocr_train.cli import main
from ocr_train.devices import Machines
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.strips import fit as fitting
from ocr_train.strips.fit import fit


@pytest.fixture(scope="module", autouse=True)
def tiny_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.LINES, "tiny_line", line_data.tiny)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    line_data.archive(folder / "lines.tar")
    return folder


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run of three epochs that never stopped, and its results."""
    out = tmp_path_factory.mktemp("whole")
    return out, fit(line_data.recipe(), out, data=str(data), workers=0)


def last(out):
    """Weights and optimizer of the checkpoint."""
    (path,) = out.glob("checkpoint-*.keras")
    model = keras.models.load_model(path)
    return [*model.get_weights(), *(keras.ops.convert_to_numpy(v) for v in model.optimizer.variables)]


def progress(out):
    return json.loads((out / "progress.json").read_text())


def same(first, second):
    return len(first) == len(second) and all(
        np.allclose(x, y, rtol=0, atol=1e-6) for x, y in zip(first, second, strict=True)
    )


def test_a_run_leaves_a_model_its_record_its_measurements_and_pictures(whole):
    out, results = whole
    assert {path.name for path in out.iterdir()} == {
        "model.keras",
        "run.json",
        "metrics.json",
        "history.png",
        "confusion.png",
        "mistakes.png",
        "progress.json",
        "checkpoint-0003.keras",
        "checkpoint-0003.average.npz",
    }
    (result,) = results
    assert (result.name, result.n) == ("lines", 8)
    assert json.loads((out / "metrics.json").read_text()) == [result.as_dict()]
    assert json.loads((out / "run.json").read_text())["labels"] == [*line_data.LABELS, "blank"]


def test_a_run_that_was_stopped_ends_as_the_one_that_never_did(data, tmp_path, monkeypatch, whole):
    finished = epochs.Progress.finished

    def stop(self, entry):
        finished(self, entry)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(epochs.Progress, "finished", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(line_data.recipe(), tmp_path, data=str(data), workers=1)
    assert len(progress(tmp_path)["epochs"]) == 1
    keras.utils.set_random_seed(99)
    fit(line_data.recipe(), tmp_path, data=str(data), workers=0, resume=True)
    assert same(last(tmp_path), last(whole[0]))
    both = [progress(out)["epochs"] for out in (tmp_path, whole[0])]
    assert [entry["loss"] for entry in both[0]] == pytest.approx(
        [entry["loss"] for entry in both[1]], rel=1e-5
    )


def test_a_run_on_several_devices_goes_on_and_learns_what_one_learns(data, tmp_path, monkeypatch, whole):
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("distribution is TensorFlow's")
    # One device is enough to go the way of several.
    machines = Machines(tensorflow.distribute.MirroredStrategy(["CPU:0"]))
    save = fitting.checkpoint.save

    def crash(model, settings, out, run, average):
        save(model, settings, out, run, average)
        if len(run["epochs"]) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitting.checkpoint, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            fit(line_data.recipe(), tmp_path, data=str(data), workers=0, machines=machines)
    fit(line_data.recipe(), tmp_path, data=str(data), workers=0, machines=machines, resume=True)
    both = [[entry["loss"] for entry in progress(out)["epochs"]] for out in (tmp_path, whole[0])]
    assert both[0] == pytest.approx(both[1], rel=1e-3)


@pytest.mark.parametrize("seed", [1, 5])  # the first two batches have one width, and later ones another
def test_batches_of_any_width_may_begin_an_epoch(data, tmp_path, seed):
    fit(line_data.recipe(seed=seed, epochs=1), tmp_path, data=str(data), workers=0)
    assert np.isfinite(progress(tmp_path)["epochs"][0]["loss"])


def test_a_run_is_not_overwritten_and_goes_on_only_with_its_own_recipe_and_data(whole, data, tmp_path):
    out, settings = whole[0], line_data.recipe()
    with pytest.raises(ConfigError, match="already holds a run; go on with --resume"):
        fit(settings, out, data=str(data))
    with pytest.raises(ConfigError, match="was started with another recipe"):
        fit(line_data.recipe(seed=7), out, data=str(data), resume=True)
    line_data.archive(tmp_path / "lines.tar", seed=5)
    with pytest.raises(ConfigError, match="was started with other data"):
        fit(settings, out, data=str(tmp_path), resume=True)


def test_networks_that_read_no_lines_and_sources_without_training_lines_are_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="'lean' reads no lines; those that do are dual_line"):
        fit(line_data.recipe(architecture="lean"), tmp_path / "run", data=str(data))
    assert not (tmp_path / "run").exists()
    held_out = (DrawnSource(data="words:lines.tar#validation"),)
    with pytest.raises(ConfigError, match="no source has a line in its train split"):
        fit(line_data.recipe(sources=held_out), tmp_path / "run", data=str(data))


def test_training_stops_when_validation_no_longer_improves(data, tmp_path, monkeypatch):
    monkeypatch.setattr(epochs, "_train", lambda model, *_: _built(model))
    fit(line_data.recipe(epochs=6, patience=2, average=0.0), tmp_path, data=str(data), workers=0)
    assert len(progress(tmp_path)["epochs"]) == 3


def _built(model):
    model.optimizer.build(model.trainable_variables)
    return {"loss": 1.0, "score": -1.0}


# From the command line.


def error(capture):
    (line,) = (line for line in capture.readouterr().err.splitlines() if line.startswith("ERROR"))
    return line


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "line.toml"
    path.write_text(line_data.toml(line_data.recipe(epochs=1, steps=2)))
    return str(path)


def test_fit_trains_evaluates_and_says_how_it_went(recipe_file, data, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["fit", recipe_file, "--out", str(out), "--data", str(data), "--workers", "0"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out / 'model.keras'}\n"
    assert "epoch 1 of 1: loss" in printed.err
    assert "of 8 lines exactly" in printed.err
    spec = f"words:{data / 'lines.tar'}#validation"
    assert main(["evaluate", str(out / "model.keras"), "--json", "--data", spec]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"name", "n", "exact", "exact_case_merged", "cer", "cer_without_marks"}
    assert (found["name"], found["n"]) == ("lines#validation", 8)
    assert main(["evaluate", str(out / "model.keras"), "--data", spec]) == 0
    assert "without marks" in capsys.readouterr().out
    assert main(["evaluate", str(out / "model.keras"), "--data", spec, "tar:x.tar"]) == 2
    assert "measured in runs of their own" in error(capsys)
    assert main(["evaluate", str(out / "model.keras"), "--data", f"words:{data / 'none.tar'}"]) == 2
    assert "does not exist" in error(capsys)


def test_flags_of_character_stages_are_refused(recipe_file, tmp_path, capsys):
    for flags in (["--batches", "kept"], ["--teacher", "model.keras"]):
        assert main(["fit", recipe_file, "--out", str(tmp_path / "run"), *flags]) == 2
        assert f"{flags[0]}: is for character stages, and recipe {recipe_file} trains a line stage" in error(
            capsys
        )


def test_ctrl_c_says_how_to_go_on(recipe_file, data, tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", stop)
    out = str(tmp_path / "run")
    assert main(["fit", recipe_file, "--out", out, "--data", str(data), "--initial", "m.keras"]) == 130
    again = f"ocr-train fit {recipe_file} --out {out} --resume --data {data} --initial m.keras"
    assert again in capsys.readouterr().err


def test_a_bundle_is_measured_as_the_device_runs_it(tmp_path, capsys):
    bundle = hand_made_line.write(tmp_path / "bars")
    folder = tmp_path / "lines"
    folder.mkdir()
    for text, truth in (("rgb", "rgb"), ("gg", "gg"), ("bgrb", "bgrx")):
        cv2.imwrite(str(folder / f"{truth}.png"), hand_made_line.bars(text)[0][..., ::-1])
    assert main(["evaluate", str(bundle), "--json", "--data", f"words:{folder}"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["exact"], found["cer"]) == (round(2 / 3, 5), round(1 / 9, 5))
    assert main(["evaluate", "fast", "--data", f"words:{folder}"]) == 3
