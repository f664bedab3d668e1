"""``prepare fonts``: characters as the device would see them, cut by the device's own segmenter."""

import hashlib
import logging
import multiprocessing
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.labels import DEFAULT, REJECT
from ocr_train.datasets import tar
from ocr_train.datasets.base import Sample
from ocr_train.rendering import fonts
from ocr_train.rendering.cut import Crop, Segment, Yield, cut
from ocr_train.rendering.glyphs import Face
from ocr_train.rendering.scene import render

_LOGGER = logging.getLogger(__name__)
CLASSES = (*DEFAULT, REJECT)
"""Class texts of what is written."""
VALIDATION_PERCENT = 12
"""Families, in percent, whose characters are for validation."""
_BATCH = 24
"""Pictures a worker makes at a time."""

_faces: Sequence[Face] = ()
_segment: Segment | None = None
_seed = 0


def prepare(
    out: Path,
    count: int,
    seed: int = 0,
    workers: int | None = None,
    *,
    faces: Sequence[Face] | None = None,
    segment: Segment | None = None,
) -> Path:
    """Render characters and write them as a ``tar:`` archive.

    Args:
        out: The archive; ``group`` is the font's family, ``note`` its kind; a family is in one split only.
        count: How many characters.
        seed: The same seed and fonts give the same archive, whatever the number of workers.
        workers: Processes; None for one a processor.
        faces: What to render with; None for every legible font of this system.
        segment: What cuts the pictures; None for the device's segmenter. Must be importable by name.

    Returns:
        ``out``.

    Raises:
        ConfigError: No fonts, or no fontconfig to find them.
        ValueError: ``count`` is below 1, or ten thousand pictures in a row gave no character.
    """
    if count < 1:
        raise ValueError(f"count {count}: must be at least 1")
    chosen = tuple(faces) if faces is not None else tuple(fonts.catalogue(fonts.installed()))
    out.parent.mkdir(parents=True, exist_ok=True)
    counts = Yield()
    with closing(_batches(chosen, seed, workers or os.cpu_count() or 1, segment)) as batches:
        written = tar.save(out, _samples(batches, count, counts), CLASSES)
    _report(counts)
    _LOGGER.info("%s: %d characters", out, written)
    return out


def split_of(family: str) -> str:
    """``train`` or ``validation``; a function of the family's name alone."""
    number = int.from_bytes(hashlib.sha256(family.encode()).digest()[:4], "big")
    return "validation" if number % 100 < VALIDATION_PERCENT else "train"


def _samples(batches: Iterator["Batch"], count: int, counts: Yield) -> Iterator[Sample]:
    """The first ``count`` characters, in the order of the pictures."""
    started, made, reported, barren = time.monotonic(), 0, 0, 0
    for batch in batches:
        barren = 0 if any(crops for _, crops, _ in batch) else barren + len(batch)
        if barren > 10_000:
            raise ValueError(f"{barren} pictures in a row gave no character")
        for face, crops, gained in batch:
            counts.add(gained)
            for crop in crops:
                yield Sample(
                    crop.glyph, CLASSES.index(crop.char), split_of(face.family), face.family, face.kind
                )
                made += 1
                if made == count:
                    return
        if made - reported >= 5000:
            reported = made
            _LOGGER.info(
                "%d of %d characters, %.0f a second", made, count, made / (time.monotonic() - started)
            )


Batch = list[tuple[Face, list[Crop], Yield]]


def _batches(faces: tuple[Face, ...], seed: int, workers: int, segment: Segment | None) -> Generator[Batch]:
    """Pictures in order, endlessly, made here or by worker processes."""
    starts = range(0, 2**31, _BATCH)
    if workers == 1:
        _start(faces, seed, segment)
        yield from map(_work, starts)
        return
    # Spawned, not forked: cv2's threads don't survive a fork.
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start, (faces, seed, segment)) as pool:
        ahead = 3 * workers
        pending = [pool.apply_async(_work, (starts[i],)) for i in range(ahead)]
        for start in starts[ahead:]:
            yield pending.pop(0).get()
            pending.append(pool.apply_async(_work, (start,)))


def _start(faces: tuple[Face, ...], seed: int, segment: Segment | None) -> None:
    global _faces, _segment, _seed  # set once for each process
    cv2.setNumThreads(1)
    _faces, _seed, _segment = faces, seed, segment or _device_segmenter()


def _device_segmenter() -> Segment:
    from ocr_edge.segment import Segmenter  # noqa: PLC0415 - only where pictures are cut by it

    return Segmenter().segment


def _work(start: int) -> Batch:
    assert _segment is not None
    result: Batch = []
    for index in range(start, start + _BATCH):
        scene = render(_faces, _seed, index)
        crops, counts = cut(scene, _segment, np.random.default_rng([_seed, index, 1]))
        result.append((scene.face, crops, counts))
    return result


def _report(counts: Yield) -> None:
    """Log how much of what was drawn the segmenter found, by kind and for the worst characters."""
    for kind in sorted(key for key in counts.drawn if len(key) > 1):
        _LOGGER.info(
            "segmenter cut %5.1f %% of %6d characters: %s", 100 * counts.rate(kind), counts.drawn[kind], kind
        )
    chars = sorted((key for key in counts.drawn if len(key) == 1), key=counts.rate)
    worst = ", ".join(f"{char} {100 * counts.rate(char):.0f} %" for char in chars[:10])
    _LOGGER.info("least often cut: %s", worst)
