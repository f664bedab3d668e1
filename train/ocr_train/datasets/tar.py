"""``tar:``: an archive of crops with ``labels.csv``.

Each row of ``labels.csv`` has ``file,label,split,group,note`` and, optionally, ``binary`` (a second file
with the ink mask). ``label`` is the class's text; a number that is no class's text (or every number, where
all rows have numbers and some cannot be texts) is an index in the order ``0-9 A-Z a-z``, or in the one that
the spec gives with ``?labels=ORDER``.
"""

import csv
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import (
    Dataset,
    Sample,
    Skipped,
    Spec,
    class_texts,
    decode_binary,
    decode_rgb,
    first_line,
)

COLUMNS = ("file", "label", "split", "group", "note", "binary")


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load an archive of crops; see ``ocr_train.datasets.load``."""
    source_labels = spec.source_labels
    index_of = {text: index for index, text in enumerate(labels)}
    try:
        with tarfile.open(spec.path) as archive:
            files = {m.name.removeprefix("./"): _content(archive, m) for m in archive if m.isfile()}
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ConfigError(f"{spec.path}: not a readable tar archive ({first_line(error)})") from error
    if "labels.csv" not in files:
        raise ConfigError(f"{spec.path}: labels.csv is missing at the top of the archive")
    rows = _rows(spec.path, files["labels.csv"])
    if spec.split and spec.split not in (splits := {row["split"] for row in rows}):
        raise ConfigError(
            f"{spec.path}: no row has the split {spec.split!r}; found {', '.join(sorted(splits)) or 'none'}"
        )
    texts, _ = class_texts((row["label"] for row in rows), source_labels, labels)
    samples, skipped = [], Skipped(spec.path)
    for row in rows:
        if spec.split and row["split"] != spec.split:
            continue
        name, text = row["file"], texts[row["label"]]
        if text not in index_of:
            skipped.add("label is not among the labels", f"{name}: {row['label']!r}")
        elif name not in files:
            skipped.add("file is not in the archive", name)
        elif (rgb := decode_rgb(files[name])) is None:
            skipped.add("not a picture", name)
        else:
            mask = decode_binary(files.get(row["binary"], b""))
            if mask is not None and mask.shape[:2] != rgb.shape[:2]:
                skipped.add("binary has another size and was left out", name)
                mask = None
            glyph, label = Glyph(rgb, mask), index_of[text]
            samples.append(Sample(glyph, label, row["split"], row["group"], row["note"], name))
    skipped.report()
    return Dataset(spec.name, samples)


def save(path: Path, samples: Iterable[Sample], labels: Sequence[str] = label_orders.DEFAULT) -> int:
    """Write samples as an archive that ``load`` reads.

    Args:
        path: The archive to write; it appears complete or not at all. Its folder is made where it is missing.
        samples: What to write.
        labels: The labels that the samples point into.

    Returns:
        How many samples were written.
    """
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(COLUMNS)
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with tarfile.open(part, "w") as archive:
        for count, sample in enumerate(samples, 1):
            name = f"{sample.label:02d}/{count:06d}.png"
            add(archive, name, cv2.imencode(".png", sample.glyph.rgb[..., ::-1])[1].tobytes())
            binary = ""
            if sample.glyph.binary is not None:
                binary = f"binary/{name}"
                add(archive, binary, cv2.imencode(".png", sample.glyph.binary)[1].tobytes())
            writer.writerow([name, labels[sample.label], sample.split, sample.group, sample.note, binary])
        add(archive, "labels.csv", rows.getvalue().encode())
    part.replace(path)
    return count


def _rows(path: Path, data: bytes) -> list[dict[str, str]]:
    """The rows of ``labels.csv``, with every column of ``COLUMNS``; a row without a split is for training."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""))
        missing = {"file", "label"} - set(reader.fieldnames or ())
        if missing:
            raise ConfigError(f"{path}: labels.csv lacks the column {', '.join(sorted(missing))}")
        rows = [{column: row.get(column) or "" for column in COLUMNS} for row in reader]
    except csv.Error as error:
        raise ConfigError(f"{path}: labels.csv is not readable ({error})") from error
    return [row | {"split": row["split"] or "train"} for row in rows]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file to an archive that is open for writing."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
