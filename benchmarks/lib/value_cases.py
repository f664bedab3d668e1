"""Pictures whose value is known, as the daemon would be configured for them: drawn displays, and photographs."""

import json
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
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
NUMBERS = {"gas": "l", "gasn": "l", "gasc": "l", "gass": "l", "scale": "g", "water": "m³", "water2": "m³"}
"""Pictures of ``field_photos`` that show numbers, by the beginning of their names, and their units."""
COUNTER = "water"
"""Those of them that show a counter of wheels, all equally wide; corners go round its window, see docs/regions.md."""
SHIFT, LIGHT, NOISE, QUALITY = 3.0, (0.85, 1.15), 3.0, (75, 95)
"""What differs from frame to frame of a photograph: pixels of shift, factor of light, standard deviation of the noise
in grey levels, JPEG quality. A camera on a bracket moves less, a USB camera compresses as much."""


CORNERS = Path(__file__).with_name("field_corners.json")
"""Corners of the values in ``field_photos`` as an owner would give them, in tenths of width and height; by hand. One
picture is not among them: its truth, ``1PEF224A4``, is printed without the first two characters."""
KINDS = {
    "ean": "barcodes",
    "ean4": "barcodes",
    "upc": "barcodes",
    "plate": "plates",
    "label": "labels",
    "exp": "dates",
}
"""What else they show."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing, shown in a few frames.

    Attributes:
        name: The file's name.
        kind: What it is; rates are given for each.
        regions: How its owner would configure it.
        values: What each region is to say, one or several: numbers where it has a value, else letters and digits.
        frames: uint8 RGB pictures.
    """

    name: str
    kind: str
    regions: tuple[Region, ...]
    values: tuple[tuple[float | str, ...], ...]
    frames: Sequence[Image]


def drawn(count: int, seed: int, min_lead: float) -> Iterator[Case]:
    """The drawn displays."""
    for one in displays(count, seed, FRAMES):
        number = NumberFormat.parse(one.format).number(one.text).value
        region = Region(value=Value(format=one.format, min_lead=min_lead))
        yield Case(one.name, one.kind, (region,), ((number,),), one.frames)


def photographs(
    data: Path, split: str, min_lead: float, *, whole: bool, rolling: bool = True
) -> Iterator[Case]:
    """``field_photos``: numbers have a format, texts their pattern and check digit.

    Args:
        data: The folder of picture sets.
        split: Of the set.
        min_lead: Of the numbers.
        whole: Whether the region is the whole picture; else each value has a region.
        rolling: Whether counters of wheels are read as such, with ``rolling = "up"``; else as any number.

    Raises:
        SetError: The set is missing or damaged.
    """
    corners = json.loads(CORNERS.read_text("utf-8"))
    with PictureSet(data, "field_photos") as photos:
        for example in photos.examples(split):
            places = corners.get(example.path.stem, [])
            if whole or places:
                yield _photograph(example, [] if whole else places, min_lead, rolling=rolling and not whole)


def _photograph(
    example: Example, places: Sequence[Sequence[tuple[float, float]]], min_lead: float, *, rolling: bool
) -> Case:
    image = pictures.load(example.path)
    random = np.random.default_rng(list(example.path.name.encode()))
    frames = [_seen_again(image, random) for _ in range(FRAMES)]
    prefix = example.path.name.partition("_")[0]
    kind, unit = KINDS.get(prefix, "numbers"), NUMBERS.get(prefix)

    def region(name: str, written: str, quad: Corners | None) -> Region:
        if unit and rolling and prefix == COUNTER:
            value = Value(rolling="up", unit=unit, min_lead=min_lead)
            return Region(name=name, corners=quad, pattern=rf"\d{{{len(written)}}}", value=value)
        if unit:
            value = Value(format=number_format(written), unit=unit, min_lead=min_lead)
            return Region(name=name, corners=quad, value=value)
        return Region(name=name, corners=quad, pattern=example.pattern, check=example.check)

    truths = [float(text) for text in example.written] if unit else list(example.values)
    if places:
        quads = [_corners(place, image) for place in places]
        written = example.written if unit else example.values
        regions = [
            region(f"r{i}", text, quad) for i, (text, quad) in enumerate(zip(written, quads, strict=True))
        ]
        return Case(example.path.name, kind, tuple(regions), tuple((truth,) for truth in truths), frames)
    if len(truths) > 1 and unit:
        # One number a region: several in one are texts.
        one, truths = Region(pattern=example.pattern), list(example.values)
    else:
        one = region("picture", example.written[0], None)
    return Case(example.path.name, kind, (one,), (tuple(truths),), frames)


def _corners(place: Sequence[tuple[float, float]], image: Image) -> Corners:
    height, width = image.shape[:2]
    top_left, top_right, bottom_right, bottom_left = ((x * width / 10, y * height / 10) for x, y in place)
    return top_left, top_right, bottom_right, bottom_left


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
