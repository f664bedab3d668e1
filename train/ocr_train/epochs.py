"""The epochs of a line stage's or a detector's training: each saved whole, resumed where they were left."""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from ocr_edge.errors import ConfigError
from ocr_train import checkpoint, distributed
from ocr_train.average import Average
from ocr_train.devices import Machines
from ocr_train.fit import draw_history, is_stale
from ocr_train.progress import Progress
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.stream import dataset
from ocr_train.strips.recipe import LineRecipe

_LOGGER = logging.getLogger(__name__)


def train_epochs(
    recipe: LineRecipe | SceneRecipe,
    out: Path,
    run: dict[str, Any],
    machines: Machines,
    *,
    initial: Path | None,
    make: Callable[[], keras.Model],
    batches: Callable[[int], keras.utils.PyDataset],
    validate: Callable[[keras.Model], dict[str, Any]],
    measured: str,
) -> None:
    """Train all epochs that a run lacks.

    Args:
        recipe: What to do.
        out: Folder of the run.
        run: What is known of it (``checkpoint.start``); grows.
        machines: What trains together.
        initial: A trained network whose weights a new run starts from.
        make: Builds and compiles the network.
        batches: The batches of an epoch, by its number.
        validate: Measures a network: ``score``, and ``validation`` by set; empty where nothing is held out.
        measured: What ``validation`` counts, for the picture of the history.

    Raises:
        ConfigError: The weights cannot be had, or the loss is no number.
    """
    with machines.scope():
        model = make()
        if initial and not run["epochs"]:
            start_from(model, initial)
        average = Average(model, recipe.average) if recipe.average else None
    judge = distributed.judge(model, recipe, machines)
    checkpoint.restore(model, out, run, average, machines)
    checkpoint.check_machines(run, out, machines)
    for epoch in range(len(run["epochs"]), recipe.epochs):
        if is_stale(run["epochs"], recipe.patience):
            _LOGGER.info("stopped: no better epoch for %d", recipe.patience)
            break
        started = time.monotonic()
        progress = Progress(epoch, recipe)
        callbacks: list[Any] = [*[progress] * machines.is_chief, *([average] if average else [])]
        entry = _train(model, batches(machines.turn(epoch)), callbacks, epoch, machines)
        if machines.is_chief:
            with distributed.judging(judge, model, average):
                entry |= validate(judge)
        entry["loss"], entry["score"] = machines.chiefs(entry["loss"], entry["score"])
        entry["seconds"] = round(time.monotonic() - started, 1)
        run["epochs"].append(entry)
        if machines.is_chief:
            checkpoint.save(model, recipe, out, run, average)
            progress.finished(entry)
            draw_history(out, run["epochs"], measured)


def jit() -> Any:
    """What ``jit_compile`` is to be: XLA costs TensorFlow two to eight times the time on a CPU; JAX is slow without."""
    return keras.backend.backend() != "tensorflow" and "auto"


def start_from(model: keras.Model, initial: Path) -> None:
    """Give a network the weights of a trained one.

    Raises:
        ConfigError: The file is no network of such a shape.
    """
    try:
        model.set_weights(keras.models.load_model(initial, compile=False).get_weights())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{initial}: not a network to start from ({str(error).splitlines()[0]})") from error


def _train(
    model: keras.Model, batches: keras.utils.PyDataset, callbacks: list[Any], epoch: int, machines: Machines
) -> dict[str, Any]:
    """Train one epoch: its mean ``loss``, and what it is worth where nothing is held out."""
    if machines.strategy is not None:
        loss = distributed.train(model, batches, machines, callbacks)["loss"]
    else:
        epochs = {"initial_epoch": epoch, "epochs": epoch + 1, "steps_per_epoch": len(batches)}
        rows = dataset(model, batches)
        logs = model.fit(rows, **epochs, shuffle=False, verbose=0, callbacks=callbacks).history
        loss = logs["loss"][-1]
    if not math.isfinite(loss):
        raise ConfigError(f"the loss became {loss} in epoch {epoch + 1}: lower the recipe's learning_rate")
    return {"loss": loss, "score": -loss}
