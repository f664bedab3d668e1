"""Labelled samples as plain files that training reads: lines with their texts, characters in a folder a class.

* ``ground_truth.jsonl`` and ``lines/*.png``: what ``words:`` reads, from a folder or an archive.
* ``data/<class>/*.png`` and ``data-bin/<class>/*.png``: what ``folder:`` reads.
* ``manifest.json``: what is in it.
"""

import hashlib
import itertools
import json
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr_edge.contract.preprocess import guess_polarity, luminance, otsu
from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.errors import ConfigError
from ocr_edge.harvest import sample
from ocr_edge.harvest.folder import Entry, Samples, SamplesError
from ocr_edge.harvest.labels import characters
from ocr_edge.harvest.sample import DamagedError

TRUTH, MANIFEST = "ground_truth.jsonl", "manifest.json"
FORMAT = 1
VALIDATION = 8
"""One sample in so many is for validation, as in every folder that training reads; there by a hash of the name."""
BLOCK = 512
"""Bytes that files of an archive are filled up to."""

File = tuple[str, bytes]


def files(samples: Samples, *, regions: bool = False) -> Iterator[File]:
    """The files of an export, names with their contents, one by one.

    Args:
        samples: The folder.
        regions: Whether the names of regions go along.

    Raises:
        SamplesError: The folder cannot be read.
    """
    labelled = [entry for entry in samples.entries() if entry.label]
    texts = [entry for entry in labelled if entry.label and entry.label.text]
    held = _held_out(texts)
    rows: list[str] = []
    classes: Counter[str] = Counter()
    lost = 0
    for entry in texts:
        about, label = entry.about, entry.label
        assert label is not None
        try:
            data = samples.read(about.id)
            strip, scores = sample.strip(data), sample.posteriors(data)
        except (KeyError, DamagedError, SamplesError):
            lost += 1
            continue
        yield f"lines/{about.id}.png", sample.part(data, "strip")
        row: dict[str, Any] = {
            "file": f"lines/{about.id}.png",
            "text": label.text,
            "split": "validation" if _group(entry) in held else "train",
            "group": _group(entry),
            "read": about.text,
            "confidence": about.confidence,
        }
        rows.append(json.dumps(row | ({"region": about.region} if regions else {}), ensure_ascii=False))
        placed = characters(about, label, strip, scores)
        binary = _ink(strip, about.polarity)
        for number, (text, box) in enumerate(placed):
            name = f"{_class(text)}/{_stem(about.id, number, held_out=_group(entry) in held)}.png"
            yield f"data/{name}", sample.png(_cut(strip, box))
            yield f"data-bin/{name}", cv2.imencode(".png", _cut(binary, box))[1].tobytes()
        classes.update(text for text, _ in placed)
    yield TRUTH, "".join(f"{row}\n" for row in rows).encode()
    told = _told(labelled, len(rows), classes, lost, regions=regions)
    yield MANIFEST, json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


def to_folder(path: Path, exported: Iterator[File]) -> None:
    """Write an export into a new or empty folder.

    Raises:
        ConfigError: There is something, or it cannot be written.
    """
    try:
        if path.exists() and any(path.iterdir()):
            raise ConfigError(f"{path}: is not empty; name a new folder, or a .tar file")
        for name, data in exported:
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{error.filename or path}: cannot be written: {error.strerror}") from error


def to_archive(path: Path, exported: Iterator[File]) -> None:
    """Write an export as a tar archive, whole or not at all; the errors of ``to_folder``."""
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            with part.open("wb") as file:
                for piece in pieces(exported):
                    file.write(piece)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{error.filename or path}: cannot be written: {error.strerror}") from error


def pieces(exported: Iterator[File]) -> Iterator[bytes]:
    """A tar archive of an export, piece by piece: it need not be in memory, nor on the disk."""
    now = int(time.time())
    for name, data in exported:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(data), now
        yield info.tobuf(tarfile.PAX_FORMAT) + data + b"\0" * (-len(data) % BLOCK)
    yield b"\0" * (2 * BLOCK)


def _told(
    labelled: Sequence[Entry], lines: int, classes: Counter[str], lost: int, *, regions: bool
) -> dict[str, Any]:
    """What the manifest says."""
    times = sorted(entry.about.time for entry in labelled)
    kinds = Counter(entry.label.kind for entry in labelled if entry.label)
    by_region = Counter(entry.about.region for entry in labelled)
    return {
        "format": FORMAT,
        "made": _utc(time.time()),
        "bundles": sorted({entry.about.bundle for entry in labelled}),
        "first": _utc(times[0]) if times else None,
        "last": _utc(times[-1]) if times else None,
        "lines": lines,
        "labels": dict(kinds),
        "characters": sum(classes.values()),
        "classes": dict(sorted(classes.items())),
        "damaged": lost,
    } | ({"regions": dict(by_region)} if regions else {})


def _held_out(entries: Sequence[Entry]) -> set[str]:
    """The groups whose samples are for validation: those with the lowest hashes, so that they stay the same."""
    sizes = Counter(_group(entry) for entry in entries)
    found: set[str] = set()
    count = 0
    for group, size in sorted(sizes.items()):
        # At least one, where there are two: without, nothing would tell whether training helped.
        if len(sizes) < 2 or count >= max(1, len(entries) // VALIDATION):
            break
        found.add(group)
        count += size
    return found


def _group(entry: Entry) -> str:
    """What near copies share, so that they fall on one side: the text and, without its name, the region."""
    text = entry.label.text if entry.label else ""
    return hashlib.sha256(f"{entry.about.region}\0{text}".encode()).hexdigest()[:12]


def _stem(each: str, number: int, *, held_out: bool) -> str:
    """A character's file name, such that whoever reads the folder takes it for the side that its line is on."""
    stem = f"{each}-{number:02d}"
    for more in itertools.count():
        name = f"{stem}-{more}" if more else stem
        if (zlib.crc32(name.encode()) % VALIDATION == 0) == held_out:
            return name
    raise AssertionError


def _class(text: str) -> str:
    """The folder of a class: a letter or digit by itself, where no disk takes it for another; else its code point."""
    plain = text.isascii() and (text.isdigit() or text.isupper())
    return text if plain else f"U+{ord(text):04X}"


def _ink(strip: Image, polarity: str | None) -> Image:
    """The ink of a strip: the line knows better than a character what is paper."""
    gray = luminance(strip)
    return otsu(gray, Polarity(polarity) if polarity else guess_polarity(gray))


def _cut(image: Image, box: Box) -> Image:
    return np.ascontiguousarray(image[box.top : box.bottom, box.left : box.right])


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(max(seconds, 0.0), 2e11)))
