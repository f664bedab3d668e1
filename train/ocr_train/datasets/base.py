"""What every data set is made of: a spec that names it, samples, and a count of what had to be skipped."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.types import Glyph, Image
from ocr_edge.errors import ConfigError

_LOGGER = logging.getLogger(__name__)
OPTIONS = frozenset({"case", "labels", "marks", "name", "note", "without"})
"""Keys a spec may carry after ``?``."""
CODE_POINT = re.compile("U\\+(?:10|0?[0-9A-F])?[0-9A-F]{4}")
"""A class name that says a character by its number in Unicode."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Where samples come from: ``KIND:PATH[?key=value&...][#split]``.

    Attributes:
        kind: ``folder``, ``tar``, ``npz`` or ``emnist``.
        path: File or folder.
        split: Only this split; empty for every sample, whatever its split.
        options: ``labels`` (the class order of the source), ``note`` (only samples with this note), ``name``
            (which of several data sets in one folder), ``without`` (a list of training rows to leave out; see
            ``ocr_train.datasets.without``).
    """

    kind: str
    path: Path
    split: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Read a spec.

        Raises:
            ConfigError: No kind, no path, or an unknown option.
        """
        kind, colon, rest = text.partition(":")
        rest, _, split = rest.partition("#")
        path, _, query = rest.partition("?")
        if not colon or not path:
            raise ConfigError(
                f"data {text!r}: expected KIND:PATH[?key=value][#split], such as tar:crops.tar#validation"
            )
        options = dict(part.partition("=")[::2] for part in query.split("&") if part)
        unknown = sorted(set(options) - OPTIONS)
        if unknown:
            raise ConfigError(
                f"data {text!r}: unknown option {unknown[0]!r}; known are {', '.join(sorted(OPTIONS))}"
            )
        return cls(kind, Path(path).expanduser(), split, options)

    @property
    def name(self) -> str:
        """Short name for tables: the file's stem, and the data set, note and split where they are asked for."""
        which = "".join(f"-{self.options[key]}" for key in ("name", "note") if key in self.options)
        return self.path.name.split(".")[0] + which + (f"#{self.split}" if self.split else "")

    @property
    def source_labels(self) -> tuple[str, ...]:
        """The class order of the source, ``0-9A-Za-z`` unless the spec says another.

        Raises:
            ConfigError: The order names a label twice or fewer than two.
        """
        try:
            return label_orders.parse(self.options.get("labels", "0-9A-Za-z"))
        except ValueError as error:
            raise ConfigError(f"{self.path}: ?{error}") from error

    def select(self, samples: Iterable["Sample"]) -> list["Sample"]:
        """The samples of this split and note."""
        note = self.options.get("note")
        return [
            s
            for s in samples
            if (not self.split or s.split == self.split) and (note is None or s.note == note)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled glyph.

    Attributes:
        glyph: The crop.
        label: Index into the labels.
        split: ``train``, ``validation``, ``test`` or empty.
        group: Writer, font or source picture; empty when unknown. A group never straddles a split.
        note: Free remark of the source.
        file: Its name in the source, such as ``10/000001.png``; the row's number where there are no files.
    """

    glyph: Glyph
    label: int
    split: str = "train"
    group: str = ""
    note: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Named samples.

    Attributes:
        name: Short name for tables and pictures.
        samples: In a fixed order.
        left_out: How many training samples a list has kept out; see ``ocr_train.datasets.without``.
    """

    name: str
    samples: list[Sample]
    left_out: int = 0

    def label_array(self) -> np.ndarray:
        """int64, shape ``(N,)``: the label of each sample."""
        return np.fromiter((sample.label for sample in self.samples), np.int64, len(self.samples))


class Skipped:
    """Counts what a loader could not use and says so once, with an example of each reason."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Count skipped items."""
        self._counts[reason] += count
        self._examples.setdefault(reason, example)

    def report(self) -> None:
        """Log one warning for each reason."""
        for reason, count in self._counts.items():
            _LOGGER.warning(
                "%s: skipped %d: %s (first: %s)", self._source, count, reason, self._examples[reason]
            )


def first_line(error: Exception) -> str:
    """The first line of what an error says, for messages of one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def class_texts(
    names: Iterable[str], source: Sequence[str], labels: Sequence[str]
) -> tuple[dict[str, str], bool]:
    """What the class names of a source mean: labels themselves, code points, or indices in the source's order.

    A code point is written ``U+002E``: it names what no folder can be named, such as ``.`` and ``/``.

    They are indices when all are numbers and one of them is no label, or none is a label of the source; in a
    mixture with texts, only the numbers that are no labels.

    Args:
        names: Class names as the source writes them, such as folder names.
        source: The class order of the source.
        labels: The labels that are wanted.

    Returns:
        The label of each name, empty for a number outside the order; and whether all names are indices.
    """
    names, known = set(names), {*source, *labels}
    points = {name: chr(int(name[2:], 16)) for name in names if CODE_POINT.fullmatch(name)}
    names -= points.keys()
    numbers = {name for name in names if name.isdecimal()}
    by_index = bool(names) and numbers == names and (bool(numbers - known) or not numbers & {*source})
    indices = numbers if by_index else numbers - known
    return {
        name: name if name not in indices else "".join(source[int(name) :][:1]) for name in names
    } | points, by_index


MAX_SIDE = 512
"""Crops with a longer side than this, in pixels, are shrunk when loaded: the network sees 28."""


def decode_rgb(data: bytes) -> Image | None:
    """An encoded picture as RGB.

    Args:
        data: Content of a PNG, JPEG or other picture file.

    Returns:
        uint8, shape ``(H, W, 3)``, no side longer than ``MAX_SIDE``; None when it is no picture.
    """
    decoded = _decode(data, cv2.IMREAD_COLOR)
    return None if decoded is None else np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def decode_binary(data: bytes) -> Image | None:
    """An encoded ink mask, ink bright, as 0 and 255.

    Args:
        data: Content of a picture file.

    Returns:
        uint8, shape ``(H, W, 1)``; None when it is no picture.
    """
    decoded = _decode(data, cv2.IMREAD_GRAYSCALE)
    return None if decoded is None else np.where(decoded >= 128, 255, 0).astype(np.uint8)[..., None]


def _decode(data: bytes, mode: int) -> Image | None:
    if not data:
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error:
        return None
    if decoded is None or 0 in decoded.shape:
        return None
    scale = MAX_SIDE / max(decoded.shape[:2])
    if scale < 1:
        decoded = cv2.resize(decoded, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(decoded, np.uint8)
