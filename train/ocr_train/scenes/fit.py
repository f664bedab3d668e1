"""Train a detector by a recipe: one epoch at a time, every epoch saved, resumed where it was left."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.errors import ConfigError
from ocr_train import architectures, checkpoint
from ocr_train.devices import ALONE, Machines
from ocr_train.epochs import jit, train_epochs
from ocr_train.fit import optional_pictures
from ocr_train.record import initial_record, stamped
from ocr_train.scenes import boxed
from ocr_train.scenes.boxed import SceneSet
from ocr_train.scenes.evaluate import LONGEST, SceneResult, each, finder
from ocr_train.scenes.feed import SceneEpoch, Scenes, composer, held_out
from ocr_train.scenes.maps import MapLoss
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.schedule import optimizer, settle_statistics
from ocr_train.sources import distinct_names, located

_LOGGER = logging.getLogger(__name__)


def fit(
    recipe: SceneRecipe,
    out: Path,
    *,
    data: str = "data",
    resume: bool = False,
    workers: int = 1,
    machines: Machines = ALONE,
    initial: Path | None = None,
) -> list[SceneResult]:
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
        Measurements of the best epoch on each source's validation scenes, and on drawn ones; those of the chief.

    Raises:
        ConfigError: As ``ocr_train.fit.fit``.
    """
    if recipe.architecture not in architectures.DETECTORS:
        known = ", ".join(architectures.DETECTORS)
        raise ConfigError(f"architecture {recipe.architecture!r} finds no text; those that do are {known}")
    run = checkpoint.start(recipe, out, resume=resume)
    train, validation = load(recipe, data)
    checkpoint.check_data(run, out, record := run_record(recipe, train, validation))
    scenes = Scenes(recipe, train, composer(recipe, data))
    if workers:
        _LOGGER.info("drawing the characters of all faces")
        scenes.composer.prepare()
    run["record"] = record | ({"initial": initial_record(initial)} if initial else {})
    drawn = held_out(recipe, data)
    judges = {s.name for s, source in zip(validation, recipe.sources, strict=True) if source.validate}
    judged_by = [s for s in (*validation, drawn) if s.scenes]
    train_epochs(
        recipe,
        out,
        run,
        machines,
        initial=initial,
        make=lambda: compiled(recipe),
        batches=lambda turn: SceneEpoch(scenes, turn, workers),
        validate=lambda judge: _validate(judge, judged_by, judges | {drawn.name}),
        measured="F",
    )
    results = _finish(out, judged_by) if machines.is_chief else []
    machines.total(0.0)  # nobody leaves before the chief has written all
    return results


def load(recipe: SceneRecipe, data: str) -> tuple[list[SceneSet], list[SceneSet]]:
    """The training and the validation scenes of each source, possibly without any.

    Raises:
        ConfigError: A source cannot be loaded.
    """
    names = distinct_names([source.data for source in recipe.sources])
    found: tuple[list[SceneSet], list[SceneSet]] = ([], [])
    for source, name in zip(recipe.sources, names, strict=True):
        loaded = boxed.load(located(source.data, data))
        for split, sets in zip(("train", "validation"), found, strict=True):
            mine = loaded.of(split)
            sets.append(SceneSet(name, mine.scenes, mine.splits))
        _LOGGER.info("%s: %d to train, %d to validate", source.data, *(len(s[-1].scenes) for s in found))
    return found


def run_record(
    recipe: SceneRecipe, train: Sequence[SceneSet], validation: Sequence[SceneSet]
) -> dict[str, Any]:
    """The content of ``run.json``; see ``ocr_train.record.run_record``."""
    rows = zip(recipe.sources, train, validation, strict=True)
    return stamped(
        recipe,
        {
            mine.name: {
                "spec": source.data,
                "n": len(mine.scenes),
                "n_validation": len(apart.scenes),
                "sha256": fingerprint(mine),
            }
            for source, mine, apart in rows
        },
    )


def fingerprint(scenes: SceneSet) -> str:
    """SHA-256 over outlines and pixels."""
    digest = hashlib.sha256()
    for scene in scenes.scenes:
        for values in (scene.image, scene.quads, scene.ignored):
            digest.update(repr(values.shape).encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def compiled(recipe: SceneRecipe) -> keras.Model:
    """The recipe's network with its first weights, ready to train."""
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        model = architectures.build(recipe.architecture, 0)
    finally:
        keras.config.set_dtype_policy("float32")
    settle_statistics(model, recipe)
    model.compile(optimizer(recipe), MapLoss(), jit_compile=jit())
    return model


def _validate(model: keras.Model, sets: Sequence[SceneSet], judges: set[str]) -> dict[str, Any]:
    """F by set as ``validation``, and the mean of the judges' as ``score``."""
    if not sets:
        return {}
    measured = {result.name: result.counts.f for result in each(finder(model, LONGEST), sets)}
    judged = [value for name, value in measured.items() if name in judges]
    return {"validation": measured, "score": float(np.mean(judged or list(measured.values())))}


def _finish(out: Path, sets: Sequence[SceneSet]) -> list[SceneResult]:
    """Measure the best epoch and draw what it finds."""
    find = finder(keras.models.load_model(out / checkpoint.MODEL_NAME, compile=False), LONGEST)
    results = list(each(find, sets))
    checkpoint.write_json(out / "metrics.json", [result.as_dict() for result in results])
    if sets:
        with optional_pictures():
            from ocr_train.scenes.look import draw_found  # noqa: PLC0415 - see optional_pictures

            draw_found(out / "found.png", find, sets)
    return results
