"""Training runs: what they leave behind, how they go on, and when they end."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import ocr_edge
import ocr_train
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train import checkpoint
from ocr_train import fit as fitting
from ocr_train.datasets import Sample, tar
from ocr_train.fit import fit
from ocr_train.recipe import Recipe, Source, as_toml

LABELS = "0123"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two small archives of noise, one with notes, and one without a validation split."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)

    def rows(number, splits):
        for i in range(number):
            glyph = Glyph(rng.integers(0, 256, (10, 8, 3), np.uint8))
            yield Sample(glyph, i % 4, splits[i % len(splits)], note="bad" if i % 5 else "good")

    tar.save(folder / "a.tar", rows(40, ("train", "train", "validation")))
    tar.save(folder / "b.tar", rows(24, ("train", "validation")))
    tar.save(folder / "c.tar", rows(12, ("train",)))
    return folder


def source(name, **settings):
    return Source(data=f"tar:{name}", weight=1.0, **settings)


def recipe(*sources, **changes):
    settings = {"labels": LABELS, "epochs": 4, "epoch_samples": 24, "batch_size": 8} | changes
    return Recipe(architecture="dual_branch", sources=sources or (source("a.tar"),), **settings)


def weights(out):
    return keras.models.load_model(out, compile=False).get_weights()


def last(out):
    """Weights and optimizer of the checkpoint."""
    (path,) = out.glob("checkpoint-*.keras")
    model = keras.models.load_model(path)
    return [*model.get_weights(), *(keras.ops.convert_to_numpy(v) for v in model.optimizer.variables)]


def same(first, second):
    return len(first) == len(second) and all(
        np.allclose(x, y, rtol=0, atol=1e-7) for x, y in zip(first, second, strict=True)
    )


def progress(out):
    return json.loads((out / "progress.json").read_text())


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


# What a run leaves behind.


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


# Going on.


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


def test_a_short_training_validates_as_it_trains(tmp_path):
    rng = np.random.default_rng(0)

    def bar(label):
        image = np.full((20, 20, 3), 230, np.uint8)
        image[(slice(None), slice(4 * label, 4 * label + 5)) if label else slice(8, 13)] = 20
        return Glyph(np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8))

    splits = ("train", "train", "validation")
    tar.save(
        tmp_path / "bars.tar", [Sample(bar(i % 4), i % 4, splits[i // 4 % 3]) for i in range(96)], LABELS
    )
    short = Recipe(
        architecture="lean", labels=LABELS, epochs=10, epoch_samples=96, batch_size=8, learning_rate=3e-3,
        reject=0.1, augment=False, sources=(source("bars.tar"),),
    )  # fmt: skip
    (result,) = fit(short, tmp_path / "run", data=str(tmp_path), workers=0)
    last_epoch = progress(tmp_path / "run")["epochs"][-1]
    assert last_epoch["accuracy"] > 0.95
    assert last_epoch["validation"]["bars"] > 0.9
    assert result.top1 > 0.9


@pytest.mark.parametrize(("reject", "is_warned"), [(0.0, True), (0.2, False)])
def test_a_recipe_without_a_class_for_no_character_is_warned_of(tmp_path, caplog, reject, is_warned):
    with pytest.raises(ConfigError, match="does not exist"):
        fit(recipe(source("none.tar"), reject=reject), tmp_path, data=str(tmp_path))
    assert ("no class for what is no character" in caplog.text) == is_warned


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


# Choosing the best epoch, and stopping.


@pytest.fixture
def untrained(monkeypatch):
    """Epochs that take no time and change nothing; validation gives the values that are put in."""
    values: dict[str, list[float]] = {}

    def train(model, batches, callbacks, epoch, machines):
        model.optimizer.build(model.trainable_variables)
        return {"loss": 1.0, "accuracy": values.get("train", [0.5] * 9)[epoch], "score": 0.5}

    def measure(name, *_):
        return Measured(values[name].pop(0))

    class Measured:
        def __init__(self, top1):
            self.top1 = top1

        def as_dict(self):
            return {}

    monkeypatch.setattr(fitting, "_train", train)
    monkeypatch.setattr(fitting, "measure", measure)
    return values


def test_training_stops_when_validation_no_longer_improves(data, tmp_path, untrained):
    untrained["a"] = [0.3, 0.5, 0.4, 0.5, 0.9, 0.0]
    fit(recipe(epochs=6, patience=2), tmp_path, data=str(data), workers=0)
    epochs = progress(tmp_path)["epochs"]
    assert [entry["score"] for entry in epochs] == [0.3, 0.5, 0.4, 0.5]
    assert json.loads((tmp_path / "run.json").read_text())["best_epoch"] == 2
    # Going on does not train one more.
    fit(recipe(epochs=6, patience=2), tmp_path, data=str(data), workers=0, resume=True)
    assert progress(tmp_path)["epochs"] == epochs


def test_a_source_that_may_not_vote_is_measured_and_does_not_count(data, tmp_path, untrained):
    untrained |= {"a": [0.4, 0.2, 0.0], "b": [0.1, 0.9, 0.0]}
    settings = recipe(source("a.tar"), source("b.tar", validate=False), epochs=2)
    fit(settings, tmp_path, data=str(data), workers=0)
    epochs = progress(tmp_path)["epochs"]
    assert [entry["score"] for entry in epochs] == [0.4, 0.2]
    assert epochs[1]["validation"] == {"a": 0.2, "b": 0.9}


def test_where_no_source_may_vote_all_do(data, tmp_path, untrained):
    untrained["a"] = [0.4, 0.2]
    fit(recipe(source("a.tar", validate=False), epochs=1), tmp_path, data=str(data), workers=0)
    assert progress(tmp_path)["epochs"][0]["score"] == 0.4


def test_two_parts_of_one_file_are_kept_apart(data, tmp_path, untrained):
    untrained |= {"a-good": [0.4, 0.0], "a-bad": [0.9, 0.0]}
    parts = source("a.tar?note=good"), source("a.tar?note=bad", validate=False)
    fit(recipe(*parts, epochs=1), tmp_path, data=str(data), workers=0)
    (epoch,) = progress(tmp_path)["epochs"]
    assert epoch["validation"] == {"a-good": 0.4, "a-bad": 0.9}
    assert epoch["score"] == 0.4
    record = json.loads((tmp_path / "run.json").read_text())["data"]
    assert record["a-good"]["n"] + record["a-bad"]["n"] == 27
    assert record["a-good"]["spec"] == "tar:a.tar?note=good"


def test_everything_works_without_a_validation_split(data, tmp_path):
    assert fit(recipe(source("c.tar"), epochs=1, patience=1), tmp_path, data=str(data), workers=0) == []
    (epoch,) = progress(tmp_path)["epochs"]
    assert epoch["score"] == epoch["accuracy"]
    assert "validation" not in epoch
    assert json.loads((tmp_path / "metrics.json").read_text()) == []
    names = {path.name for path in tmp_path.iterdir()}
    assert "history.png" in names
    assert "confusion.png" not in names


# What is refused.


def test_sources_without_anything_to_train_on_are_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="no source has a sample in its train split"):
        fit(recipe(source("a.tar#validation")), tmp_path, data=str(data))


def test_an_unknown_network_is_refused_before_any_data_is_read(tmp_path):
    unknown = Recipe(architecture="nope", sources=(source("none.tar"),))
    with pytest.raises(ConfigError, match="architecture 'nope'"):
        fit(unknown, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_refused(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Not a directory"):
        fit(recipe(), tmp_path / "file" / "run", data=str(data))


def test_a_loss_that_is_no_number_ends_the_training(data, tmp_path):
    with pytest.raises(ConfigError, match="the loss became nan"):
        fit(
            recipe(learning_rate=1e30, schedule="constant", epochs=9),
            tmp_path,
            data=str(data),
            workers=0,
        )


def test_without_matplotlib_a_run_ends_without_pictures(data, tmp_path, monkeypatch, caplog, untrained):
    untrained["a"] = [0.4, 0.2]
    monkeypatch.setitem(sys.modules, "ocr_train.pictures", None)
    monkeypatch.delattr("ocr_train.pictures", raising=False)
    fit(recipe(epochs=1), tmp_path, data=str(data), workers=0)
    assert (tmp_path / "metrics.json").exists()
    assert not (tmp_path / "history.png").exists()
    assert "no pictures" in caplog.text


# In processes of their own.


def hear_ctrl_c() -> None:
    """A job started in the background by a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*args, script="from ocr_train.cli import main; import sys; sys.exit(main())", **options):
    paths = [str(Path(package.__file__).parents[1]) for package in (ocr_edge, ocr_train)]
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), **options.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
        **options,
    )


def test_ctrl_c_leaves_a_run_that_goes_on_and_says_how(data, tmp_path):
    settings = recipe(epochs=99, epoch_samples=200, schedule="constant")
    (tmp_path / "r.toml").write_text(as_toml(settings))
    process = run("fit", "r.toml", "--out", "run", "--data", data, cwd=tmp_path, start_new_session=True)
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("epoch 1 of 99: loss"):
            break
    assert seen[-1].startswith("epoch 1"), "".join(seen)
    # To all processes, as a terminal does.
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert out == ""
    assert f"ocr-train fit r.toml --out run --resume --data {data}" in error
    assert "Traceback" not in error
    assert len(progress(tmp_path / "run")["epochs"]) >= 1


def test_ctrl_c_while_matplotlib_loads_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), fitting.optional_pictures():
        raise ImportError("initialization failed") from KeyboardInterrupt()
    with pytest.raises(ImportError, match="damaged"), fitting.optional_pictures():
        raise ImportError("damaged")


TWO_DEVICES = """
import sys, json
import keras, tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from pathlib import Path
from ocr_train import fit, recipe
from ocr_train.devices import Machines, mirrored
from ocr_edge.errors import ConfigError
# Without dropout, whose masks are drawn on each device, two devices must compute what one does.
keras.layers.Dropout = lambda rate, name: keras.layers.Identity(name=name)
settings = recipe.load(Path(sys.argv[1]))
strategy = mirrored(2, settings)
zeros = strategy.run(lambda: tf.zeros(()) + 1)
devices = {part.device for part in strategy.experimental_local_results(zeros)}
values = []
train = fit._train
def spy(model, *rest):
    entry = train(model, *rest)
    values.append(model.get_layer("logits").kernel.value)
    return entry
fit._train = spy
for name, chosen in (("two", strategy), ("one", None)):
    fit.fit(settings, Path(name), data=sys.argv[2], workers=0, machines=Machines(chosen))
parts = strategy.experimental_local_results(values[0])
print(json.dumps({"devices": len(devices), "copies": [part.device for part in parts]}))
few = recipe.msgspec.structs.replace(settings, epoch_samples=9)
for number, wanted in ((3, settings), (2, few)):
    try:
        mirrored(number, wanted)
    except ConfigError as error:
        print(error)
"""


