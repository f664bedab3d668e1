"""What trained networks say about the batches of an epoch, for another network to learn (Hinton et al., 2015)."""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.contract.files import sha256
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Scores
from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.batches import Batches
from ocr_train.feed import Epoch
from ocr_train.recipe import Recipe
from ocr_train.record import initial_record

_LOGGER = logging.getLogger(__name__)


class Teachers:
    """Trained networks that name the same labels; the mean of their probabilities is what is learned.

    Args:
        paths: Their ``model.keras`` files, each with its ``run.json`` beside it.
        recipe: What is trained.

    Attributes:
        hashes: SHA-256 of each file.
        records: Where each came from, for the record of the run.

    Raises:
        ConfigError: One cannot be read, or names other labels than the recipe.
    """

    def __init__(self, paths: Sequence[Path], recipe: Recipe) -> None:
        self._networks = [_loaded(path, recipe) for path in paths]
        self.hashes = tuple(sha256(path) for path in paths)
        self.records = [initial_record(path) for path in paths]

    def teach(self, epoch: Epoch, number: int, steps: int, batches: Batches) -> None:
        """Keep what they say about each batch of an epoch, as far as it is not kept yet.

        Args:
            epoch: Its batches, in the order 0, 1, 2 and so on.
            number: Of the epoch.
            steps: How many batches it has.
            batches: Where to keep it.
        """
        if all(batches.has_scores(number, index) for index in range(steps)):
            return
        started = time.monotonic()
        said = np.mean([_probabilities(network, epoch) for network in self._networks], axis=0)
        for index, rows in enumerate(np.array_split(said, _ends(epoch, len(said)))):
            batches.save_scores(number, index, rows)
        _LOGGER.info("teachers: %d samples, %.0f s", len(said), time.monotonic() - started)


def _ends(epoch: Epoch, count: int) -> list[int]:
    """Where each batch but the last ends."""
    return list(range(epoch.batch_size, count, epoch.batch_size))


def _probabilities(network: keras.Model, epoch: Epoch) -> Scores:
    logits = np.asarray(network.predict(epoch, verbose=0), np.float32)
    return np.exp(log_softmax(logits))


def _loaded(path: Path, recipe: Recipe) -> keras.Model:
    """A trained network that computes in the recipe's precision."""
    try:
        record: dict[str, Any] = json.loads(path.with_name("run.json").read_text())
        weights = keras.models.load_model(path, compile=False).get_weights()
        labels, architecture = tuple(record["labels"]), record["recipe"]["architecture"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        found = str(error).splitlines()[0]
        raise ConfigError(f"{path}: not a trained network with its run.json beside it ({found})") from error
    if labels != recipe.label_texts:
        raise ConfigError(
            f"{path}: names {len(labels)} labels, the recipe {len(recipe.label_texts)} or others"
        )
    keras.config.set_dtype_policy(recipe.precision)
    try:
        network = architectures.build(architecture, len(labels))
    finally:
        keras.config.set_dtype_policy("float32")
    network.set_weights(weights)
    return network
