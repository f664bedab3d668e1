"""Train a line stage by a recipe: one epoch at a time, every epoch saved, resumed where it was left."""

import hashlib
import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.errors import ConfigError
from ocr_train import architectures, checkpoint, distributed
from ocr_train.average import Average
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSet
from ocr_train.devices import ALONE, Machines
from ocr_train.fit import draw_history, is_stale, optional_pictures
from ocr_train.progress import Progress
from ocr_train.record import initial_record, stamped
from ocr_train.schedule import optimizer
from ocr_train.sources import distinct_names, located
from ocr_train.stream import dataset
from ocr_train.strips.evaluate import LineResult, compare, measure, read
from ocr_train.strips.feed import LineEpoch, Lines, renderer
from ocr_train.strips.recipe import LineRecipe
from ocr_train.strips.targets import CTC

_LOGGER = logging.getLogger(__name__)
SPLITS = ("train", "validation")
SEEN_EACH_EPOCH = 250
"""Validation lines of a set that an epoch is judged by; the best epoch is measured on all at the end."""


def fit(
    recipe: LineRecipe,
    out: Path,
    *,
    data: str = "data",
    resume: bool = False,
    workers: int = 1,
    machines: Machines = ALONE,
    initial: Path | None = None,
) -> list[LineResult]:
    """Train, and write ``model.keras``, ``run.json``, ``metrics.json``, pictures and a checkpoint.

    Args:
        recipe: What to do.
        out: Folder of the run; made when missing.
        data: Folder that relative data paths start from.
        resume: Go on from the last finished epoch in ``out``.
        workers: Processes that make batches.
        machines: Devices that share each batch, or machines that train together, of which the chief alone writes.
        initial: A trained network of the same architecture whose weights the run starts from.

    Returns:
        Measurements of the best epoch on each source's validation lines, where there are some; those of the chief.

    Raises:
        ConfigError: As ``ocr_train.fit.fit``.
    """
    if recipe.architecture not in architectures.LINES:
        known = ", ".join(architectures.LINES)
        raise ConfigError(f"architecture {recipe.architecture!r} reads no lines; those that do are {known}")
    run = checkpoint.start(recipe, out, resume=resume)
    train, validation = load(recipe, data)
    if recipe.real and not any(lines.samples for lines in train):
        raise ConfigError(
            "no source has a line in its train split; real = 0 trains with rendered lines alone"
        )
    checkpoint.check_data(run, out, record := run_record(recipe, train, validation))
    lines = Lines(recipe, train, renderer(recipe, data))
    if workers:
        _LOGGER.info("drawing the characters of all faces")
        lines.renderer.typefaces.prepare()
    run["record"] = record | ({"initial": initial_record(initial)} if initial else {})
    judges = {s.name for s, source in zip(validation, recipe.sources, strict=True) if source.validate}
    held_out = [s for s in validation if s.samples]
    with machines.scope():
        model = compiled(recipe)
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
        batches = LineEpoch(lines, machines.turn(epoch), workers)
        entry = _train(model, batches, callbacks, epoch, machines)
        if machines.is_chief:
            with distributed.judging(judge, model, average):
                entry |= _validate(judge, held_out, judges, recipe)
        entry["loss"], entry["score"] = machines.chiefs(entry["loss"], entry["score"])
        entry["seconds"] = round(time.monotonic() - started, 1)
        run["epochs"].append(entry)
        if machines.is_chief:
            checkpoint.save(model, recipe, out, run, average)
        if machines.is_chief:
            progress.finished(entry)
            draw_history(out, run["epochs"], "read exactly")
    results = _finish(recipe, out, held_out) if machines.is_chief else []
    machines.total(0.0)  # nobody leaves before the chief has written all
    return results


def load(recipe: LineRecipe, data: str) -> tuple[list[LineSet], list[LineSet]]:
    """The training and the validation lines of each source, possibly without samples.

    Raises:
        ConfigError: A source cannot be loaded.
    """
    names = distinct_names([source.data for source in recipe.sources])
    found: tuple[list[LineSet], list[LineSet]] = ([], [])
    for source, name in zip(recipe.sources, names, strict=True):
        loaded = words.load(located(source.data, data))
        for split, sets in zip(SPLITS, found, strict=True):
            mine = [sample for sample in loaded.samples if sample.split == split]
            sets.append(LineSet(name, mine, loaded.case, loaded.marks))
        _LOGGER.info("%s: %d to train, %d to validate", source.data, *(len(s[-1].samples) for s in found))
    return found


def run_record(recipe: LineRecipe, train: Sequence[LineSet], validation: Sequence[LineSet]) -> dict[str, Any]:
    """The content of ``run.json``; see ``ocr_train.record.run_record``."""
    rows = zip(recipe.sources, train, validation, strict=True)
    return stamped(
        recipe,
        {
            mine.name: {
                "spec": source.data,
                "n": len(mine.samples),
                "n_validation": len(held_out.samples),
                "sha256": fingerprint(mine),
            }
            for source, mine, held_out in rows
        },
    )


def fingerprint(lines: LineSet) -> str:
    """SHA-256 over texts and pixels."""
    digest = hashlib.sha256()
    for sample in lines.samples:
        digest.update(
            sample.text.encode() + b"\0" + repr(sample.image.shape).encode() + sample.image.tobytes()
        )
    return digest.hexdigest()


def compiled(recipe: LineRecipe) -> keras.Model:
    """The recipe's network with its first weights, ready to train."""
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        model = architectures.build(recipe.architecture, len(recipe.label_texts))
    finally:
        keras.config.set_dtype_policy("float32")
    # With TensorFlow, XLA costs two to eight times the time on a CPU; JAX is slow without it.
    jit = keras.backend.backend() != "tensorflow" and "auto"
    model.compile(optimizer(recipe), CTC(recipe.label_texts), jit_compile=jit)
    return model


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
    model: keras.Model, batches: LineEpoch, callbacks: list[Any], epoch: int, machines: Machines
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


def _validate(
    model: keras.Model, held_out: Sequence[LineSet], judges: set[str], recipe: LineRecipe
) -> dict[str, Any]:
    """Share of lines read exactly, by set as ``validation``, and the mean of the judges' as ``score``."""
    if not held_out:
        return {}
    results = [measure(model, some(lines, SEEN_EACH_EPOCH), recipe) for lines in held_out]
    exact = {result.name: result.exact for result in results}
    judged = [value for name, value in exact.items() if name in judges]
    return {
        "validation": exact,
        "cer": {result.name: result.cer for result in results},
        "score": float(np.mean(judged or list(exact.values()))),
    }


def some(lines: LineSet, most: int) -> LineSet:
    """At most so many lines, from all over the set."""
    step = -(-len(lines.samples) // most)
    return LineSet(lines.name, lines.samples[::step], lines.case, lines.marks)


def _finish(recipe: LineRecipe, out: Path, held_out: Sequence[LineSet]) -> list[LineResult]:
    """Measure the best epoch and draw what it gets wrong."""
    best = keras.models.load_model(out / checkpoint.MODEL_NAME, compile=False)
    widths = sorted(map(int, recipe.widths))
    said = [read(best, [s.image for s in lines.samples], recipe.label_texts, widths) for lines in held_out]
    results = [compare(lines, texts) for lines, texts in zip(held_out, said, strict=True)]
    checkpoint.write_json(out / "metrics.json", [result.as_dict() for result in results])
    if held_out:
        with optional_pictures():
            from ocr_train.strips.errors import draw_errors  # noqa: PLC0415 - see optional_pictures

            draw_errors(out, held_out, said, recipe.label_texts[:-1])
    return results
