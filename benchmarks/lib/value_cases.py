"""Pictures whose value is known, as the daemon would be configured for them: drawn displays, and photographs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lib.drawn.displays import displays
from lib.drawn.photographed import compressed
from lib.picture_sets import Example, PictureSet
from ocr_edge.config.settings import Region, Value
from ocr_edge.contract.types import Image
from ocr_edge.regions.number_format import NumberFormat
from ocr_edge.sources import pictures

FRAMES = 5
NUMBERS = {"gas": "l", "gasn": "l", "gasc": "l", "gass": "l", "scale": "g", "water": "m³", "water2": "m³"}
"""Pictures of ``field_photos`` that show numbers, by the beginning of their names, and their units."""
SHIFT, LIGHT, NOISE, QUALITY = 3.0, (0.85, 1.15), 3.0, (75, 95)
"""What differs from frame to frame of a photograph: pixels of shift, factor of light, standard deviation of the noise
in grey levels, JPEG quality. A camera on a bracket moves less, a USB camera compresses as much."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing, shown in a few frames.

    Attributes:
        name: The file's name.
        kind: What it is; rates are given for each.
        region: How its owner would configure it.
        values: What is to be said: numbers of a region with a value, else texts without marks and spaces.
        frames: uint8 RGB pictures.
    """

    name: str
    kind: str
    region: Region
    values: tuple[float | str, ...]
    frames: Sequence[Image]


def drawn(count: int, seed: int, min_lead: float) -> Iterator[Case]:
    """The drawn displays."""
    for one in displays(count, seed, FRAMES):
        number = NumberFormat.parse(one.format).number(one.text).value
        region = Region(value=Value(format=one.format, min_lead=min_lead))
        yield Case(one.name, one.kind, region, (number,), one.frames)


def photographs(data: Path, split: str, min_lead: float) -> Iterator[Case]:
    """``field_photos``: a picture with one number has a format, any other its pattern and check digit.

    Raises:
        SetError: The set is missing or damaged.
    """
    with PictureSet(data, "field_photos") as photos:
        for example in photos.examples(split):
            yield _photograph(example, min_lead)


def _photograph(example: Example, min_lead: float) -> Case:
    image = pictures.load(example.path)
    random = np.random.default_rng(list(example.path.name.encode()))
    frames = [_seen_again(image, random) for _ in range(FRAMES)]
    kind = example.path.name.partition("_")[0]
    unit = NUMBERS.get(kind)
    if unit and len(example.written) == 1:
        written = example.written[0]
        rules = Value(format=number_format(written), unit=unit, min_lead=min_lead)
        return Case(example.path.name, "numbers", Region(value=rules), (float(written),), frames)
    kinds = {
        "ean": "barcodes",
        "ean4": "barcodes",
        "upc": "barcodes",
        "plate": "plates",
        "label": "labels",
        "exp": "dates",
    }
    region = Region(pattern=example.pattern, check=example.check)
    return Case(example.path.name, kinds.get(kind, "numbers, several"), region, example.values, frames)


def number_format(written: str) -> str:
    """What an owner would write who has seen such numbers: up to four digits, a point that is small and overlooked."""
    whole, _, fraction = written.partition(".")
    if not fraction:
        return "0" * len(whole)
    return f"{'0' * len(whole) if whole.startswith('00') else '###0'}[.]{'0' * len(fraction)}"


def _seen_again(image: Image, random: np.random.Generator) -> Image:
    """Another frame of the same scene."""
    shift = np.array(
        [[1, 0, random.uniform(-SHIFT, SHIFT)], [0, 1, random.uniform(-SHIFT, SHIFT)]], np.float32
    )
    moved = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE).astype(
        np.float32
    )
    noisy = moved * random.uniform(*LIGHT) + random.normal(0, NOISE, image.shape)
    return compressed(np.clip(noisy, 0, 255).astype(np.uint8), int(random.integers(*QUALITY)))
