"""Regions for a picture: for each line that is found in it, corners and settings that the daemon reads it with."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import msgspec
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.config.settings import Region
from ocr_edge.contract.types import Image
from ocr_edge.daemon import region_setup
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading
from ocr_edge.trial.looking import unsaid
from ocr_edge.trial.numbers import UNITS, written
from ocr_edge.trial.once import Once, region
from ocr_edge.trial.spots import Cut, cuts, spots

MOST = 20
"""Regions that are suggested at most: a picture with more lines is a page, which is read as a whole."""
BESIDE = 1.0
"""Heights of a number that a unit may stand beside it, from margin to margin: those of other numbers are further."""
LINE = 1.5
"""Width in heights of a region in which nothing is read: a narrower one may be a disc, which looks like an O."""
SLACK = 0.02
"""Confidence that a hint may cost on this picture: it keeps other things from being read on the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """A region that may be wanted.

    Attributes:
        region: Its settings.
        reading: What it says of the picture, by the daemon's own code; without lines where it says nothing.
        height: Of its text in pixels.
        doubt: Why its text, which looks like a number, is not said as one; empty where it is, or looks like none.
        blind: What of a number would be overlooked in it; empty when nothing.
    """

    region: Region
    reading: Reading
    height: float
    doubt: str = ""
    blind: str = ""

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
    found = sorted(spots(image, bundle), key=lambda spot: -spot.outline.height)[:MOST]
    with unsaid():
        tried = [_with_hints(image, bundle, cut) for spot in found for cut in cuts(image, bundle, spot)]
    wanted = [each for each in _with_units(tried) if each.reading.lines or _is_line(each.region)]
    kept = _without_doubles(sorted(wanted, key=lambda each: each.rank))
    return [_named(each, number) for number, each in enumerate(kept, 1)]


def _is_line(region: Region) -> bool:
    """Whether a region is as wide as a line."""
    corners = np.array(region.corners, float)
    wide, high = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    return bool(max(wide, high) >= LINE * min(wide, high))


def _with_hints(image: Image, bundle: Bundle, cut: Cut) -> Suggestion:
    """A cut with all that keeps its reading as it is, and other readings away."""
    settings: dict[str, Any] = {"corners": cut.corners}
    reading = cut.reading
    if not reading.lines:
        return Suggestion(region(**settings), reading, cut.height)
    settings, reading = _kept(image, bundle, settings, reading, text_height=max(1, round(cut.height)))
    number = written(reading.text)
    if number is None:
        return Suggestion(region(**settings), reading, cut.height)
    if number.form:
        form = {"format": number.form} | number.value
        settings, reading = _kept(image, bundle, settings, reading, value=form)
    if "value" not in settings:
        # The pattern alone first: a value that it would have kept right may be refused without it.
        settings, reading = _kept(image, bundle, settings, reading, pattern=number.pattern)
        settings, reading = _kept(image, bundle, settings, reading, value=number.value)
    made = region(**settings)
    if made.value is None:
        doubted = Once(region(**settings, value=number.value), bundle).read(image)
        return Suggestion(made, reading, cut.height, doubt=doubted.why or "it is less sure than its text")
    blind = region_setup.blind(made, bundle, region_setup.pattern(made, bundle, None))
    return Suggestion(made, reading, cut.height, blind=blind)


def _kept(
    image: Image, bundle: Bundle, settings: dict[str, Any], before: Reading, **more: Any
) -> tuple[dict[str, Any], Reading]:
    """Settings with one more where the same is read with it, nearly as surely; else as they are."""
    try:
        after = Once(region(**settings, **more), bundle).read(image)
    except ConfigError:  # a pattern with marks that the bundle cannot say
        return settings, before
    if after.text != before.text or after.confidence < before.confidence - SLACK:
        return settings, before
    return settings | more, after


def _without_doubles(ranked: list[Suggestion]) -> list[Suggestion]:
    """The best of those that read the same in the same place."""
    kept: list[Suggestion] = []
    for each in ranked:
        x, y = (float(value) for value in np.mean(np.array(each.region.corners), axis=0))
        if not any(
            other.reading.text == each.reading.text
            and cv2.pointPolygonTest(np.array(other.region.corners, np.float32), (x, y), False) >= 0
            for other in kept
        ):
            kept.append(each)
    return kept


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
