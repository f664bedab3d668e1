"""``words:``: pictures of one line or word each, with what is written in them.

Three layouts: a tar archive or folder with ``ground_truth.jsonl`` (one object a line: ``file``, ``text``, and
``split``, ``group`` and ``written`` where they are known; ``written`` keeps marks that ``text`` leaves out); a folder
with ``labels.csv`` (columns ``file,text`` and, optionally, ``split,group``); a folder whose files are named after
their text, ``12.5.png`` or, where a text comes again, ``12.5__2.png``.

In a folder, where no split is said, every eighth picture is for validation, by a hash of its name.

What a source's truth leaves out is said in the spec and is then not taught: ``?case=ignored`` for truth in one case
only, ``?marks=ignored`` for truth without punctuation and spaces.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets import tar
from ocr_train.datasets.base import Skipped, Spec
from ocr_train.datasets.rows import TRUTH_NAME, Row, field, rows_of

MAX_HEIGHT = 96
"""Rows, in pixels, to which a higher crop is shrunk when loaded: a strip has 32."""
UPRIGHT = 1.6
"""A crop of several characters that is so many times as high as wide is written upright, and left out."""


@dataclass(frozen=True, slots=True, eq=False)
class LineSample:
    """One line and its text.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``.
        text: What is written.
        split: ``train``, ``validation`` or ``test``.
        group: Scene, receipt, writer; empty when unknown. A group never straddles a split.
        file: Its name in the source.
    """

    image: Image
    text: str
    split: str = "train"
    group: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class LineSet:
    """Named lines.

    Attributes:
        name: Short name for tables.
        samples: In a fixed order.
        case: Whether the truth tells capitals from small letters.
        marks: Whether the truth holds punctuation and spaces.
    """

    name: str
    samples: list[LineSample]
    case: bool = True
    marks: bool = True

    def of(self, split: str) -> "LineSet | None":
        """Its lines of one split; None where there are none."""
        mine = [sample for sample in self.samples if sample.split == split]
        return LineSet(self.name, mine, self.case, self.marks) if mine else None


def load(text: str) -> LineSet:
    """Load the lines that a spec names.

    Args:
        text: ``words:PATH[?case=ignored&marks=ignored][#split]``.

    Returns:
        The set, with at least one line.

    Raises:
        ConfigError: The spec is malformed, or its file or folder is missing, unreadable or without a line.
    """
    spec = _parsed(text)
    return LineSet(
        spec.name,
        list(each(text)),
        spec.options.get("case", "kept") == "kept",
        spec.options.get("marks", "kept") == "kept",
    )


def each(text: str, *, whole: bool = False) -> Iterator[LineSample]:
    """The lines that a spec names, one by one: whole photographs need not be in memory together.

    Args:
        text: As for ``load``.
        whole: Pictures as they are, that show more than a line: not shrunk, and upright ones too.

    Raises:
        ConfigError: As in ``load``; that there is no line is said at the end.
    """
    spec = _parsed(text)
    skipped, found = Skipped(spec.path), False
    for row, data in rows_of(spec.path):
        sample = _sample(row, data, spec.split, skipped)
        if sample is not None and not whole:
            sample = _crop(sample, skipped)
        if sample is not None:
            found = True
            yield sample
    skipped.report()
    if not found:
        raise ConfigError(f"data {text!r}: no usable line is left")


def _parsed(text: str) -> Spec:
    """A spec of lines that exist, with its options checked."""
    spec = Spec.parse(text)
    if spec.kind != "words":
        raise ConfigError(
            f"data {text!r}: expected words:PATH for a line stage, found the kind {spec.kind!r}"
        )
    if not spec.path.exists():
        raise ConfigError(f"data {text!r}: {spec.path} does not exist")
    for key in ("case", "marks"):
        if spec.options.get(key, "kept") not in ("kept", "ignored"):
            raise ConfigError(f"data {text!r}: {key} is 'kept' or 'ignored', found {spec.options[key]!r}")
    return spec


def save(path: Path, samples: Iterable[LineSample]) -> int:
    """Write lines as an archive that ``load`` reads, whole or not at all; none, nothing.

    Returns:
        How many were written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    rows = []
    try:
        with tarfile.open(part, "w") as archive:
            for number, sample in enumerate(samples):
                name = f"{number:05d}.png"
                _, data = cv2.imencode(".png", np.ascontiguousarray(sample.image[..., ::-1]))
                tar.add(archive, name, data.tobytes())
                row = {"file": name, "text": sample.text, "split": sample.split, "group": sample.group}
                rows.append(json.dumps(row, ensure_ascii=False))
            tar.add(archive, TRUTH_NAME, "\n".join(rows).encode())
        if rows:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


def _sample(row: Row, data: bytes, split: str, skipped: Skipped) -> LineSample | None:
    """The picture and text of a row; None where it is of another split, or has either not."""
    name, text = field(row, "file"), field(row, "written") or field(row, "text")
    text = " ".join(text.split())
    mine = field(row, "split") or "train"
    if split and mine != split:
        return None
    if not text:
        skipped.add("no text", name)
        return None
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:  # more pixels than it takes
        image = None
    if image is None or min(image.shape[:2]) < 2:
        skipped.add("not a picture", name)
        return None
    rgb = np.ascontiguousarray(image[..., ::-1], np.uint8)
    return LineSample(rgb, text, mine, field(row, "group"), name)


def _crop(sample: LineSample, skipped: Skipped) -> LineSample | None:
    """A picture that is the crop of one line, not higher than need be; None where it is written upright."""
    height, width = sample.image.shape[:2]
    if len(sample.text) > 2 and height > UPRIGHT * width:
        skipped.add("written upright", sample.file)
        return None
    scale = MAX_HEIGHT / height
    if scale >= 1:
        return sample
    size = (max(2, round(width * scale)), MAX_HEIGHT)
    shrunk = cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA)
    return replace(sample, image=np.asarray(shrunk, np.uint8))
