"""Batches kept on disk, weights averaged over steps, and targets that teachers say."""

import json

import keras
import msgspec
import numpy as np
import pytest
from tests.train.tiny import tiny

from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train import architectures, feed
from ocr_train import fit as fitting
from ocr_train.average import EVERY, Average
from ocr_train.batches import Batches
from ocr_train.datasets import Sample, tar
from ocr_train.feed import Epoch
from ocr_train.fit import fit
from ocr_train.recipe import Recipe, Source
from ocr_train.sources import load_split

STEPS = 3


@pytest.fixture(scope="module", autouse=True)
def small():
    """The tiny network: what these tests are about is the same for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.ARCHITECTURES, "tiny", tiny)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    samples = [Sample(Glyph(rng.integers(0, 256, (12, 9, 3), np.uint8)), i % 4) for i in range(24)]
    tar.save(folder / "a.tar", samples)
    return folder


def recipe(**changes):
    settings = {"labels": "0123", "epochs": 2, "epoch_samples": 8 * STEPS - 2, "batch_size": 8} | changes
    return Recipe(architecture="tiny", sources=(Source(data="tar:a.tar", weight=1.0),), **settings)


def epoch(data, made, number=0, **settings):
    return Epoch(load_split(made.sources, made.label_texts, "train", str(data)), made, number, **settings)


def all_of(batches):
    pairs = [batches[index] for index in range(len(batches))]
    return [np.concatenate([inputs[key] for inputs, _ in pairs]) for key in ("rgb", "binary")] + [
        np.concatenate([targets for _, targets in pairs])
    ]


def trained(out, data, **changes):
    keys = ("batches", "teachers", "resume")
    settings = {key: changes.pop(key) for key in keys if key in changes}
    fit(recipe(**changes), out, data=str(data), workers=0, **settings)
    return keras.models.load_model(out / "model.keras", compile=False).get_weights()


# Kept batches.


def test_a_kept_batch_comes_back_bit_for_bit_and_is_not_made_again(data, tmp_path, monkeypatch):
    made = recipe()
    fresh = all_of(epoch(data, made))
    all_of(epoch(data, made, batches=Batches(tmp_path, made, {})))
    monkeypatch.setattr(feed, "augment", None)  # would fail if it were called
    kept = all_of(epoch(data, made, batches=Batches(tmp_path, made, {})))
    assert all(np.array_equal(first, second) for first, second in zip(fresh, kept, strict=True))


def test_another_architecture_takes_the_same_batches_and_another_seed_or_data_does_not(data, tmp_path):
    all_of(epoch(data, recipe(), batches=Batches(tmp_path, recipe(), {})))
    wider = msgspec.structs.replace(recipe(), architecture="compact", epochs=9, learning_rate=0.1)
    assert Batches(tmp_path, wider, {}).load(0, 0) is not None
    assert Batches(tmp_path, recipe(seed=9), {}).load(0, 0) is None
    assert Batches(tmp_path, recipe(), {"a": {"sha256": "other"}}).load(0, 0) is None


def test_fresh_epochs_come_again_in_another_order(data, tmp_path):
    out = tmp_path / "run"
    fit(recipe(fresh_epochs=1), out, data=str(data), workers=0, batches=tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("*/0000/*.npz"))) == STEPS
    assert not list((tmp_path / "kept").glob("*/0001"))
    assert [recipe(fresh_epochs=3).turn(n) for n in range(5)] == [0, 1, 2, 0, 1]


# The average of the weights.


def test_the_average_lags_behind_the_weights_and_meets_them_when_they_stay(data):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1))])
    average = Average(model, 0.9)
    model.set_weights([np.ones((1, 1))])
    seen = []
    for step in range(20 * EVERY):
        average.on_train_batch_end(step)
        seen.append(float(average.weights[0][0, 0]))
    assert 0 < seen[EVERY - 1] < 1
    assert seen[-1] == pytest.approx(1, abs=1e-3)
    assert model.get_weights()[0] == 1  # the network itself was left alone
    with average.taken():
        assert model.get_weights()[0] == pytest.approx(seen[-1])
    assert model.get_weights()[0] == 1


def test_a_run_saves_the_average_and_goes_on_from_the_weights_after_a_stop(data, tmp_path, monkeypatch):
    settings = {"average": 0.5, "epochs": 3, "epoch_samples": 8 * EVERY}
    whole = trained(tmp_path / "whole", data, **settings)
    finished = fitting.Progress.finished

    def stop(self, entry):
        finished(self, entry)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fitting.Progress, "finished", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "cut", data, **settings)
    cut = trained(tmp_path / "cut", data, resume=True, **settings)
    assert all(np.allclose(a, b, rtol=0, atol=1e-6) for a, b in zip(whole, cut, strict=True))
    (checkpoint,) = (tmp_path / "whole").glob("checkpoint-*.keras")
    raw = keras.models.load_model(checkpoint, compile=False).get_weights()
    assert not all(np.allclose(a, b) for a, b in zip(whole, raw, strict=True))


# Teachers.


def test_a_student_learns_what_its_teachers_say(data, tmp_path):
    trained(tmp_path / "one", data, seed=5)
    trained(tmp_path / "two", data, seed=6)
    teachers = [tmp_path / "one" / "model.keras", tmp_path / "two" / "model.keras"]
    made, kept = recipe(distill=0.25), tmp_path / "kept"
    trained(tmp_path / "student", data, distill=0.25, teachers=teachers, batches=kept)
    run = json.loads((tmp_path / "student" / "run.json").read_text())
    assert [teacher["run"]["recipe"]["seed"] for teacher in run["teachers"]] == [5, 6]
    hashes = tuple(teacher["sha256"] for teacher in run["teachers"])
    store = Batches(kept, made, run["data"], hashes)
    rgb, binary, targets = all_of(epoch(data, made, batches=store))
    plain = all_of(epoch(data, made, batches=Batches(kept, made, run["data"])))[2]
    networks = [keras.models.load_model(path, compile=False) for path in teachers]
    said = np.mean(
        [keras.ops.softmax(n.predict({"rgb": rgb, "binary": binary}, verbose=0)) for n in networks], axis=0
    )
    assert set(np.unique(plain)) == {0.0, 1.0}
    assert targets == pytest.approx(0.75 * plain + 0.25 * said, abs=2e-3)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"distill": 0.5}, "--teacher"),
        ({"teachers": ["model.keras"], "batches": "kept"}, "distill"),
        ({"distill": 0.5, "teachers": ["model.keras"]}, "--batches"),
    ],
)
def test_distilling_with_a_part_missing_says_which_parts_there_are(data, tmp_path, changes, missing):
    with pytest.raises(ConfigError, match=missing):
        trained(tmp_path / "x", data, **changes)


def test_a_teacher_of_other_labels_or_none_at_all_is_refused_in_one_line(data, tmp_path):
    trained(tmp_path / "one", data, labels="01234")
    settings = {"distill": 0.5, "batches": tmp_path / "kept"}
    with pytest.raises(ConfigError, match="names 5 labels, the recipe 4"):
        trained(tmp_path / "x", data, teachers=[tmp_path / "one" / "model.keras"], **settings)
    with pytest.raises(ConfigError, match=r"run\.json beside it"):
        trained(tmp_path / "y", data, teachers=[tmp_path / "missing.keras"], **settings)


def test_epochs_may_be_judged_by_some_of_the_validation_samples_and_the_end_by_all(tmp_path):
    rng = np.random.default_rng(0)
    glyphs = [Glyph(rng.integers(0, 256, (12, 9, 3), np.uint8)) for _ in range(40)]
    splits = ("train", "validation")
    tar.save(tmp_path / "a.tar", [Sample(glyph, i // 10, splits[i % 2]) for i, glyph in enumerate(glyphs)])
    seen, measured = [], fitting.measure
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            fitting, "measure", lambda n, x, y, labels: seen.append(y) or measured(n, x, y, labels)
        )
        trained(tmp_path / "run", tmp_path, validation_samples=8)
    assert [len(truth) for truth in seen] == [7, 7, 20]
    assert set(seen[0].tolist()) == {0, 1, 2, 3}
