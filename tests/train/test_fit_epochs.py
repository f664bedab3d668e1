"""Which epoch is the best, what votes for it, and when a training stops."""

import json

import numpy as np
from tests.train import fit_parts as parts
from tests.train.fit_parts import LABELS, progress, recipe, source

from ocr_edge.contract.types import Glyph
from ocr_train.datasets import Sample, tar
from ocr_train.fit import fit
from ocr_train.recipe import Recipe

data, untrained = parts.data, parts.untrained


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
