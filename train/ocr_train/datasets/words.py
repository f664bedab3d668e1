"""``words:``: pictures of one line or word each, with what is written in them.

Three layouts: a tar archive with ``ground_truth.jsonl`` (one object a line: ``file``, ``text``, and ``split``,
``group`` and ``written`` where they are known; ``written`` keeps marks that ``text`` leaves out); a folder with
``labels.csv`` (columns ``file,text`` and, optionally, ``split,group``); a folder whose files are named after their
text, ``12.5.png`` or, where a text comes again, ``12.5__2.png``.

In a folder, where no split is said, every eighth picture is for validation, by a hash of its name.

What a source's truth leaves out is said in the spec and is then not taught: ``?case=ignored`` for truth in one case
only, ``?marks=ignored`` for truth without punctuation and spaces.
"""

import csv
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Skipped, Spec, first_line
from ocr_train.datasets.folder import split_of

TRUTH_NAME = "ground_truth.jsonl"
LABELS_NAME = "labels.csv"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
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
    skipped = Skipped(spec.path)
    rows = _folder(spec.path) if spec.path.is_dir() else _archive(spec.path)
    samples = [sample for row, data in rows if (sample := _sample(row, data, spec.split, skipped))]
    skipped.report()
    if not samples:
        raise ConfigError(f"data {text!r}: no usable line is left")
    return LineSet(
        spec.name,
        samples,
        spec.options.get("case", "kept") == "kept",
        spec.options.get("marks", "kept") == "kept",
    )


def save(path: Path, samples: Iterable[LineSample]) -> None:
    """Write lines as an archive that ``load`` reads, whole or not at all."""
    part = path.with_name(path.name + ".part")
    rows = []
    with tarfile.open(part, "w") as archive:
        for number, sample in enumerate(samples):
            name = f"{number:05d}.png"
            _, data = cv2.imencode(".png", np.ascontiguousarray(sample.image[..., ::-1]))
            _add(archive, name, data.tobytes())
            row = {"file": name, "text": sample.text, "split": sample.split, "group": sample.group}
            rows.append(json.dumps(row, ensure_ascii=False))
        _add(archive, TRUTH_NAME, "\n".join(rows).encode())
    part.replace(path)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


Row = dict[str, Any]


def _sample(row: Row, data: bytes, split: str, skipped: Skipped) -> LineSample | None:
    name, text = str(row.get("file", "")), str(row.get("written") or row.get("text") or "").strip()
    text = " ".join(text.split())
    mine = str(row.get("split") or "train")
    if split and mine != split:
        return None
    if not text:
        skipped.add("no text", name)
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None or min(image.shape[:2]) < 2:
        skipped.add("not a picture", name)
        return None
    if len(text) > 2 and image.shape[0] > UPRIGHT * image.shape[1]:
        skipped.add("written upright", name)
        return None
    scale = MAX_HEIGHT / image.shape[0]
    if scale < 1:
        size = (max(2, round(image.shape[1] * scale)), MAX_HEIGHT)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    rgb = np.ascontiguousarray(image[..., ::-1], np.uint8)
    return LineSample(rgb, text, mine, str(row.get("group") or ""), name)


def _archive(path: Path) -> Iterator[tuple[Row, bytes]]:
    """The rows of a tar archive with their pictures' bytes."""
    try:
        with tarfile.open(path) as archive:
            files = {
                member.name.removeprefix("./"): (archive.extractfile(member) or io.BytesIO()).read()
                for member in archive
                if member.isfile()
            }
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ConfigError(f"{path}: not a readable tar archive ({first_line(error)})") from error
    if TRUTH_NAME not in files:
        raise ConfigError(f"{path}: {TRUTH_NAME} is missing at the top of the archive")
    for number, line in enumerate(files[TRUTH_NAME].decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}: {TRUTH_NAME}, line {number}: not JSON ({error})") from error
        yield row, files.get(str(row.get("file", "")), b"")


def _folder(path: Path) -> Iterator[tuple[Row, bytes]]:
    """The rows of a folder with their pictures' bytes: by ``labels.csv`` where there is one, else by file names."""
    table = path / LABELS_NAME
    if table.is_file():
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"file", "text"} - set(reader.fieldnames or ())
            if missing:
                raise ConfigError(f"{table}: lacks the column {', '.join(sorted(missing))}")
            rows: list[Row] = list(reader)
    else:
        pictures = sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES)
        rows = [{"file": picture.name, "text": picture.stem.partition("__")[0]} for picture in pictures]
    for row in rows:
        picture = path / str(row["file"])
        row["split"] = row.get("split") or split_of(picture.stem)
        yield row, picture.read_bytes() if picture.is_file() else b""
