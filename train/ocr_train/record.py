"""What a run must say about itself to be done again: recipe, data, versions, commit, machine."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge import __version__
from ocr_edge.contract.files import sha256
from ocr_edge.contract.preprocess import VERSION as PREPROCESS_VERSION
from ocr_train import recipe as recipes
from ocr_train.datasets import Dataset
from ocr_train.fingerprint import fingerprint
from ocr_train.recipe import AnyRecipe, Recipe

_BACKENDS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "torch": ("torch",), "jax": ("jax",)}
"""Distributions that may provide each of Keras's backends."""


def run_record(recipe: Recipe, train: Sequence[Dataset], validation: Sequence[Dataset]) -> dict[str, Any]:
    """The content of ``run.json``.

    Args:
        recipe: What is trained.
        train: The training samples of each source, in the order of the recipe.
        validation: Its validation samples, in the same order.

    Returns:
        Plain values. ``data`` names each source's spec, how many samples it has, the SHA-256 of the training
        samples, and how many of them a list has left out, where there are any.
    """
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
            | ({"left_out": mine.left_out} if mine.left_out else {})
            for source, mine, held_out in rows
        },
    )


def stamped(recipe: AnyRecipe, data: dict[str, Any]) -> dict[str, Any]:
    """A run's record from what its data are, by name: with recipe, labels, versions, commit and machine."""
    return {
        "recipe": recipes.as_dict(recipe),
        "labels": list(recipe.label_texts),
        "preprocess": PREPROCESS_VERSION,
        "data": data,
        "versions": versions(),
        "commit": commit(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def initial_record(path: Path) -> dict[str, Any]:
    """Where a run's first weights came from: the file's hash, and the record of the run that made it, if kept."""
    record = record_of(path)
    made_by = json.loads(record.read_text()) if record.is_file() else {}
    return {"sha256": sha256(path) if path.is_file() else "", "run": made_by}


def record_of(network: Path) -> Path:
    """The record beside a network: ``line.json`` of ``line.keras`` where there is one, else ``run.json``."""
    own = network.with_suffix(".json")
    return own if own.is_file() else network.with_name("run.json")


def versions() -> dict[str, str]:
    """Versions of everything that takes part in a training."""
    backend = keras.backend.backend()
    found = {
        "ocr-edge": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": backend,
        "numpy": np.__version__,
    }
    for name in _BACKENDS.get(backend, ()):
        try:
            found[backend] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the source tree, with ``+`` when it has changes; empty outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        head = _output(git, "rev-parse", "HEAD")
        return head + ("+" if _output(git, "status", "--porcelain", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _output(*command: str) -> str:
    here = Path(__file__).parent
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
