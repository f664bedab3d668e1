"""What reads lines: a trained network, or a bundle as the device runs it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ocr_edge.bundles.load import load
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.lines import LineRecognizer
from ocr_train.checkpoint import RUN_NAME
from ocr_train.commands.evaluate import load_model, model_labels
from ocr_train.strips.evaluate import read
from ocr_train.strips.recipe import BLANK, WIDTHS
from ocr_train.strips.targets import greedy

Reader = Callable[[Sequence[Image]], list[str]]
"""From crops of lines, uint8 RGB (H, W, 3), to their texts."""


def of_bundle(path: Path) -> tuple[Reader, tuple[str, ...]]:
    """A bundle's first line stage through the device's own recogniser, best path; and its labels.

    Raises:
        ModelError: It cannot be used, or has no such stage.
    """
    recognizer = LineRecognizer(load(path))
    labels = (*recognizer.labels, BLANK)
    return lambda images: [greedy(recognizer.recognize(i).scores, labels) for i in images], recognizer.labels


def of_model(path: Path, order: str | None) -> tuple[Reader, tuple[str, ...]]:
    """A ``.keras`` file, best path, and its labels without the blank.

    Args:
        path: The file.
        order: The labels; None for those of the ``run.json`` beside it. Its widths count wherever it is there.

    Raises:
        ConfigError: There are no labels, not as many as outputs, or the network reads no lines.
        ModelError: The file is no network of ours.
    """
    labels = model_labels(path, order)
    labels = labels if labels[-1] == BLANK else (*labels, BLANK)
    model = load_model(path, labels)
    if len(model.output_shape) < 3:
        raise ConfigError(f"{path}: names characters; measure it on data of another kind than words:")
    widths = _widths(path.with_name(RUN_NAME))
    return lambda images: read(model, images, labels, widths), labels[:-1]


def _widths(record: Path) -> list[int]:
    """The widths of a run, ascending; the usual ones where there is no record of it."""
    known = (
        json.loads(record.read_text()).get("recipe", {}).get("widths", WIDTHS) if record.is_file() else WIDTHS
    )
    return sorted(map(int, known))
