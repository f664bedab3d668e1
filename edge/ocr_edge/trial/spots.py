"""Where text is in a picture, and the corners with which the daemon reads it best."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Image
from ocr_edge.detect.detector import Detector
from ocr_edge.geometry import rectify
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Reading
from ocr_edge.trial import outlines
from ocr_edge.trial.once import Once, region
from ocr_edge.trial.outlines import Outline

LEAST = 0.3
"""Mean probability of a line's characters from which on it is tried as a region: cut out by itself, it may be surer."""
LIMIT_S = 30.0
"""Seconds that finding the lines may take: as many as ``ocr-edge read`` gives a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Where text was found, and what it says; empty where nobody could read it."""

    outline: Outline
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What the daemon reads with corners.

    Attributes:
        corners: Of the region, in pixels.
        height: Of its text in pixels.
        reading: What it says.
    """

    corners: list[tuple[int, int]]
    height: float
    reading: Reading

    def worth(self, text: str) -> tuple[bool, bool, float]:
        """How good it is for a spot that says ``text``: the same, one line alone, and sure."""
        return bool(text) and self.reading.text == text, len(self.reading.lines) == 1, self.reading.confidence


def spots(image: Image, bundle: Bundle) -> Iterator[Spot]:
    """Every line of a picture; where the bundle has a detector, those that nobody can read too."""
    read = []
    for line in Pipeline(bundle, min_confidence=LEAST, limit_s=LIMIT_S).read(image).lines:
        spot = Spot(outlines.of(line), line.text)
        read.append(np.array(spot.outline.corners(image.shape[:2]), np.int32))
        yield spot
    for found in Detector(bundle).detect(image).lines() if bundle.detectors else ():
        x, y = (float(value) for value in found.quad.mean(axis=0))
        if not any(cv2.pointPolygonTest(corners, (x, y), False) >= 0 for corners in read):
            tall = float(np.linalg.norm(found.quad[3] - found.quad[0]))
            yield Spot(Outline(found.quad.astype(np.float64), tall))


def cuts(image: Image, bundle: Bundle, spot: Spot) -> list[Cut]:
    """The best cut of a spot, or one for each line where it holds several; none where there is no room for a region."""
    best = _best(image, bundle, spot)
    if best is None:
        return []
    if len(best.reading.lines) == 1 or not best.reading.lines:
        return [best]
    inner = [_best(image, bundle, Spot(outlines.of(line), line.text)) for line in best.reading.lines]
    return [each for each in inner if each]


def _best(image: Image, bundle: Bundle, spot: Spot) -> Cut | None:
    ways = [spot.outline, outlines.tightened(image, spot.outline)]
    found = [each for way in ways if way and (each := _cut(image, bundle, way))]
    best = max(found, key=lambda each: each.worth(spot.text), default=None)
    if best and len(best.reading.lines) == 1:
        # Cut out by itself, a line is seen better than in the whole picture.
        again = _cut(image, bundle, outlines.of(best.reading.lines[0]))
        best = max((each for each in (best, again) if each), key=lambda each: each.worth(spot.text))
    return best


def _cut(image: Image, bundle: Bundle, outline: Outline) -> Cut | None:
    """What is read with an outline; None where that is no region."""
    corners = outline.corners(image.shape[:2])
    if rectify.problem(corners, image.shape[:2]):
        return None
    return Cut(corners, outline.height, Once(region(corners=corners), bundle).read(image))
