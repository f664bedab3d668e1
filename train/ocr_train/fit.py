"""Train a network by a recipe: one epoch at a time, every epoch saved, resumed to the same result."""

import contextlib
import importlib
import logging
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.contract.types import Scores
from ocr_edge.errors import ConfigError
from ocr_train import architectures, checkpoint, distributed
from ocr_train.average import Average
from ocr_train.batches import Batches
from ocr_train.checkpoint import MODEL_NAME
from ocr_train.devices import ALONE, Machines
from ocr_train.evaluate import Labels, Result, measure
from ocr_train.feed import Epoch
from ocr_train.initial import start_from
from ocr_train.progress import Progress
from ocr_train.recipe import Recipe
from ocr_train.record import initial_record, run_record
from ocr_train.schedule import optimizer, settle_statistics
from ocr_train.sources import load_splits, stack
from ocr_train.teach import Teachers

_LOGGER = logging.getLogger(__name__)

HeldOut = dict[str, tuple[dict[str, Any], Labels]]
"""Preprocessed inputs and true labels of each validation set by its name."""


def fit(
    recipe: Recipe,
    out: Path,
    *,
    data: str = "data",
    resume: bool = False,
    workers: int = 2,
    machines: Machines = ALONE,
    initial: Path | None = None,
    batches: Path | None = None,
    teachers: Sequence[Path] = (),
) -> list[Result]:
    """Train, and write ``model.keras``, ``run.json``, ``metrics.json``, pictures and a checkpoint.

    Args:
        recipe: What to do.
        out: Folder of the run; made when missing.
        data: Folder that relative data paths start from.
        resume: Go on from the last finished epoch in ``out``.
        workers: Processes that prepare batches.
        machines: Devices that share each batch, or machines that train together, of which the chief alone writes.
        initial: A trained network of the same architecture whose weights the run starts from; None for random
            ones.
        batches: Folder that keeps prepared batches; None makes them every time.
        teachers: Trained networks whose scores are a share of the targets, as the recipe's ``distill`` says.

    Returns:
        Measurements of the best epoch on each source's validation split, where there is one.

    Raises:
        ConfigError: ``out`` already holds a run and ``resume`` is off, or it was started with another recipe
            or data; the data cannot be used; or the loss is no number any more.
    """
    _refuse(recipe, machines, batches, teachers)
    run = checkpoint.start(recipe, out, resume=resume)
    train, validation = load_splits(recipe.sources, recipe.label_texts, data)
    if not any(dataset.samples for dataset in train):
        raise ConfigError("no source has a sample in its train split")
    checkpoint.check_data(run, out, record := run_record(recipe, train, validation))
    taught = Teachers(teachers, recipe) if teachers else None
    kept = Batches(batches, recipe, record["data"], taught.hashes if taught else ()) if batches else None
    run["record"] = record | ({"initial": initial_record(initial)} if initial else {})
    run["record"] |= {"teachers": taught.records} if taught else {}
    judges = {d.name for d, source in zip(train, recipe.sources, strict=True) if source.validate}
    held_out = {
        d.name: (stack([s.glyph for s in d.samples]), d.label_array()) for d in validation if d.samples
    }
    glance = {name: _some(*rows, recipe.validation_samples) for name, rows in held_out.items()}
    with machines.scope():
        model = compiled(recipe)
        if machines.is_mirror or keras.backend.backend() != "tensorflow":
            _build_ahead(model)
        if initial and not run["epochs"]:
            start_from(model, initial, recipe.label_texts)
        average = Average(model, recipe.average) if recipe.average else None
    judge = distributed.judge(model, recipe, machines)
    checkpoint.restore(model, out, run, average, machines)
    checkpoint.check_machines(run, out, machines)
    for epoch in range(len(run["epochs"]), recipe.epochs):
        if is_stale(run["epochs"], recipe.patience):
            _LOGGER.info("stopped: no better epoch for %d", recipe.patience)
            break
        started, turn = time.monotonic(), recipe.turn(machines.turn(epoch))
        if taught and kept:
            taught.teach(Epoch(train, recipe, turn, workers, batches=kept), turn, recipe.steps, kept)
        # Shuffled here and not by Keras, which does it in a thread of its own.
        random.shuffle(order := list(range(recipe.steps)))
        seeds = keras.callbacks.LambdaCallback(on_epoch_begin=lambda n, _: _seed_torch(recipe.seed, n))
        progress = Progress(epoch, recipe)
        callbacks = [seeds, *[progress] * machines.is_chief, *([average] if average else [])]
        drawn = Epoch(train, recipe, turn, workers, order=order, batches=kept)
        entry = _train(model, drawn, callbacks, epoch, machines)
        if machines.is_chief:
            with distributed.judging(judge, model, average):
                entry |= _validate(judge, glance, judges, recipe.label_texts)
        entry["loss"], entry["score"] = machines.chiefs(entry["loss"], entry["score"])
        entry["seconds"] = round(time.monotonic() - started, 1)
        run["epochs"].append(entry)
        if machines.is_chief:
            checkpoint.save(model, recipe, out, run, average)
        if machines.is_chief:
            progress.finished(entry)
            draw_history(out, run["epochs"])
    results = _finish(recipe, out, held_out) if machines.is_chief else []
    machines.total(0.0)  # nobody leaves before the chief has written all
    return results


