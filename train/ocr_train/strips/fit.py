"""Train a line stage by a recipe: one epoch at a time, every epoch saved, resumed where it was left."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.errors import ConfigError
from ocr_train import architectures, checkpoint
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSet
from ocr_train.devices import ALONE, Machines
from ocr_train.epochs import jit, train_epochs
from ocr_train.fit import optional_pictures
from ocr_train.record import initial_record, stamped
from ocr_train.schedule import optimizer, settle_statistics
from ocr_train.sources import distinct_names, located
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
    train_epochs(
        recipe,
        out,
        run,
        machines,
        initial=initial,
        make=lambda: compiled(recipe),
        batches=lambda turn: LineEpoch(lines, turn, workers),
        validate=lambda judge: _validate(judge, held_out, judges, recipe),
        measured="read exactly",
    )
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
    settle_statistics(model, recipe)
    model.compile(optimizer(recipe), CTC(recipe.label_texts), jit_compile=jit())
    return model


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
