"""Teach a network classes that it does not know: its last layer gets a row for each."""

import logging
from collections.abc import Sequence
from pathlib import Path

from ocr_edge.contract.labels import REJECT
from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.datasets import Spec
from ocr_train.datasets.base import class_texts
from ocr_train.initial import start_from

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


def widen(network: Path, architecture: str, wider: Sequence[str], out: Path) -> None:
    """Write a network that tells more classes apart, and is the same for those that it knew.

    Args:
        network: A ``.keras`` file of the architecture, with its record beside it.
        architecture: Its name.
        wider: Classes of the new network, all that the old one knows among them.
        out: The file to write.
    """
    made = architectures.build(architecture, len(wider))
    start_from(made, network, wider)
    out.parent.mkdir(parents=True, exist_ok=True)
    made.save(out)
