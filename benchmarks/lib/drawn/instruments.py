"""Instruments and labels that show a number, most with a unit beside it, as a photograph without a region has them."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lib.drawn.ink import Ink, font_file, printed, segments
from lib.drawn.photographed import Image, Look, any_look, compressed

COUNT, SEED = 240, 3
KINDS = ("digits", "unit", "housing", "print")
"""Digits that fill the picture; with a small unit beside them; both in a housing with its maker's name; print."""
UNITS = ("°C", "kWh", "bar", "m³", "%", "V", "A", "W", "hPa", "kW")
MAKER = "ThermoTech 200"
FACE = "DejaVu Sans"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A drawn picture.

    Attributes:
        kind: One of ``KINDS``.
        number: What it shows.
        unit: What stands beside that; empty where nothing does.
        image: uint8, shape ``(H, W, 3)``, RGB.
    """

    kind: str
    number: str
    unit: str
    image: Image


def instruments(count: int = COUNT, seed: int = SEED) -> Iterator[Instrument]:
    """The set: each picture has a seed of its own, another ``seed`` is another set."""
    for index in range(count):
        random = np.random.default_rng([seed, index])
        kind = KINDS[index % len(KINDS)]
        number = _number(random)
        unit = "" if kind == "digits" else str(random.choice(UNITS))
        look = any_look(random, display=kind != "print")
        yield Instrument(kind, number, unit, _seen(_drawn(kind, number, unit, look, random), look, random))


def _number(random: np.random.Generator) -> str:
    """Of any length, some with a sign, many with ones, which leave gaps on a display."""
    forms = (
        lambda: str(random.integers(1, 100_000)),
        lambda: f"{random.uniform(-30, 120):.1f}",
        lambda: f"{random.uniform(0, 20):.2f}",
        lambda: f"{random.integers(100_000):05d}",
        lambda: f"1{random.integers(10)}1",
    )
    return forms[int(random.integers(len(forms)))]()


def _drawn(
    kind: str, number: str, unit: str, look: Look, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """The picture as it would be seen straight on in even light."""
    if kind == "print":
        text = f"{number} {unit}".strip()
        ink = printed(text, font_file(FACE, str(random.choice(["Regular", "Bold"]))), random.uniform(30, 70))
        return _painted(np.pad(ink, 40), look)
    high = int(random.integers(45, 130))
    digits = segments(number, high, thick=random.uniform(0.09, 0.15), slant=random.choice([0, 0.08, 0.14]))
    ink = digits if not unit else _beside(digits, unit, random)
    if kind == "digits":
        return _painted(np.pad(ink, high // 3), look)
    if kind == "unit":
        around = [tuple(random.integers(10, 2 * high, 2)) for _ in "yx"]
        return _painted(np.pad(ink, around), look)
    glass = _painted(np.pad(ink, high // 2), look)
    name = printed(MAKER, font_file(FACE), max(12.0, high / 4))
    housing = np.full((2 * glass.shape[0], max(2 * glass.shape[1], 2 * name.shape[1]), 3), 205, np.float32)
    top, left = glass.shape[0] // 3, (housing.shape[1] - glass.shape[1]) // 2
    housing[top : top + glass.shape[0], left : left + glass.shape[1]] = glass
    top, left = top + glass.shape[0] + name.shape[0], (housing.shape[1] - name.shape[1]) // 2
    housing[top : top + name.shape[0], left : left + name.shape[1]] *= 1 - 0.8 * name[..., None]
    return housing


def _beside(digits: Ink, unit: str, random: np.random.Generator) -> Ink:
    """Digits and a small unit, high or low beside them."""
    small = printed(unit, font_file(FACE), digits.shape[0] * random.uniform(0.3, 0.6))
    gap = round(digits.shape[0] * random.uniform(0.15, 0.5))
    both = np.zeros((digits.shape[0], digits.shape[1] + gap + small.shape[1]), np.float32)
    both[:, : digits.shape[1]] = digits
    rows = slice(0, small.shape[0]) if random.random() < 0.5 else slice(-small.shape[0], None)
    both[rows, digits.shape[1] + gap :] = small
    return both


def _painted(ink: Ink, look: Look) -> npt.NDArray[np.float32]:
    share = ink[..., None]
    return np.asarray((1 - share) * np.array(look.paper) + share * np.array(look.ink), np.float32)


def _seen(picture: npt.NDArray[np.float32], look: Look, random: np.random.Generator) -> Image:
    """As a camera sees it: turned a little, blurred, with noise, a JPEG."""
    size = picture.shape[1::-1]
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), random.choice([0, 0, 1, -1.5]), 1.0)
    turned = cv2.warpAffine(picture, turn, size, borderMode=cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(turned, (0, 0), look.blur)
    noisy = blurred + random.normal(0, look.noise, blurred.shape)
    return compressed(np.clip(noisy, 0, 255).astype(np.uint8), look.quality)
