"""Small data, recipes and runs for tests of training."""

import json

import keras
import numpy as np
import pytest

from ocr_edge.contract.types import Glyph
from ocr_train import fit as fitting
from ocr_train.datasets import Sample, tar
from ocr_train.recipe import Recipe, Source

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


def progress(out):
    return json.loads((out / "progress.json").read_text())


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
