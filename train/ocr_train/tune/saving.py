"""The networks that a tuning writes: the one that its training begins with, and the one that it ends with."""

import shutil
from pathlib import Path

import keras

from ocr_train.checkpoint import MODEL_NAME, RUN_NAME
from ocr_train.record import record_of


def save_initial(model: keras.Model, network: Path, run: Path) -> Path:
    """Write a network with rows for new classes, and the record of the one that it comes from.

    Args:
        model: What to write.
        network: The file of the network that it comes from.
        run: Folder of the run.

    Returns:
        Its file.
    """
    initial = run / "initial" / MODEL_NAME
    initial.parent.mkdir(parents=True, exist_ok=True)
    model.save(initial)
    shutil.copyfile(record_of(network), initial.with_name(RUN_NAME))
    return initial


def save_tuned(model: keras.Model, run: Path, *, is_gain: bool) -> None:
    """Write what a run made of its network, whole or not at all; no file where nothing got better."""
    (run / MODEL_NAME).unlink(missing_ok=True)
    if is_gain:
        part = run / "part.keras"
        model.save(part)
        part.replace(run / MODEL_NAME)