def _refuse(recipe: Recipe, machines: Machines, batches: Path | None, teachers: Sequence[Path]) -> None:
    """Raise ConfigError where things do not go together; warn of what the device will miss."""
    if not recipe.reject:
        _LOGGER.warning(
            "no class for what is no character: on the device specks and halves of letters become characters;"
            " reject = 0.4 in the recipe and crops of the class reject teach it (docs/training.md)"
        )
    architectures.builder(recipe.architecture)
    if recipe.architecture in architectures.LINES:
        raise ConfigError(f'architecture {recipe.architecture!r} reads lines; its recipe says stage = "line"')
    if bool(recipe.distill) != bool(teachers) or (teachers and not batches):
        raise ConfigError(
            "distill in the recipe, --teacher and --batches go together: one of them is missing"
        )
    if machines.count > 1 and teachers:
        raise ConfigError("--teacher: is for one machine, and TF_CONFIG names several")


def compiled(recipe: Recipe) -> keras.Model:
    """The recipe's network with its first weights, ready to train."""
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        model = architectures.build(recipe.architecture, len(recipe.label_texts))
    finally:
        keras.config.set_dtype_policy("float32")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    # XLA costs two to eight times the time on a CPU.
    settle_statistics(model, recipe)
    model.compile(optimizer(recipe), loss, metrics=["accuracy"], jit_compile=False)
    return model


def scores(model: keras.Model, inputs: dict[str, Any], batch_size: int = 512) -> Scores:
    """Logits of preprocessed inputs, float32, shape ``(N, L)``."""
    return np.asarray(model.predict(inputs, batch_size=batch_size, verbose=0), np.float32)


def _train(
    model: keras.Model, batches: Epoch, callbacks: list[Any], epoch: int, machines: Machines
) -> dict[str, Any]:
    """Train one epoch: ``loss`` and ``accuracy``, and the latter as ``score``."""
    if machines.count > 1:
        found = distributed.train(model, batches, machines, callbacks)
        loss, accuracy = found["loss"], found["accuracy"]
    else:
        epochs = {"initial_epoch": epoch, "epochs": epoch + 1}
        logs = model.fit(batches, **epochs, shuffle=False, verbose=0, callbacks=callbacks).history
        loss, accuracy = logs["loss"][-1], logs["accuracy"][-1]
    if not math.isfinite(loss):
        raise ConfigError(f"the loss became {loss} in epoch {epoch + 1}: lower the recipe's learning_rate")
    return {"loss": loss, "accuracy": accuracy, "score": accuracy}


def _build_ahead(model: keras.Model) -> None:
    """Let Keras look at a batch now; ``fit`` would take one from the workers for that, and lose the order."""
    inputs = {x.name: np.zeros((8, *x.shape[1:]), np.uint8) for x in model.inputs}
    model.test_on_batch(inputs, np.eye(model.output_shape[-1], dtype=np.float32)[[0] * 8])


def _seed_torch(seed: int, epoch: int) -> None:
    """Make an epoch's dropout a function of seed and epoch with PyTorch too.

    Keras lets it draw from PyTorch's own generator there, which is in no checkpoint.
    """
    if keras.backend.backend() == "torch":
        importlib.import_module("torch").manual_seed((seed * 1_000_003 + epoch) % 2**63)


def _some(inputs: dict[str, Any], truth: Labels, most: int) -> tuple[dict[str, Any], Labels]:
    """At most so many samples, from all over the set; 0 for all."""
    step = -(-len(truth) // most) if most else 1
    return {key: value[::step] for key, value in inputs.items()}, truth[::step]


def _validate(
    model: keras.Model, held_out: HeldOut, judges: set[str], labels: Sequence[str]
) -> dict[str, Any]:
    """Top-1 of each set as ``validation``, and the mean of the judges' as ``score``; nothing without any."""
    if not held_out:
        return {}
    top1 = {name: measure(name, scores(model, x), y, labels).top1 for name, (x, y) in held_out.items()}
    # Where no source may vote, all do: some epoch has to be the best.
    judged = [value for name, value in top1.items() if name in judges]
    return {"validation": top1, "score": float(np.mean(judged or list(top1.values())))}


def is_stale(epochs: list[dict[str, Any]], patience: int) -> bool:
    """Whether the last so many epochs brought no better score; never with a patience of 0."""
    values = [entry["score"] for entry in epochs]
    return patience > 0 and len(values) > 0 and len(values) - 1 - int(np.argmax(values)) >= patience


def _finish(recipe: Recipe, out: Path, held_out: HeldOut) -> list[Result]:
    """Measure the best epoch and draw what it gets wrong."""
    best = keras.models.load_model(out / MODEL_NAME, compile=False)
    logits = {name: scores(best, x) for name, (x, _) in held_out.items()}
    results = [measure(name, logits[name], y, recipe.label_texts) for name, (_, y) in held_out.items()]
    checkpoint.write_json(out / "metrics.json", [result.as_dict() for result in results])
    if held_out:
        with optional_pictures():
            from ocr_train import pictures  # noqa: PLC0415 - see optional_pictures

            inputs = {
                key: np.concatenate([x[key] for x, _ in held_out.values()]) for key in ("rgb", "binary")
            }
            truth = np.concatenate([y for _, y in held_out.values()])
            pictures.draw_errors(
                out, inputs, np.concatenate(list(logits.values())), truth, recipe.label_texts
            )
    return results


def draw_history(out: Path, epochs: list[dict[str, Any]], measured: str = "top-1") -> None:
    """Draw ``history.png``."""
    with optional_pictures():
        from ocr_train import pictures  # noqa: PLC0415 - see optional_pictures

        pictures.draw_history(out / "history.png", epochs, measured)


@contextlib.contextmanager
def optional_pictures() -> Any:
    """Go on without pictures where matplotlib is missing: a GPU machine may have nothing but a framework."""
    try:
        yield
    except ModuleNotFoundError as error:
        _LOGGER.warning("no pictures: %s is not installed", error.name)
    except ImportError as error:
        # A module in C that is loading when Ctrl-C comes says "initialization failed", from the interrupt.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise
