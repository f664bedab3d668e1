"""The folder of a run: every epoch saved whole or not at all, and taken up again as if nothing had happened.

An epoch is in the run when ``progress.json`` says so. That file is written last, and names the checkpoint
that belongs to it, so a crash at any moment leaves the last finished epoch complete.
"""

import base64
import hashlib
import json
import logging
import os
import random
from itertools import zip_longest
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train import recipe as recipes
from ocr_train.average import Average
from ocr_train.devices import ALONE, Machines
from ocr_train.recipe import AnyRecipe

_LOGGER = logging.getLogger(__name__)
MODEL_NAME = "model.keras"
PROGRESS_NAME = "progress.json"
RUN_NAME = "run.json"
MOST_SHOWN = 4
"""Differences that a message names: a source too many differs in all its keys."""
_KEYS = {"epochs", "record", "checkpoint", "random"}


def start(recipe: AnyRecipe, out: Path, *, resume: bool) -> dict[str, Any]:
    """What is known of a run: ``epochs`` and ``record``, empty for a new one.

    Args:
        recipe: What is to be done.
        out: Folder of the run; made when missing.
        resume: Whether it may already hold a run.

    Raises:
        ConfigError: It holds a run and ``resume`` is off, or the run is damaged or has another recipe; or the
            folder cannot be made.
    """
    path = out / PROGRESS_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return {"epochs": [], "record": {}}
        run: dict[str, Any] = json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is damaged ({error}); choose another --out") from error
    if not resume:
        raise ConfigError(f"{out}: already holds a run; go on with --resume, or choose another --out")
    if not isinstance(run, dict) or _KEYS - set(run):
        raise ConfigError(f"{path}: is not the progress of a run of this version; choose another --out")
    if differing := _differing(run["record"]["recipe"], recipes.as_dict(recipe)):
        raise ConfigError(
            f"{out}: was started with another recipe ({differing}); put that back, or choose another --out"
        )
    _LOGGER.info("resuming after epoch %d of %d", len(run["epochs"]), recipe.epochs)
    return run


def _differing(then: dict[str, Any], now: dict[str, Any]) -> str:
    """The keys of which two recipes say different things, with what each says; empty where they are the same."""
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    pairs: Any = zip_longest(then.get("sources", ()), now.get("sources", ()), fillvalue={})
    found = [
        f"sources[{number}].{key}: {_shown(one.get(key))}, now {_shown(other.get(key))}"
        for number, (one, other) in enumerate(pairs)
        for key in {**one, **other}
        if one.get(key) != other.get(key)
    ]
    plain = [
        f"{key}: {_shown(then.get(key))}, now {_shown(now.get(key))}" for key in keys if key != "sources"
    ]
    return "; ".join([*plain, *found][:MOST_SHOWN])


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def check_data(run: dict[str, Any], out: Path, record: dict[str, Any]) -> None:
    """Refuse to go on with other data than the run began with.

    Raises:
        ConfigError: The data sets of ``record`` are not those of ``run``.
    """
    if run["epochs"] and run["record"]["data"] != record["data"]:
        raise ConfigError(f"{out}: was started with other data; choose another --out, or bring the data back")


def check_machines(run: dict[str, Any], out: Path, machines: Machines) -> None:
    """Refuse to train together on different recipes, data or epochs.

    Raises:
        ConfigError: The machines are about to do different things. All of them notice.
    """
    plan = {key: run["record"][key] for key in ("recipe", "data")}
    number = int(hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:4], 16)
    if not machines.are_alike(len(run["epochs"])) or not machines.are_alike(number):
        raise ConfigError(
            f"{out}: the machines do not agree on recipe, data and finished epochs; all need the same recipe and"
            " data, and an --out that all of them see"
        )


def save(
    model: keras.Model, recipe: AnyRecipe, out: Path, run: dict[str, Any], average: Average | None = None
) -> None:
    """Write the checkpoint, the model where this epoch is the best, and the progress, in this order.

    Args:
        model: After the last epoch of ``run``.
        recipe: What is trained.
        out: Folder of the run.
        run: Its epochs and record; the state of everything random is added.
        average: The average of its weights, which is then what the model holds.
    """
    epochs = run["epochs"]
    name = f"checkpoint-{len(epochs):04d}.keras"
    _write_model(model, out / name)
    if average:
        part = out / "part.npz"
        np.savez(part, *average.weights)
        _publish(part, _average_path(out / name))
    best = max(range(len(epochs)), key=lambda epoch: epochs[epoch]["score"])
    if best == len(epochs) - 1:
        weights = average.weights if average else model.get_weights()
        _write_model(float_model(weights, recipe), out / MODEL_NAME)
        write_json(out / RUN_NAME, {**run["record"], "best_epoch": best + 1})
    # After float_model, which draws seeds for the dropout of its network.
    run["checkpoint"], run["random"] = name, random_state(model)
    write_json(out / PROGRESS_NAME, run)
    for old in out.glob("checkpoint-*.keras"):
        if old.name != name:
            old.unlink()
            _average_path(old).unlink(missing_ok=True)


def restore(
    model: keras.Model,
    out: Path,
    run: dict[str, Any],
    average: Average | None = None,
    machines: Machines = ALONE,
) -> None:
    """Bring a freshly compiled network to where the run's last epoch left it; nothing for a new run.

    Not ``load_model`` alone: that forgets which weights are not decayed, and the seeds of the dropout layers.

    Args:
        model: Made in the scope of ``machines``.
        out: Folder of the run.
        run: Its epochs and record.
        average: The average of its weights.
        machines: What trains together.

    Raises:
        ConfigError: The checkpoint is missing or damaged.
    """
    if not run["epochs"]:
        return
    path = out / run["checkpoint"]
    try:
        saved = keras.models.load_model(path)
        if average:
            average.steps = int(saved.optimizer.iterations)
            with np.load(_average_path(path), allow_pickle=False) as kept:
                average.weights = [kept[key] for key in kept.files]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); choose another --out") from error
    model.set_weights(saved.get_weights())
    with machines.scope():
        model.optimizer.build(model.trainable_variables)
    for mine, theirs in zip(model.optimizer.variables, saved.optimizer.variables, strict=True):
        mine.assign(keras.ops.convert_to_numpy(theirs))
    for mine, state in zip(_seeds(model), run["random"]["dropout"], strict=True):
        mine.assign(np.array(state))
    version, words, gauss = run["random"]["python"]
    numbers = np.frombuffer(base64.b64decode(words), "<u4").tolist()
    random.setstate((version, tuple(numbers), gauss))


def random_state(model: keras.Model) -> dict[str, Any]:
    """Everything that chance depends on in a training: dropout's seeds, and Python's generator.

    ``fit`` shuffles an epoch's batches with the latter.
    """
    version, numbers, gauss = random.getstate()
    words = base64.b64encode(np.array(numbers, "<u4").tobytes()).decode()
    dropout = [keras.ops.convert_to_numpy(seed).tolist() for seed in _seeds(model)]
    return {"dropout": dropout, "python": [version, words, gauss]}


def float_model(weights: list[Any], recipe: AnyRecipe) -> keras.Model:
    """The recipe's network with these weights, its every layer computing in float32, whatever it was trained in."""
    plain = architectures.build(recipe.architecture, len(recipe.label_texts))
    plain.set_weights(weights)
    return plain


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    _publish(part, path)


def _write_model(model: keras.Model, path: Path) -> None:
    part = path.with_name("part.keras")
    model.save(part)
    _publish(part, path)


def _average_path(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".average.npz")


def _publish(part: Path, path: Path) -> None:
    """Give a file its name once all of it is on the disk."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _seeds(model: keras.Model) -> list[Any]:
    """The states of the network's random layers, in the order of the layers."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]
