"""Trained networks with the records of their runs, and the refusal to convert one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from ocr_edge.contract.stage import Stage
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_train import architectures  # noqa: F401 - Keras finds the layers of ours that are registered there
from ocr_train.record import record_of


class Refused(OcrEdgeError):
    """The converted network lost more than it may; nothing was written. Ends a command with exit 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network to convert, with the record of its run where there is one.

    Attributes:
        model: From pixels 0..255 to logits.
        record: Content of ``run.json``, or empty.
    """

    model: keras.Model
    record: dict[str, Any]

    @property
    def kind(self) -> str:
        """``character``, ``line`` or ``detect``: what its recipe says."""
        return str(self.record.get("recipe", {}).get("stage", "character"))

    @property
    def architecture(self) -> str:
        """Its architecture's name: the recipe's where that is known, else the model's own."""
        return str(self.record.get("recipe", {}).get("architecture", self.model.name))


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """A converted stage that reads or finds lines.

    Attributes:
        stage: What the manifest says of it; without a hash yet.
        content: The ``.tflite`` file.
        metrics: What was measured on held-out lines or scenes.
    """

    stage: Stage
    content: bytes
    metrics: dict[str, Any]


def load(path: Path) -> Trained:
    """Load a trained network and the record of its run beside it.

    Raises:
        ConfigError: The file is missing or no Keras network.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: does not exist; expected a .keras file")
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: not a Keras network ({str(error).splitlines()[0]})") from error
    record = record_of(path)
    return Trained(model, json.loads(record.read_text()) if record.is_file() else {})


def history(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a run and of the runs its first weights came from, oldest first."""
    if not record:
        return []
    own = {key: value for key, value in record.items() if key != "initial"}
    return [*history(record.get("initial", {}).get("run", {})), own]
