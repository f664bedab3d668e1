"""The manifest of a bundle: everything a model file cannot say about itself."""

import hashlib
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

import msgspec

SCHEMA = 2
FILE_NAME = "manifest.json"
CARD_NAME = "card.md"
SELFTEST_NAME = "selftest.npz"
RELIABILITY_NAME = "reliability.png"

ALL_GO_ON = 2.0
"""A threshold that no probability reaches: every character goes on to the next stage."""
TEMPERATURES = (0.05, 20.0)
"""Least and greatest temperature: beyond them a fit has failed, and every confidence would be one or the same."""
MAX_BYTES, MAX_FILE = 2**20, 2**29
"""Largest manifest, and largest other file of a bundle. The shipped default has 0.1 and 4 MB; the largest networks of
use on a Pi have some tens."""
SLOPES, OFFSETS = (0.05, 20.0), (-20.0, 20.0)
"""Least and greatest of a line's calibration, for the same reason; a fit stays within (0.05, 3) and (-6, 6)."""
MAX_WIDTH = 4096
"""Most columns of a strip: 128 times its height. Memory grows with it."""
CELL, SIDE_STEP = 4, 32
"""Pixels to a cell of a detector's map, and those that its sides are a multiple of; as in ``ocr_edge.detect.quads``."""
MAX_SIDE = 2048
"""Most pixels of a side of what a detector looks at: it works in memory that grows with the area, 30 MB at 1280."""
MAX_LABELS = 2048
"""Most labels of a stage; a table of them by them is kept, which has 32 MB at this size."""
MAX_NAME = 255
"""Most bytes of a file's name on the file systems of Linux."""
WIDTH_STEP = 4
"""Columns of a strip for each time step; ``contract.preprocess.STEP``, which needs NumPy and is not imported here."""
Shape = tuple[int, int, int]


