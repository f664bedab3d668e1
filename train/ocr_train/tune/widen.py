"""Teach a network classes that it does not know: its last layer gets a row for each."""

import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from ocr_edge.contract.labels import REJECT
from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.datasets import Spec
from ocr_train.datasets.base import class_texts

_LOGGER = logging.getLogger(__name__)


def unknown_classes(text: str, labels: Sequence[str]) -> list[str]:
    """The class folders of a ``folder:`` data set that the labels do not hold; nothing for other kinds."""
    spec = Spec.parse(text)
    root = spec.path / "data" if (spec.path / "data").is_dir() else spec.path
    if spec.kind != "folder" or not root.is_dir():
        return []
    names = [path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    texts, _ = class_texts(names, spec.source_labels, labels)
    return sorted({texts[name] or name for name in names} - {*labels, REJECT})


def widened(labels: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The labels with new ones behind them, but before the class of what is no character.

    Raises:
        ConfigError: A new label is not one character.
    """
    if wrong := [label for label in new if len(label) != 1]:
        raise ConfigError(
            f"class {wrong[0]!r}: a class is one character, or reject; rename its folder or move it away"
        )
    texts = [label for label in labels if label != REJECT]
    return (*texts, *new, *labels[len(texts) :])


def widen(network: Path, architecture: str, labels: Sequence[str], wider: Sequence[str], out: Path) -> None:
    """Write a network that tells more classes apart: the same weights, and for what is new the mean of the old rows.

    Their mean scores the mean of the others and so never the most: until it is trained, a new class is never said.

    Args:
        network: A ``.keras`` file of the architecture.
        architecture: Its name.
        labels: Its classes.
        wider: Those of the new network, all of ``labels`` among them.
        out: The file to write.
    """
    trained = keras.models.load_model(network, compile=False)
    made = architectures.build(architecture, len(wider))
    rows = [wider.index(label) for label in labels]
    weights = []
    for old, new in zip(trained.get_weights(), made.get_weights(), strict=True):
        if old.shape == new.shape:
            weights.append(old)
            continue
        grown = np.repeat(old.mean(axis=-1, keepdims=True), new.shape[-1], axis=-1)
        grown[..., rows] = old
        weights.append(grown)
    made.set_weights(weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    made.save(out)
