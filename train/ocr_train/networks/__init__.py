"""Trained networks that come with the package, to start from.

``NAME/model.keras`` names characters, with its record in ``run.json``; ``NAME/line.keras`` reads lines, with its record
in ``line.json``; ``NAME/detect.keras`` finds lines, with its record in ``detect.json``: it is in no shipped bundle yet.
"""

from importlib import resources
from pathlib import Path

from ocr_edge.errors import ConfigError

DEFAULT = "default"
"""Name of the network that the shipped bundle was made from."""


def shipped(stage: str = "model") -> dict[str, Path]:
    """The networks that come with the package, by name: those that name characters, or, for ``line``, read lines."""
    folder = Path(str(resources.files("ocr_train"))) / "networks"
    return {path.parent.name: path for path in sorted(folder.glob(f"*/{stage}.keras"))}


def find(text: str, stage: str = "model") -> Path:
    """A network's file, by its path or by the name under which it ships.

    Args:
        text: A path, or a key of ``shipped(stage)``. A file of that name comes first.
        stage: ``model`` or ``line``.

    Raises:
        ConfigError: There is neither.
    """
    path, known = Path(text), shipped(stage)
    if path.is_file():
        return path
    if text not in known:
        names = ", ".join(known) or "(none of this kind ships)"
        raise ConfigError(f"network {text}: no such file, and none of the shipped networks {names}")
    return known[text]
