"""``prepare words``: characters of labelled word pictures, cut by the device's own segmenter.

The source is an archive of pictures with ``ground_truth.jsonl``: a line a picture with ``file``, ``split`` and
``boxes``, each with ``char`` and ``xywh``.
"""

import json
import logging
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box
from ocr_edge.errors import ConfigError
from ocr_edge.segment import Segmenter
from ocr_train.datasets import tar
from ocr_train.datasets.base import Sample, Skipped, decode_rgb
from ocr_train.rendering import CLASSES
from ocr_train.rendering.cut import Crop, Yield, cut_truths, matches_loosely
from ocr_train.rendering.scene import Truth

_LOGGER = logging.getLogger(__name__)
GROUND_TRUTH = "ground_truth.jsonl"


def prepare(source: Path, out: Path, seed: int = 1) -> Path:
    """Cut the characters of labelled word pictures.

    Args:
        source: The archive; only its ``train`` and ``validation`` pictures are used.
        out: The ``tar:`` archive to write; ``group`` is the picture.
        seed: Chooses among the segmenter's fitting cuts.

    Returns:
        ``out``.

    Raises:
        ConfigError: The archive cannot be read or has no picture with character boxes.
    """
    counts = Yield()
    written = tar.save(out, _samples(source, np.random.default_rng(seed), counts), CLASSES)
    if not written:
        raise ConfigError(
            f"{source}: no character was cut; expected {GROUND_TRUTH} with boxes that have char and xywh"
        )
    drawn, found = sum(counts.drawn.values()), sum(counts.cut.values())
    _LOGGER.info("%s: %d characters; the segmenter cut %d of %d", out, written, found // 2, drawn // 2)
    return out


def _samples(source: Path, rng: np.random.Generator, counts: Yield) -> Iterator[Sample]:
    skipped = Skipped(source)
    for row, content in _pictures(source):
        picture = decode_rgb(content)
        boxes = [b for b in row.get("boxes", []) if b.get("char") in DEFAULT and min(b["xywh"][2:]) >= 2]
        if picture is None or not boxes:
            skipped.add("no picture, or no character box", row.get("file", ""))
            continue
        truths = [Truth(box["char"], Box(*(round(side) for side in box["xywh"]))) for box in boxes]
        crops, counted = cut_truths(
            picture, truths, Segmenter().segment, rng, kind="words", fits=matches_loosely
        )
        counts.add(counted)
        yield from (_sample(crop, row) for crop in crops)
    skipped.report()


def _sample(crop: Crop, row: dict[str, Any]) -> Sample:
    return Sample(crop.glyph, CLASSES.index(crop.char), row["split"], row["file"])


def _pictures(source: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each row of the ground truth with its picture's content."""
    try:
        with tarfile.open(source) as archive:
            names = {member.name.removeprefix("./"): member for member in archive if member.isfile()}
            truth = archive.extractfile(names[GROUND_TRUTH])
            for line in truth.read().decode().splitlines() if truth else []:
                row = json.loads(line)
                picture = names.get(row["file"])
                file = archive.extractfile(picture) if picture else None
                if row.get("split") in {"train", "validation"} and file:
                    yield row, file.read()
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise ConfigError(
            f"{source}: cannot be read as word pictures with {GROUND_TRUTH} ({error})"
        ) from error
