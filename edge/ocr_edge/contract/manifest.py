"""The manifest of a bundle: everything a model file cannot say about itself."""

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

SCHEMA = 1
FILE_NAME = "manifest.json"
CARD_NAME = "card.md"
SELFTEST_NAME = "selftest.npz"
RELIABILITY_NAME = "reliability.png"


class ManifestError(ValueError):
    """A manifest is unreadable or contradicts itself; the message says where and what was expected."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One network of a bundle. Stages run in sequence.

    Attributes:
        file: Name of the ``.tflite`` file in the bundle's folder.
        sha256: Its hash, hexadecimal.
        architecture: Name of the network's builder.
        parameters: Count of trained numbers.
        macs: Multiply-adds for one character.
        quantization: ``int8`` (inputs and output are int8) or ``float32``.
        temperature: Divides the logits before the softmax; fitted on validation data.
        twin_temperature: The same among twins; None: ``temperature`` does for them too. See ``contract.calibrate``.
        escalate_below: A character less confident than this goes on to the next stage; None in the last stage.
    """

    file: str
    sha256: str
    architecture: str
    parameters: int
    macs: int
    quantization: Literal["int8", "float32"]
    temperature: float = 1.0
    twin_temperature: float | None = None
    escalate_below: float | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle is.

    Attributes:
        schema: Version of this layout, ``SCHEMA``.
        name: What people call the bundle.
        created: Day it was made, ISO 8601.
        preprocess: Version of the preprocessing it was trained with.
        labels: Class texts in the order of the output.
        inputs: Shape ``[height, width, channels]`` of each input by its signature name.
        stages: The networks, in the order they run.
        combine: ``replace``: a later stage's probabilities replace the earlier ones; ``mean``: those of all stages that
            ran are averaged.
        twins: Texts that only size, place and neighbours tell apart, one string a shape, such as ``cC``.
        files: SHA-256 of every other file of the bundle by its name.
        reject: Index of the class that means "not a character", if there is one.
        blank: Index of the class that means "nothing here", if there is one.
        training: Recipe, commit, versions and data of each stage.
        metrics: What was measured, with n and machine.
    """

    schema: int
    name: str
    created: str
    preprocess: str
    labels: tuple[str, ...]
    inputs: dict[str, tuple[int, int, int]]
    stages: tuple[Stage, ...]
    combine: Literal["replace", "mean"] = "replace"
    twins: tuple[str, ...] = ()
    files: dict[str, str] = {}
    reject: int | None = None
    blank: int | None = None
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        """The labels that may be said: those without ``reject`` and ``blank``."""
        silent = (self.reject, self.blank)
        return tuple(label for index, label in enumerate(self.labels) if index not in silent)

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("stages: at least one is needed")
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: at least two, all different, are needed")
        if set(self.inputs) != {"rgb", "binary"}:
            raise ValueError(f"inputs: expected rgb and binary, found {', '.join(self.inputs) or 'none'}")
        for silent in (self.reject, self.blank):
            if silent is not None and not 0 <= silent < len(self.labels):
                raise ValueError(f"reject and blank: {silent} is no index of the {len(self.labels)} labels")
        for file in [stage.file for stage in self.stages] + list(self.files):
            if Path(file).name != file:
                raise ValueError(f"file {file!r}: expected a plain name inside the bundle")
        for stage in self.stages:
            for value in (stage.temperature, stage.twin_temperature):
                if value is not None and not value > 0:
                    raise ValueError(f"{stage.file}: temperature {value} must be above 0")
        if any(stage.escalate_below is None for stage in self.stages[:-1]):
            raise ValueError(
                "stages: every one but the last needs escalate_below, or those after it never run"
            )
        together = "".join(self.twins)
        if len(set(together)) != len(together):
            raise ValueError(f"twins: a text stands in two of {', '.join(self.twins)}")


def decode(text: bytes) -> Manifest:
    """Read a manifest.

    Args:
        text: The JSON file's content.

    Returns:
        The checked manifest.

    Raises:
        ManifestError: Not JSON, a key is missing, unknown or of the wrong type, or another schema.
    """
    try:
        schema = msgspec.json.decode(text, type=dict[str, Any]).get("schema")
        if schema != SCHEMA:
            raise ManifestError(f"schema {schema!r}: this program reads schema {SCHEMA}")
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestError(str(error)) from error


def encode(manifest: Manifest) -> bytes:
    """The manifest as indented JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
