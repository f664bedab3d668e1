"""Trained networks that come with the package, to start from.

``NAME/model.keras`` names characters, with its record in ``run.json``; ``NAME/line.keras`` reads lines, with its record
in ``line.json``; ``NAME/detect.keras`` finds lines, with its record in ``detect.json``.
"""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ocr_edge.bundles.builtin import shipped as shipped_bundle
from ocr_edge.bundles.builtin import shipped_names
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.errors import ConfigError

DEFAULT = "default"
"""Name of the network that the shipped bundle was made from."""


def shipped(stage: str = "model") -> dict[str, Path]:
    """The networks that come with the package, by name: those that name characters, or, for ``line``, read lines."""
    folder = Path(str(resources.files("ocr_train"))) / "networks"
    return {path.parent.name: path for path in sorted(folder.glob(f"*/{stage}.keras"))}


@dataclass(frozen=True, slots=True)
class Stages:
    """The networks of a bundle's character stages.

    Attributes:
        networks: Their files, in the order they run.
        escalate_below: Confidence under which a character goes on, one number for each but the last.
        combine: How their scores are combined.
    """

    networks: tuple[Path, ...]
    escalate_below: tuple[float, ...] = ()
    combine: str = "replace"


def stages(text: str) -> Stages:
    """The networks that name characters in a shipped bundle of this name, or one network as ``find`` does.

    Raises:
        ConfigError: As ``find``.
    """
    if Path(text).is_file() or text not in shipped() or text not in shipped_names():
        return Stages((find(text),))
    manifest = manifests.decode((shipped_bundle(text) / MANIFEST_NAME).read_bytes())
    known = {_architecture(path): path for path in shipped().values()}
    each = manifest.characters
    return Stages(
        tuple(known[stage.architecture] for stage in each),
        tuple(stage.escalate_below or 0.0 for stage in each[:-1]),
        manifest.combine,
    )


def _architecture(network: Path) -> str:
    return str(json.loads(network.with_name("run.json").read_text())["recipe"]["architecture"])


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
