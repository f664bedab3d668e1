import fcntl

import keras
import numpy as np
import pytest

from ocr_edge.contract.types import Glyph
from ocr_train import architectures
from ocr_train.datasets import Dataset, Sample

LABELS = ("0", "1", "L")


def glyph(label, rng):
    """A ring, a bar or an L, somewhere, in some size: easy to learn in seconds."""
    image = np.full((28, 28, 3), 235, np.uint8)
    top, left, side = *rng.integers(2, 6, 2), int(rng.integers(16, 21))
    if label == 0:
        image[top : top + side, left : left + side] = 15
        image[top + 4 : top + side - 4, left + 4 : left + side - 4] = 235
    elif label == 1:
        image[top : top + side, left + 6 : left + 11] = 15
    else:
        image[top : top + side, left : left + 5] = 15
        image[top + side - 5 : top + side, left : left + side] = 15
    return Glyph(np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8))


def dataset(count, seed, split):
    rng = np.random.default_rng(seed)
    return Dataset("shapes", [Sample(glyph(i % 3, rng), i % 3, split) for i in range(count)])


@pytest.fixture(scope="session")
def calibration():
    return [dataset(60, 1, "train")]


@pytest.fixture(scope="session")
def held_out():
    return [dataset(60, 2, "validation")]


@pytest.fixture(scope="session")
def trained(calibration, run_folder):
    """The real network, taught three shapes, by the worker that needs it first."""
    file = run_folder / "shapes.keras"
    with open(run_folder / "shapes.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            taught(calibration[0]).save(file)
    return keras.models.load_model(file, compile=False)


def taught(shapes):
    from ocr_train.feed import stack

    keras.utils.set_random_seed(1)
    model = architectures.build("dual_branch", len(LABELS))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    inputs = stack([sample.glyph for sample in shapes.samples])
    model.fit(inputs, shapes.label_array(), batch_size=12, epochs=4, verbose=0)
    return model
