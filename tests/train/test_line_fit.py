"""Training runs of line stages: what they leave behind, and how they go on."""

import json

import keras
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.errors import ConfigError
from ocr_train import architectures
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
    finished = fitting.Progress.finished

    def stop(self, entry):
        finished(self, entry)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitting.Progress, "finished", stop)
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


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
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
