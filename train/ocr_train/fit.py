"""Train a network by a recipe: one epoch at a time, every epoch saved, resumed to the same result."""

import json
import logging
import platform
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge import __version__
from ocr_edge.contract.preprocess import VERSION as PREPROCESS_VERSION
from ocr_edge.contract.types import Scores
from ocr_edge.errors import ConfigError
from ocr_train import architectures, recipe as recipes
from ocr_train.datasets import Dataset
from ocr_train.evaluate import Result, measure
from ocr_train.feed import Epoch, load_split, stack
from ocr_train.fingerprint import fingerprint
from ocr_train.recipe import Recipe
from ocr_train.schedule import optimizer

_LOGGER = logging.getLogger(__name__)
MODEL_NAME = "model.keras"
CHECKPOINT_NAME = "checkpoint.keras"
PROGRESS_NAME = "progress.json"


def fit(recipe: Recipe, out: Path, *, data: str = "data", resume: bool = False, workers: int = 2) -> list[Result]:
    """Train, and write ``model.keras``, ``run.json``, ``metrics.json`` and the checkpoint to a folder.

    Args:
        recipe: What to do.
        out: Folder of the run; made when missing.
        data: Folder that relative data paths start from.
        resume: Go on from the last finished epoch in ``out``.
        workers: Processes that prepare batches.

    Returns:
        Measurements of the best epoch on each source's validation split.

    Raises:
        ConfigError: ``out`` already holds a run and ``resume`` is off, or it was started with another recipe or
            data, or the data cannot be used.
    """
    progress = _start(recipe, out, resume=resume)
    labels = recipe.label_texts
    train = load_split(recipe.sources, labels, "train", data)
    if not any(dataset.samples for dataset in train):
        raise ConfigError("no source has a sample in its train split")
    validation = [d for d in load_split(recipe.sources, labels, "validation", data) if d.samples]
    judges = {d.name for d, s in zip(train, recipe.sources, strict=True) if s.validate}
    record = run_record(recipe, train)
    if progress["epochs"] and progress["record"]["data"] != record["data"]:
        raise ConfigError(f"{out}: was started with other data; use a new --out, or bring the data back")
    progress["record"] = record
    model = _model(recipe, out, done=len(progress["epochs"]))
    inputs = {d.name: (stack([s.glyph for s in d.samples]), d.label_array()) for d in validation}
    for epoch in range(len(progress["epochs"]), recipe.epochs):
        started = time.monotonic()
        history = model.fit(Epoch(train, recipe, epoch, workers), epochs=epoch + 1, initial_epoch=epoch, verbose=2)
        entry: dict[str, Any] = {"loss": history.history["loss"][-1], "accuracy": history.history["accuracy"][-1]}
        if inputs:
            entry["validation"] = {
                name: measure(name, scores(model, x), y, labels).top1 for name, (x, y) in inputs.items()
            }
            judged = [top1 for name, top1 in entry["validation"].items() if name in judges]
            entry["score"] = float(np.mean(judged or list(entry["validation"].values())))
        else:
            entry["score"] = entry["accuracy"]
        entry["seconds"] = round(time.monotonic() - started, 1)
        progress["epochs"].append(entry)
        _save(model, recipe, out, progress)
        _LOGGER.info("epoch %d of %d: loss %.4f, score %.4f, %.0f s", epoch + 1, recipe.epochs, entry["loss"],
                     entry["score"], entry["seconds"])  # fmt: skip
        if _is_stale(progress["epochs"], recipe.patience):
            _LOGGER.info("stopped: no better epoch for %d", recipe.patience)
            break
    best = keras.models.load_model(out / MODEL_NAME, compile=False)
    results = [measure(name, scores(best, x), y, labels) for name, (x, y) in inputs.items()]
    _write_json(out / "metrics.json", [result.as_dict() for result in results])
    return results


def scores(model: keras.Model, inputs: dict[str, Any], batch_size: int = 512) -> Scores:
    """Logits of preprocessed inputs, float32, shape ``(N, L)``."""
    return np.asarray(model.predict(inputs, batch_size=batch_size, verbose=0), np.float32)


def float_model(model: keras.Model, recipe: Recipe) -> keras.Model:
    """The same weights in a network whose every layer computes in float32, whatever it was trained in."""
    policy = keras.mixed_precision.global_policy() if hasattr(keras.mixed_precision, "global_policy") else None
    keras.config.set_dtype_policy("float32")
    try:
        plain = architectures.build(recipe.architecture, len(recipe.label_texts))
    finally:
        if policy is not None:
            keras.config.set_dtype_policy(policy)
    plain.set_weights(model.get_weights())
    return plain


def run_record(recipe: Recipe, train: Sequence[Dataset]) -> dict[str, Any]:
    """What must be known to do the run again: recipe, data, versions, commit, machine."""
    return {
        "recipe": recipes.as_dict(recipe),
        "labels": list(recipe.label_texts),
        "preprocess": PREPROCESS_VERSION,
        "data": {d.name: {"n": len(d.samples), "sha256": fingerprint(d)} for d in train},
        "versions": {
            "ocr-edge": __version__,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
        },
        "commit": commit(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def commit() -> str:
    """The commit of the source tree, with ``+`` when it has changes; empty outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    here = Path(__file__).parent
    try:
        head = subprocess.run([git, "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        dirty = subprocess.run([git, "status", "--porcelain", "."], cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def _start(recipe: Recipe, out: Path, *, resume: bool) -> dict[str, Any]:
    """The progress so far: empty for a new run, read back for a resumed one."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / PROGRESS_NAME
    if not path.exists():
        return {"epochs": [], "record": {}}
    if not resume:
        raise ConfigError(f"{out}: already holds a run; go on with --resume, or choose another --out")
    progress: dict[str, Any] = json.loads(path.read_text())
    if progress["record"]["recipe"] != recipes.as_dict(recipe):
        raise ConfigError(f"{out}: was started with another recipe; choose another --out")
    _LOGGER.info("resuming after epoch %d of %d", len(progress["epochs"]), recipe.epochs)
    return progress


def _model(recipe: Recipe, out: Path, *, done: int) -> keras.Model:
    if done:
        return keras.models.load_model(out / CHECKPOINT_NAME)
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    model = architectures.build(recipe.architecture, len(recipe.label_texts))
    keras.config.set_dtype_policy("float32")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    # XLA costs two to eight times the time on a CPU.
    model.compile(optimizer(recipe), loss, metrics=["accuracy"], jit_compile=False)
    return model


def _save(model: keras.Model, recipe: Recipe, out: Path, progress: dict[str, Any]) -> None:
    """Write checkpoint, best model and progress, each whole or not at all, progress last."""
    part = out / "part.keras"
    model.save(part)
    part.replace(out / CHECKPOINT_NAME)
    best = max(range(len(progress["epochs"])), key=lambda e: progress["epochs"][e]["score"])
    if best == len(progress["epochs"]) - 1:
        float_model(model, recipe).save(part)
        part.replace(out / MODEL_NAME)
        _write_json(out / "run.json", {**progress["record"], "best_epoch": best + 1})
    _write_json(out / PROGRESS_NAME, progress)


def _is_stale(epochs: list[dict[str, Any]], patience: int) -> bool:
    values = [entry["score"] for entry in epochs]
    return patience > 0 and len(values) - 1 - int(np.argmax(values)) >= patience


def _write_json(path: Path, value: Any) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2) + "\n")
    part.replace(path)