def test_two_devices_share_a_batch_and_learn_what_one_learns(data, tmp_path):
    pytest.importorskip("tensorflow")
    (tmp_path / "r.toml").write_text(as_toml(recipe(epochs=2, epoch_samples=8)))
    process = run("r.toml", data, script=TWO_DEVICES, cwd=tmp_path, env={"KERAS_BACKEND": "tensorflow"})
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    first, second, third = out.splitlines()
    assert json.loads(first)["devices"] == 2
    assert len(set(json.loads(first)["copies"])) == 2
    assert "TensorFlow sees only 2 (CPU:0, CPU:1)" in second
    assert "the last batch of an epoch has only 1" in third
    one, two = (progress(tmp_path / name)["epochs"] for name in ("one", "two"))
    np.testing.assert_allclose([e["loss"] for e in one], [e["loss"] for e in two], rtol=1e-4)


@pytest.mark.torch
def test_the_same_recipe_trains_with_pytorch(data, tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    (tmp_path / "r.toml").write_text(as_toml(recipe(epochs=2, weight_decay=0.01)))
    for extra in ((), ("--resume",)):
        arguments = ["fit", "r.toml", "--out", "run", "--data", data, *extra]
        process = run(*arguments, cwd=tmp_path, env={"KERAS_BACKEND": "torch"})
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
    assert json.loads((tmp_path / "run" / "run.json").read_text())["versions"]["backend"] == "torch"
    # A file of one backend is read by the other.
    assert len(weights(tmp_path / "run" / "model.keras")) == 18
