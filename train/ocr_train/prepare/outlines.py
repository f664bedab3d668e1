"""``prepare outlines``: pictures whose text is known become data for ``scenes:``; the device's own pipeline finds it.

The text's line gets an outline; whatever else the picture shows is neither asked for nor denied, since nobody has said
what it is.
"""

import json
import logging
import tarfile
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.errors import ConfigError
from ocr_edge.geometry.transform import apply
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.places import Place
from ocr_edge.timing import Stopwatch
from ocr_train.datasets import tar, words
from ocr_train.datasets.rows import TRUTH_NAME
from ocr_train.editing import edit_distance
from ocr_train.prepare.lines import MAX_DISTANCE, letters
from ocr_train.scenes.boxed import UNREADABLE

_LOGGER = logging.getLogger(__name__)
QUALITY = 95
"""Of the JPEG files that are written."""
HIGHEST = 0.7
"""Share of the picture's height that a line may take up: of a higher one only that it was read in the whole picture is
known, and not where its ink ends."""
LONGEST = 1600
"""Longer side, in pixels, to which a larger picture is shrunk: a detector looks at 1280."""


def prepare(source: str, out: Path, bundle: Bundle) -> Path:
    """Outline the known line of each picture.

    Args:
        source: A ``words:`` spec of whole pictures.
        out: The archive to write; it appears complete or not at all.
        bundle: Finds and reads the lines; it needs a line stage.

    Returns:
        ``out``.

    Raises:
        ConfigError: The source cannot be read, or no line was found.
        ModelError: The bundle has no line stage.
    """
    pipeline = Pipeline(bundle, min_confidence=0.0, reader="line")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    rows: list[str] = []
    seen = 0
    try:
        with tarfile.open(part, "w") as archive:
            for sample in words.each(source, whole=True):
                seen += 1
                if seen % 200 == 0:
                    _LOGGER.info("%d pictures looked at", seen)
                scale = min(1.0, LONGEST / max(sample.image.shape[:2]))
                size = (round(sample.image.shape[1] * scale), round(sample.image.shape[0] * scale))
                image = np.asarray(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA), np.uint8)
                quad = outline(pipeline.find(image, Stopwatch()), sample.text)
                if quad is None or np.ptp(np.array(quad)[:, 1]) > HIGHEST * size[1]:
                    continue
                name = f"{seen:05d}.jpg"
                bgr = np.ascontiguousarray(image[..., ::-1])
                _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                tar.add(archive, name, content.tobytes())
                boxes = [[quad, sample.text], [[0, 0, size[0], size[1]], UNREADABLE]]
                row = {"file": name, "text": sample.text, "split": sample.split, "group": sample.group}
                rows.append(json.dumps({**row, "boxes": boxes}, ensure_ascii=False))
            tar.add(archive, TRUTH_NAME, "\n".join(rows).encode())
        if not rows:
            raise ConfigError(f"{source}: none of {seen} pictures shows a line that reads like its text")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    _LOGGER.info("%s: %d outlines in %d pictures", out, len(rows), seen)
    return out


def outline(places: list[Place], text: str) -> list[list[float]] | None:
    """The four corners of the place that reads most like a text, in the picture's pixels; None where none is near."""
    truth = letters(text)
    read = [place for place in places if place.strip]
    near = [
        (edit_distance(letters(p.strip.rated.line.text), truth), i) for i, p in enumerate(read) if p.strip
    ]
    if not truth or not near:
        return None
    distance, number = min(near)
    place = read[number]
    if distance > MAX_DISTANCE * len(truth) or place.strip is None:
        return None
    box = place.strip.rated.line.box
    corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
    moved = corners if place.back is None else apply(place.back, corners)
    return [[round(float(x), 1), round(float(y), 1)] for x, y in moved]