class ManifestError(ValueError):
    """A manifest is unreadable or contradicts itself; the message says where and what was expected."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One network of a bundle.

    Attributes:
        kind: ``character`` names glyphs, ``line`` reads strips, ``detect`` finds the lines of a picture.
        file: Name of the ``.tflite`` file in the bundle's folder.
        sha256: Its hash, hexadecimal.
        architecture: Name of the network's builder.
        parameters: Count of trained numbers.
        macs: Multiply-adds for one character, for a strip of 32x128, or for a picture of 640x480.
        quantization: ``int8`` (inputs and output are int8) or ``float32``.
        labels: Class texts in the order of the output; none for a detector.
        inputs: Shape ``[height, width, channels]`` of each input by its signature name; the width of a line stage is 0:
            any of ``widths``; both are 0 for a detector: any of ``sides``.
        widths: Accepted widths of a line stage in pixels, ascending, multiples of ``WIDTH_STEP``; none for characters.
        sides: Accepted heights and widths of what a detector looks at, in pixels, ascending, multiples of
            ``SIDE_STEP``.
        blank: Index of the output that means "nothing here": the last one of a line stage, after all labels.
        reject: Index of the label that means "not a character", if there is one.
        temperature: Divides the logits before the softmax; fitted on validation data.
        twin_temperature: The same among confusables, characters only; None: ``temperature`` does for them too. See
            ``contract.calibrate``.
        escalate_below: What is less confident than this goes on to the next stage; None in the last stage.
        line_calibration: ``[slope, offset]`` of a line's confidence, ``sigmoid(slope * logit(p) + offset)`` for the
            decoder's probability ``p`` of the text; None: ``p`` itself.
    """

    kind: Literal["character", "line", "detect"]
    file: str
    sha256: str
    architecture: str
    parameters: int
    macs: int
    quantization: Literal["int8", "float32"]
    inputs: dict[str, Shape]
    labels: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    sides: tuple[int, ...] = ()
    blank: int | None = None
    reject: int | None = None
    temperature: float = 1.0
    twin_temperature: float | None = None
    escalate_below: float | None = None
    line_calibration: tuple[float, float] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The labels that may be said: those without ``reject`` and ``blank``."""
        silent = (self.reject, self.blank)
        return tuple(label for index, label in enumerate(self.labels) if index not in silent)

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for a character, a time step or a cell."""
        return len(self.labels) + (self.kind != "character")

    def __post_init__(self) -> None:
        _check_name(self.file)
        if self.kind == "detect":
            self._check_detector()
            return
        if self.sides:
            raise ValueError(f"{self.file}: sides belong to stages of kind detect")
        if not 2 <= len(self.labels) <= MAX_LABELS or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"{self.file}: labels: expected 2 to {MAX_LABELS}, all different")
        if not all(self.labels):
            raise ValueError(f"{self.file}: labels: one is empty")
        if set(self.inputs) != {"rgb", "binary"}:
            found = ", ".join(self.inputs) or "none"
            raise ValueError(f"{self.file}: inputs: expected rgb and binary, found {found}")
        for value in (self.temperature, self.twin_temperature):
            if value is not None and not TEMPERATURES[0] <= value <= TEMPERATURES[1]:
                least, most = TEMPERATURES
                raise ValueError(f"{self.file}: temperature {value:g} must be between {least:g} and {most:g}")
        if self.escalate_below is not None and not 0 <= self.escalate_below <= ALL_GO_ON:
            raise ValueError(
                f"{self.file}: escalate_below {self.escalate_below:g} must be between 0 and 1, or {ALL_GO_ON:g} for all"
            )
        if self.kind == "line":
            self._check_line()
        else:
            self._check_character()

    def _check_detector(self) -> None:
        if self.inputs != {"rgb": (0, 0, 3)}:
            raise ValueError(f"{self.file}: inputs: expected rgb of [0, 0, 3], found {self.inputs}")
        reads = (
            self.labels,
            self.widths,
            self.blank,
            self.reject,
            self.escalate_below,
            self.line_calibration,
        )
        if any(value is not None and value != () for value in reads) or self.twin_temperature is not None:
            raise ValueError(
                f"{self.file}: a stage of kind detect has no labels, and nothing that belongs to them"
            )
        ascending = list(self.sides) == sorted(set(self.sides))
        if (
            not self.sides
            or not ascending
            or any(n % SIDE_STEP or not 1 <= n <= MAX_SIDE for n in self.sides)
        ):
            found = ", ".join(map(str, self.sides[:8])) or "none"
            raise ValueError(
                f"{self.file}: sides: expected ascending multiples of {SIDE_STEP} up to {MAX_SIDE}, found {found}"
            )

    def _check_character(self) -> None:
        for silent in (self.reject, self.blank):
            if silent is not None and not 0 <= silent < len(self.labels):
                raise ValueError(
                    f"{self.file}: reject and blank: {silent} is no index of the {len(self.labels)} labels"
                )
        if any(size < 1 for shape in self.inputs.values() for size in shape):
            raise ValueError(f"{self.file}: inputs: every side must be at least 1")
        if self.widths or self.line_calibration:
            raise ValueError(f"{self.file}: widths and line_calibration belong to stages of kind line")

    def _check_line(self) -> None:
        if self.blank != len(self.labels):
            raise ValueError(
                f"{self.file}: blank {self.blank}: expected {len(self.labels)}, the last output of a line stage"
            )
        if self.reject is not None or self.twin_temperature is not None:
            raise ValueError(f"{self.file}: reject and twin_temperature belong to stages of kind character")
        if any(shape[1] != 0 for shape in self.inputs.values()):
            raise ValueError(f"{self.file}: inputs: the width of a line stage is 0, any of its widths")
        ascending = list(self.widths) == sorted(set(self.widths))
        if (
            not self.widths
            or not ascending
            or any(w % WIDTH_STEP or not 1 <= w <= MAX_WIDTH for w in self.widths)
        ):
            found = ", ".join(map(str, self.widths[:8])) or "none"
            raise ValueError(
                f"{self.file}: widths: expected ascending multiples of {WIDTH_STEP} up to {MAX_WIDTH}, found {found}"
            )
        if self.line_calibration is not None:
            slope, offset = self.line_calibration
            if not (SLOPES[0] <= slope <= SLOPES[1] and OFFSETS[0] <= offset <= OFFSETS[1]):
                raise ValueError(
                    f"{self.file}: line_calibration: expected a slope of {SLOPES[0]:g} to {SLOPES[1]:g} and an offset"
                    f" of {OFFSETS[0]:g} to {OFFSETS[1]:g}, found {slope:g}, {offset:g}"
                )


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
            _check_name(file)
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


def _check_name(file: str) -> None:
    """Refuse what is no plain name of a file.

    Raises:
        ValueError: It leads elsewhere, is too long, or has characters that cannot be shown.
    """
    plain = Path(file).name == file and file.isprintable() and 0 < len(file.encode()) <= MAX_NAME
    if not plain or file in {"..", FILE_NAME}:
        raise ValueError(f"file {file[:MAX_NAME]!r}: expected a plain name of another file inside the bundle")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return digest(file)


def digest(file: BufferedReader) -> str:
    """The SHA-256 of an open file, hexadecimal."""
    return hashlib.file_digest(file, "sha256").hexdigest()
