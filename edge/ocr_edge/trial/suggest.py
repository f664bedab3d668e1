"""Regions for a picture: for each line that is found in it, corners and settings that the daemon reads it with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import msgspec
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.config.settings import Region
from ocr_edge.contract.types import Image
from ocr_edge.detect.detector import Detector
from ocr_edge.errors import ConfigError
from ocr_edge.geometry import rectify
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Reading
from ocr_edge.trial import outlines
from ocr_edge.trial.looking import unsaid
from ocr_edge.trial.numbers import UNITS, written
from ocr_edge.trial.once import Once, region
from ocr_edge.trial.outlines import Outline

LEAST = 0.3
"""Mean probability of a line's characters from which on it is tried as a region: cut out by itself, it may be surer."""
LIMIT_S = 30.0
"""Seconds that finding the lines may take."""
MOST = 20
"""Regions that are suggested at most: a picture with more lines is a page, which is read as a whole."""
BESIDE = 1.0
"""Heights of a number that a unit may stand beside it, from margin to margin: those of other numbers are further."""
SLACK = 0.02
"""Confidence that a hint may cost on this picture: it keeps other things from being read on the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """A region that may be wanted.

    Attributes:
        region: Its settings.
        reading: What it says of the picture, by the daemon's own code; without lines where it says nothing.
        height: Of its text in pixels.
    """

    region: Region
    reading: Reading
    height: float

    @property
    def rank(self) -> tuple[bool, bool, bool, float]:
        """What is likelier to be wanted comes first: what is said, what is sure, numbers, large text."""
        unsure = self.reading.confidence < self.region.min_confidence
        return not self.reading.lines, unsure, self.reading.value is None, -self.height


def suggest(image: Image, bundle: Bundle) -> list[Suggestion]:
    """Suggest regions, the likeliest first.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        bundle: The model. Where it has a detector, lines that cannot be read are suggested too.

    Raises:
        ModelError: A network failed.
    """
    found = sorted(_places(image, bundle), key=lambda place: -place.outline.height)[:MOST]
    with unsaid():
        tried = (_tried(image, bundle, place) for place in found)
        kept = sorted(_with_units([each for each in tried if each]), key=lambda each: each.rank)
    return [_named(each, number) for number, each in enumerate(kept, 1)]


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where text was found, and what it says; empty where nobody could read it."""

    outline: Outline
    text: str = ""


def _places(image: Image, bundle: Bundle) -> Iterator[_Place]:
    """Every line of a picture."""
    read = []
    for line in Pipeline(bundle, min_confidence=LEAST, limit_s=LIMIT_S).read(image).lines:
        place = _Place(outlines.of(line), line.text)
        read.append(np.array(place.outline.corners(image.shape[:2]), np.int32))
        yield place
    for found in Detector(bundle).detect(image).lines() if bundle.detectors else ():
        x, y = (float(value) for value in found.quad.mean(axis=0))
        if not any(cv2.pointPolygonTest(corners, (x, y), False) >= 0 for corners in read):
            yield _Place(
                Outline(found.quad.astype(np.float64), float(np.linalg.norm(found.quad[3] - found.quad[0])))
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """What a place reads with one outline."""

    corners: list[tuple[int, int]]
    height: float
    reading: Reading

    def worth(self, text: str) -> tuple[bool, bool, float]:
        """How good it is for a place that says ``text``: the same, one line alone, and sure."""
        return bool(text) and self.reading.text == text, len(self.reading.lines) == 1, self.reading.confidence


def _try(image: Image, bundle: Bundle, outline: Outline) -> _Try | None:
    """What is read with an outline; None where that is no region."""
    corners = outline.corners(image.shape[:2])
    if rectify.problem(corners, image.shape[:2]):
        return None
    reading = _read(image, bundle, {"corners": corners})
    return _Try(corners, outline.height, reading)


def _tried(image: Image, bundle: Bundle, place: _Place) -> Suggestion | None:
    """The best settings for a place, and what they read; None where there is no room for a region."""
    ways = [place.outline, outlines.tightened(image, place.outline)]
    tries = [each for way in ways if way and (each := _try(image, bundle, way))]
    best = max(tries, key=lambda each: each.worth(place.text), default=None)
    if best and len(best.reading.lines) == 1:
        # Cut out by itself, a line is seen better than in the whole picture.
        again = _try(image, bundle, outlines.of(best.reading.lines[0]))
        best = max((each for each in (best, again) if each), key=lambda each: each.worth(place.text))
    if best is None:
        return None
    settings: dict[str, Any] = {"corners": best.corners}
    reading, tall = best.reading, best.height
    if not reading.lines:
        return Suggestion(region(**settings), reading, tall)
    settings, reading = _kept(image, bundle, settings, reading, text_height=max(1, round(tall)))
    if number := written(reading.text):
        # The pattern alone first: a value that it would have kept right may be refused without it.
        settings, reading = _kept(image, bundle, settings, reading, pattern=number.pattern)
        settings, reading = _kept(image, bundle, settings, reading, value=number.value)
    return Suggestion(region(**settings), reading, tall)


def _kept(
    image: Image, bundle: Bundle, settings: dict[str, Any], before: Reading, **more: Any
) -> tuple[dict[str, Any], Reading]:
    """Settings with one more where the same is read with it, nearly as surely; else as they are."""
    try:
        after = _read(image, bundle, settings | more)
    except ConfigError:  # a pattern with marks that the bundle cannot say
        return settings, before
    if after.text != before.text or after.confidence < before.confidence - SLACK:
        return settings, before
    return settings | more, after


def _read(image: Image, bundle: Bundle, settings: dict[str, Any]) -> Reading:
    return Once(region(**settings), bundle).read(image)


def _with_units(found: list[Suggestion]) -> list[Suggestion]:
    """The same, numbers with the unit that stands at their right as a line of its own: on meters it often does."""
    units = [each for each in found if each.reading.text in UNITS]
    return [_with_unit(each, units) for each in found]


def _with_unit(number: Suggestion, units: list[Suggestion]) -> Suggestion:
    value = number.region.value
    if value is None or value.unit:
        return number
    right = np.mean(np.array(number.region.corners)[1:3], axis=0)
    for unit in units:
        left = np.mean(np.array(unit.region.corners)[[0, 3]], axis=0)
        if np.linalg.norm(left - right) <= BESIDE * number.height:
            value = msgspec.structs.replace(value, unit=unit.reading.text)
            reading = replace(number.reading, unit=value.unit)
            return replace(
                number, region=msgspec.structs.replace(number.region, value=value), reading=reading
            )
    return number


def _named(suggestion: Suggestion, number: int) -> Suggestion:
    kind = "text" if suggestion.reading.value is None else "number"
    return replace(suggestion, region=msgspec.structs.replace(suggestion.region, name=f"{kind}-{number}"))
