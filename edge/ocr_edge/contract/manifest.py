"""The manifest of a bundle: everything a model file cannot say about itself."""

from typing import Any, Literal

import msgspec

from ocr_edge.contract.files import check_name
from ocr_edge.contract.stage import Stage

SCHEMA = 2


class ManifestError(ValueError):
    """A manifest is unreadable or contradicts itself; the message says where and what was expected."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle is.

    Attributes:
        schema: Version of this layout, ``SCHEMA``.
        name: What people call the bundle.
        created: Day it was made, ISO 8601.
        preprocess: Version of the preprocessing it was trained with.
        stages: The networks; those that name glyphs run in this order, at most one reads strips, and at most one finds
            lines.
        combine: How character stages work together. ``replace``: a later stage's probabilities replace the earlier
            ones; ``mean``: those of all stages that ran are averaged.
        confusables: Texts that only size, place and neighbours tell apart, one string a shape, such as ``cC``.
        files: SHA-256 of every other file of the bundle by its name.
        training: Recipe, commit, versions and data of each stage.
        metrics: What was measured, with n and machine.
    """

    schema: int
    name: str
    created: str
    preprocess: str
    stages: tuple[Stage, ...]
    combine: Literal["replace", "mean"] = "replace"
    confusables: tuple[str, ...] = ()
    files: dict[str, str] = {}
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}

    @property
    def characters(self) -> tuple[Stage, ...]:
        """The stages that name glyphs, in their order. They share labels and inputs."""
        return tuple(stage for stage in self.stages if stage.kind == "character")

    @property
    def lines(self) -> tuple[Stage, ...]:
        """The stage that reads strips, if there is one."""
        return tuple(stage for stage in self.stages if stage.kind == "line")

    @property
    def detectors(self) -> tuple[Stage, ...]:
        """The stage that finds lines, if there is one."""
        return tuple(stage for stage in self.stages if stage.kind == "detect")

    @property
    def texts(self) -> tuple[str, ...]:
        """What may be said by any stage: the texts of line stages first, each once."""
        return tuple(dict.fromkeys(text for stage in (*self.lines, *self.characters) for text in stage.texts))

    def __post_init__(self) -> None:
        if not self.characters and not self.lines:
            raise ValueError("stages: at least one that reads is needed")
        for kind, found in (("line", self.lines), ("detect", self.detectors)):
            if len(found) > 1:
                raise ValueError(
                    f"stages: at most one of kind {kind}, found {len(found)}: a second would never run"
                )
        for file in self.files:
            check_name(file)
        shared = [(s.labels, s.reject, s.blank, s.inputs) for s in self.characters]
        if any(one != shared[0] for one in shared):
            raise ValueError(
                "stages: those of kind character must share labels, reject and inputs, or they cannot run in sequence"
            )
        if any(stage.escalate_below is None for stage in self.characters[:-1]):
            raise ValueError(
                "stages: every one but the last needs escalate_below, or those after it never run"
            )
        together = "".join(self.confusables)
        if len(set(together)) != len(together):
            raise ValueError(f"confusables: a text stands in two of {', '.join(self.confusables)}")


def decode(text: bytes) -> Manifest:
    """Read a manifest; one of schema 1 is upgraded.

    Args:
        text: The JSON file's content.

    Returns:
        The checked manifest, of schema 2.

    Raises:
        ManifestError: Not JSON, a key is missing, unknown or of the wrong type, or another schema.
    """
    try:
        content = msgspec.json.decode(text, type=dict[str, Any])
        schema = content.get("schema")
        # True is 1 for Python, but no number in a manifest.
        if isinstance(schema, bool) or schema not in (1, SCHEMA):
            raise ManifestError(f"schema {schema!r}: this program reads schema 1 and {SCHEMA}")
        return msgspec.convert(_upgraded(content) if schema == 1 else content, type=Manifest)
    except RecursionError as error:
        raise ManifestError("is nested too deeply") from error
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ManifestError(str(error)) from error


def _upgraded(old: dict[str, Any]) -> dict[str, Any]:
    """A manifest of schema 1, whose stages all named glyphs and shared labels and inputs, as one of schema 2."""
    shared = {key: old[key] for key in ("labels", "inputs", "reject", "blank") if key in old}
    new = {key: value for key, value in old.items() if key not in (*shared, "twins")}
    stages = old.get("stages")
    if isinstance(stages, list):
        # What is no stage stays as it is, to be refused with its place.
        new["stages"] = [
            {**stage, **shared, "kind": "character"} if isinstance(stage, dict) else stage for stage in stages
        ]
    if "confusables" in old:
        raise ManifestError("confusables: this key belongs to schema 2; schema 1 calls it twins")
    if "twins" in old:
        new["confusables"] = old["twins"]
    return {**new, "schema": SCHEMA}


def encode(manifest: Manifest) -> bytes:
    """The manifest as indented JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
