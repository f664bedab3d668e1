"""Trained networks that come with the package, to start from: ``NAME/model.keras`` with its ``run.json``."""

from importlib import resources
from pathlib import Path

from ocr_edge.errors import ConfigError

DEFAULT = "default"
"""Name of the network that the shipped bundle was made from."""


def shipped() -> dict[str, Path]:
    """The networks that come with the package, by name."""
    folder = Path(str(resources.files("ocr_train"))) / "networks"
    return {path.parent.name: path for path in sorted(folder.glob("*/model.keras"))}


def find(text: str) -> Path:
    """A network's file, by its path or by the name under which it ships.

    Args:
        text: A path, or a key of ``shipped()``. A file of that name comes first.

    Raises:
        ConfigError: There is neither.
    """
    path, known = Path(text), shipped()
    if path.is_file():
        return path
    if text not in known:
        raise ConfigError(
            f"network {text}: no such file, and none of the shipped networks {', '.join(known)}"
        )
    return known[text]
