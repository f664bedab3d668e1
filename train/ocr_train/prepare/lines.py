"""``prepare lines``: the one line whose text is known, cut out of pictures by the device's own pipeline.

A plate has the state's name above the number, a meter its maker below: shrunk to a strip as a whole, the
number is a few pixels high. The lines that a bundle finds are compared with the text; the nearest is cut out, and a
picture in which none is near is left out.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.pipeline import Pipeline
from ocr_edge.timing import Stopwatch
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSample
from ocr_train.editing import edit_distance

_LOGGER = logging.getLogger(__name__)
MAX_DISTANCE = 0.34
"""Edits for each letter of the text up to which a line is taken for it: two of six, or a number would be another's."""


def prepare(source: str, out: Path, bundle: Bundle) -> Path:
    """Cut the known lines out of pictures.

    Args:
        source: A ``words:`` spec; its options are those of what is written.
        out: The ``words:`` archive to write; it appears complete or not at all.
        bundle: Finds and reads the lines; it needs a line stage.

    Returns:
        ``out``.

    Raises:
        ConfigError: The source cannot be read, or no line was found.
        ModelError: The bundle has no line stage.
    """
    pipeline = Pipeline(bundle, min_confidence=0.0, reader="line")
    seen = 0

    def cut() -> Iterator[LineSample]:
        nonlocal seen
        for sample in words.each(source, whole=True):
            seen += 1
            if seen % 200 == 0:
                _LOGGER.info("%d pictures looked at", seen)
            line = nearest(pipeline, sample)
            if line is not None:
                yield replace(sample, image=line)

    count = words.save(out, cut())
    if not count:
        raise ConfigError(f"{source}: none of {seen} pictures shows a line that reads like its text")
    _LOGGER.info("%s: %d lines of %d pictures", out, count, seen)
    return out


def nearest(pipeline: Pipeline, sample: LineSample) -> Image | None:
    """The crop of the line that reads most like a text; None where none is near.

    Args:
        pipeline: Reads with the line stage.
        sample: A picture and its text.

    Returns:
        uint8 RGB, shape ``(h, w, 3)``, margins included.
    """
    truth = letters(sample.text)
    found = [(edit_distance(letters(text), truth), crop) for text, crop in _lines(pipeline, sample.image)]
    if not truth or not found:
        return None
    distance, crop = min(found, key=lambda item: item[0])
    return crop if distance <= MAX_DISTANCE * len(truth) else None


def _lines(pipeline: Pipeline, image: Image) -> Iterator[tuple[str, Image]]:
    """What each line of a picture says, and its crop."""
    for place in pipeline.find(image, Stopwatch()):
        if place.strip is None or place.image is None:
            continue
        box = place.strip.box
        crop = place.image[box.top : box.bottom, box.left : box.right]
        yield place.strip.rated.line.text, np.ascontiguousarray(crop)


def letters(text: str) -> str:
    """What of a text is compared: letters and digits, in one case."""
    return "".join(c for c in text if c.isalnum()).casefold()
