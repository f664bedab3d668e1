"""A training run: what it leaves behind, and how it goes on after it was stopped, crashed or damaged."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from tests.train import fit_parts as parts
from tests.train.fit_parts import LABELS, progress, recipe, source, weights

from ocr_edge.errors import ConfigError
from ocr_train import checkpoint
from ocr_train import fit as fitting
from ocr_train.fit import fit

data, untrained = parts.data, parts.untrained


def last(out):
    """Weights and optimizer of the checkpoint."""
    (path,) = out.glob("checkpoint-*.keras")
    model = keras.models.load_model(path)
    return [*model.get_weights(), *(keras.ops.convert_to_numpy(v) for v in model.optimizer.variables)]


def same(first, second):
    return len(first) == len(second) and all(
        np.allclose(x, y, rtol=0, atol=1e-7) for x, y in zip(first, second, strict=True)
    )


def stop_after(monkeypatch, epochs):
    """Make the training stop, as by Ctrl-C, at the end of its n-th epoch."""
    finished = fitting.Progress.finished

    def stop(self, entry):
        finished(self, entry)
        if self._name.startswith(f"epoch {epochs} "):
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting.Progress, "finished", stop)


SETTINGS = {"weight_decay": 0.1, "label_smoothing": 0.05, "precision": "mixed_bfloat16"}


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run of four epochs that never stopped, and its results."""
    out = tmp_path_factory.mktemp("whole")
    results = fit(recipe(source("a.tar"), source("b.tar"), **SETTINGS), out, data=str(data), workers=0)
    return out, results


def test_a_run_leaves_a_model_its_record_its_measurements_and_pictures(whole):
    out, results = whole
    names = {path.name for path in out.iterdir()}
    assert names == {
        "model.keras",
        "run.json",
        "metrics.json",
        "history.png",
        "confusion.png",
        "mistakes.png",
        "progress.json",
        "checkpoint-0004.keras",
    }
    assert [result.name for result in results] == ["a", "b"]
    assert json.loads((out / "metrics.json").read_text()) == [result.as_dict() for result in results]


def test_the_record_says_recipe_labels_data_versions_and_the_best_epoch(whole):
    record = json.loads((whole[0] / "run.json").read_text())
    assert record["labels"] == list(LABELS)
    assert record["recipe"]["weight_decay"] == 0.1
    assert record["data"]["a"]["n"] == 27
    assert record["data"]["a"]["n_validation"] == 13
    assert len(record["data"]["a"]["sha256"]) == 64
    assert {"keras", "numpy", "python", "backend", keras.backend.backend()} <= set(record["versions"])
    scores = [entry["score"] for entry in progress(whole[0])["epochs"]]
    assert record["best_epoch"] == 1 + int(np.argmax(scores))


def test_the_model_computes_in_float32_whatever_it_was_trained_in(whole):
    model = keras.models.load_model(whole[0] / "model.keras", compile=False)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_run_that_was_stopped_and_crashed_ends_as_the_one_that_never_did(
    data, tmp_path, monkeypatch, whole
):
    settings = recipe(source("a.tar"), source("b.tar"), **SETTINGS)
    write = checkpoint.write_json

    def crash(path, value):
        if path.name == "progress.json" and len(value["epochs"]) == 3:
            raise OSError(28, "No space left on device", str(path))
        write(path, value)

    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            fit(settings, tmp_path, data=str(data), workers=1)
    with monkeypatch.context() as patch:
        # After the checkpoint of the third epoch, before the progress that names it.
        patch.setattr(checkpoint, "write_json", crash)
        with pytest.raises(OSError, match="No space"):
            fit(settings, tmp_path, data=str(data), workers=1, resume=True)
    assert len(progress(tmp_path)["epochs"]) == 2
    keras.utils.set_random_seed(99)
    fit(settings, tmp_path, data=str(data), workers=0, resume=True)
    assert same(last(tmp_path), last(whole[0]))
    assert same(weights(tmp_path / "model.keras"), weights(whole[0] / "model.keras"))
    both = [progress(out)["epochs"] for out in (tmp_path, whole[0])]
    assert [{**e, "seconds": 0} for e in both[0]] == [{**e, "seconds": 0} for e in both[1]]


def test_a_crash_while_writing_leaves_the_last_checkpoint_whole(data, tmp_path, monkeypatch, untrained):
    untrained["a"] = [0.1] * 9
    settings = recipe(epochs=2)
    save = keras.Model.save

    def crash(self, path, **kwargs):
        if (tmp_path / "checkpoint-0001.keras").exists():
            Path(path).write_bytes(b"PK half a file")
            raise OSError(28, "No space left on device", str(path))
        save(self, path, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "save", crash)
        with pytest.raises(OSError, match="No space"):
            fit(settings, tmp_path, data=str(data), workers=0)
    # It crashed while the first epoch's model was written, so nothing is in the run yet.
    assert not (tmp_path / "progress.json").exists()
    assert not (tmp_path / "model.keras").exists()
    assert last(tmp_path)
    fit(settings, tmp_path, data=str(data), workers=0, resume=True)
    assert len(progress(tmp_path)["epochs"]) == 2


def test_a_finished_run_is_only_measured_again(whole, data, monkeypatch):
    monkeypatch.setattr(fitting, "_train", None)
    settings = recipe(source("a.tar"), source("b.tar"), **SETTINGS)
    results = fit(settings, whole[0], data=str(data), workers=0, resume=True)
    assert [result.as_dict() for result in results] == [result.as_dict() for result in whole[1]]


def test_a_run_is_not_overwritten_and_goes_on_only_with_its_own_recipe_and_data(whole, data, tmp_path):
    out, settings = whole[0], recipe(source("a.tar"), source("b.tar"), **SETTINGS)
    with pytest.raises(ConfigError, match="already holds a run; go on with --resume"):
        fit(settings, out, data=str(data))
    other = recipe(source("a.tar"), source("b.tar", plain=True), **{**SETTINGS, "weight_decay": 0.2})
    said = (
        r"another recipe \(weight_decay: 0.1, now 0.2; sources\[1\].plain: false, now true\); put that back"
    )
    with pytest.raises(ConfigError, match=said):
        fit(other, out, data=str(data), resume=True)
    with pytest.raises(ConfigError, match=r"sources\[1\]\.data: \"tar:b.tar\", now nothing"):
        fit(recipe(source("a.tar"), **SETTINGS), out, data=str(data), resume=True)
    for name in ("a.tar", "b.tar"):
        shutil.copy(data / "b.tar", tmp_path / name)
    with pytest.raises(ConfigError, match="was started with other data"):
        fit(settings, out, data=str(tmp_path), resume=True)


@pytest.mark.parametrize("content", ["{", "[]", '{"epochs": [1]}'])
def test_a_damaged_progress_is_refused(tmp_path, data, content):
    (tmp_path / "progress.json").write_text(content)
    with pytest.raises(ConfigError, match=r"progress\.json"):
        fit(recipe(), tmp_path, data=str(data), resume=True)


def test_a_damaged_checkpoint_is_refused(whole, data, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "checkpoint-0004.keras").write_bytes(b"PK")
    settings = recipe(source("a.tar"), source("b.tar"), **SETTINGS)
    with pytest.raises(ConfigError, match=r"checkpoint-0004\.keras: cannot be read"):
        fit(settings, tmp_path, data=str(data), resume=True)
