"""``prepare outlines``: pictures whose text is known become data for ``scenes:``; a detector that is there finds it.

A detector that misses a line often finds it in the same picture smaller, larger, brighter or inverted. Each such
variant is looked at until a line reads exactly as the known text: its outline teaches the next detector. Whatever else
the picture shows is neither asked for nor denied, since nobody has said what it is.
"""

import json
import logging
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box, Image
from ocr_edge.detect.crops import crops
from ocr_edge.detect.detector import Detector
from ocr_edge.detect.joining import APART, FAR_APART
from ocr_edge.detect.quads import Quads
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.recognize.line_reader import LineReader
from ocr_train.datasets import tar, words
from ocr_train.datasets.rows import TRUTH_NAME
from ocr_train.prepare.lines import letters
from ocr_train.scenes.boxed import UNREADABLE

_LOGGER = logging.getLogger(__name__)
QUALITY = 95
"""Of the JPEG files that are written."""
LONGEST = 1600
"""Longer side, in pixels, to which a larger picture is shrunk: a detector looks at 1280."""
SCALES = (1.0, 0.7, 1.4, 0.5, 0.85, 2.0)
"""Sizes of the variants beside the picture, up to ``LARGEST`` pixels on the longer side."""
LARGEST = 2000
CLIP, TILES = 4.0, (5, 5)
"""Of the local stretching of contrast (CLAHE)."""
GAMMA = 0.45
"""Of the brightened variant: what lies in the shade becomes middle grey."""


def prepare(source: str, out: Path, bundle: Bundle) -> Path:
    """Outline the known line of each picture.

    Args:
        source: A ``words:`` spec of whole pictures.
        out: The archive to write; it appears complete or not at all.
        bundle: Finds and reads the lines; it needs a detect and a line stage.

    Returns:
        ``out``.

    Raises:
        ConfigError: The source cannot be read, or no line was found.
        ModelError: The bundle lacks a stage.
    """
    if not bundle.lines:
        raise ModelError(f"bundle {bundle.path}: has no line stage")
    detector, reader = Detector(bundle), LineReader(bundle, None, 0.0)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    rows: list[str] = []
    seen = 0
    try:
        with tarfile.open(part, "w") as archive:
            for sample in words.each(source, whole=True):
                seen += 1
                if seen % 50 == 0:
                    _LOGGER.info("%d pictures looked at, %d outlined", seen, len(rows))
                scale = min(1.0, LONGEST / max(sample.image.shape[:2]))
                size = (round(sample.image.shape[1] * scale), round(sample.image.shape[0] * scale))
                image = np.asarray(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA), np.uint8)
                quad = outline(detector, reader, image, sample.text)
                if quad is None:
                    continue
                name = f"{seen:05d}.jpg"
                bgr = np.ascontiguousarray(image[..., ::-1])
                _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                tar.add(archive, name, content.tobytes())
                corners = [[round(float(x), 1), round(float(y), 1)] for x, y in quad]
                boxes = [[corners, sample.text], [[0, 0, size[0], size[1]], UNREADABLE]]
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


def outline(detector: Detector, reader: LineReader, image: Image, text: str) -> Quads | None:
    """The outline of the line that reads as a text, float32, shape ``(4, 2)``; None where none does."""
    truth = letters(text)
    for variant, scale in variants(image):
        pieces = detector.detect(variant)
        tried: set[tuple[int, ...]] = set()
        for apart in (APART, FAR_APART):
            for line in pieces.lines(apart):
                if line.pieces in tried:
                    continue
                tried.add(line.pieces)
                quad = np.asarray(line.quad / np.float32(scale), np.float32)
                if truth and letters(_read(reader, image, quad)) == truth:
                    return quad
    return None


def variants(image: Image) -> Iterator[tuple[Image, float]]:
    """A picture as a detector may see it better, and its scale beside the picture; the picture itself first."""
    for scale in SCALES:
        if scale > 1 and max(image.shape[:2]) * scale > LARGEST:
            continue
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        for lit in _lit(image):
            yield np.asarray(cv2.resize(lit, None, fx=scale, fy=scale, interpolation=way), np.uint8), scale


def _lit(image: Image) -> Iterator[Image]:
    """A picture as it is, with its contrast stretched, brighter, inverted, inverted and stretched."""
    yield image
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    light = np.asarray(lab[..., 0], np.uint8)
    stretched = np.asarray(cv2.createCLAHE(CLIP, TILES).apply(light), np.uint8)
    brighter = np.asarray(255 * (light / 255.0) ** GAMMA, np.uint8)
    for changed in (stretched, brighter, 255 - light, 255 - stretched):
        lab[..., 0] = changed
        yield np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _read(reader: LineReader, image: Image, quad: Quads) -> str:
    """What the line stage makes of an outline, the likeliest way up."""
    crop = crops(image, quad)[0][0]
    box = Box(0, 0, crop.image.shape[1], crop.image.shape[0])
    strip = reader.read(crop.image, box, None, crop.line)
    return strip.rated.line.text if strip else ""
