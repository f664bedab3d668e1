"""``tar:``: an archive of crops with ``labels.csv``.

Each row of ``labels.csv`` has ``file,label,split,group,note`` and, optionally, ``binary`` (a second file with the
ink mask). ``label`` is an index in the order ``0-9 A-Z a-z`` unless the spec says ``?labels=ORDER``.
"""

import csv
import io
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Dataset, Sample, Skipped, Spec, decode_binary, decode_rgb

COLUMNS = ("file", "label", "split", "group", "note", "binary")


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load an archive of crops; see ``ocr_train.datasets.load``."""
    source_labels = label_orders.parse(spec.options.get("labels", "0-9A-Za-z"))
    index_of = {text: index for index, text in enumerate(labels)}
    try:
        with tarfile.open(spec.path) as archive:
            files = {m.name.removeprefix("./"): _content(archive, m) for m in archive if m.isfile()}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ConfigError(f"{spec.path}: not a readable tar archive ({error})") from error
    if "labels.csv" not in files:
        raise ConfigError(f"{spec.path}: labels.csv is missing at the top of the archive")
    rows = csv.DictReader(io.StringIO(files["labels.csv"].decode("utf-8", "replace")))
    missing = {"file", "label"} - set(rows.fieldnames or ())
    if missing:
        raise ConfigError(f"{spec.path}: labels.csv lacks the column {', '.join(sorted(missing))}")
    samples, skipped = [], Skipped(spec.path)
    for row in rows:
        if spec.split and row.get("split") != spec.split:
            continue
        name, text = row["file"] or "", row["label"] or ""
        if not text.isdecimal() or int(text) >= len(source_labels):
            skipped.add(f"label is not an index below {len(source_labels)}", f"{name}: {text!r}")
        elif source_labels[int(text)] not in index_of:
            skipped.add("class is not among the labels", f"{name}: {source_labels[int(text)]!r}")
        elif name not in files:
            skipped.add("file is not in the archive", name)
        elif (rgb := decode_rgb(files[name])) is None:
            skipped.add("not a picture", name)
        else:
            mask = decode_binary(files.get(row.get("binary") or "", b""))
            if mask is not None and mask.shape[:2] != rgb.shape[:2]:
                skipped.add("binary has another size and was left out", name)
                mask = None
            note, group = row.get("note") or "", row.get("group") or ""
            label = index_of[source_labels[int(text)]]
            samples.append(Sample(Glyph(rgb, mask), label, row.get("split") or "train", group, note))
    skipped.report()
    return Dataset(spec.name, samples)


def save(path: Path, samples: Iterable[Sample]) -> int:
    """Write samples as an archive that ``load`` reads, labels in the order the samples point into.

    Args:
        path: The archive to write; it appears complete or not at all.
        samples: What to write.

    Returns:
        How many samples were written.
    """
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(COLUMNS)
    count = 0
    part = path.with_name(path.name + ".part")
    with tarfile.open(part, "w") as archive:
        for count, sample in enumerate(samples, 1):
            name = f"{sample.label:02d}/{count:06d}.png"
            _add(archive, name, cv2.imencode(".png", sample.glyph.rgb[..., ::-1])[1].tobytes())
            binary = ""
            if sample.glyph.binary is not None:
                binary = f"binary/{name}"
                _add(archive, binary, cv2.imencode(".png", sample.glyph.binary)[1].tobytes())
            writer.writerow([name, sample.label, sample.split, sample.group, sample.note, binary])
        _add(archive, "labels.csv", rows.getvalue().encode())
    part.replace(path)
    return count


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
