"""Mechanical counters, drawn: digits on wheels behind a window, each wheel turned as far as the mechanics turn it.

A wheel turns while its right neighbour goes from 9 to 0; the last one turns all the time. The next digit comes from
below.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from lib.drawn.ink import Ink, NoFontError, font_file, printed
from lib.drawn.photographed import Colour, Image, Random, compressed

COUNT, SEED, TENTHS = 500, 29, 10
FAMILIES = (
    "Liberation Sans", "DejaVu Sans", "Roboto", "Roboto Condensed", "Liberation Sans Narrow", "B612", "Lato",
    "Open Sans", "PT Sans", "Noto Sans", "Carlito", "DejaVu Sans Mono", "Liberation Serif", "Cantarell",
)  # fmt: skip
"""Faces of the digits, all free and packaged by Debian; a counter whose face is not installed is left out."""
LIGHT, DARK = ((232, 232, 226), (24, 24, 26)), ((30, 30, 32), (236, 236, 230))
"""Colours of a wheel and of its digits: a light wheel and a dark one."""
RED_INK, RED_WHEEL = ((232, 228, 222), (190, 30, 34)), ((168, 28, 32), (244, 238, 232))
"""The same for decimals: red digits on a light wheel, light ones on a red one."""
HOUSINGS = ((40, 42, 46), (206, 206, 200), (120, 124, 130), (16, 16, 18))


@dataclass(frozen=True, slots=True)
class Counter:
    """A drawn counter.

    Attributes:
        name: For a file.
        text: The digits it stands at: of those between two, the lower one.
        tenth: How far the last wheel has turned on, in tenths of a digit.
        decimals: How many wheels at the end are red.
        dark: Whether the wheels are dark.
        image: uint8, shape ``(H, W, 3)``, RGB.
        corners: Of the window as an owner would give them, top left first, clockwise: a few pixels beside the truth.
    """

    name: str
    text: str
    tenth: int
    decimals: int
    dark: bool
    image: Image
    corners: tuple[tuple[float, float], ...]


def counters(count: int = COUNT, seed: int = SEED, missing: list[str] | None = None) -> Iterator[Counter]:
    """The set: each counter has a seed of its own, so that one left out changes no other.

    Args:
        count: How many.
        seed: Another one is another set.
        missing: Takes a line for each counter whose face is not installed.
    """
    for number in range(count):
        random = np.random.default_rng((seed, number))
        family = FAMILIES[int(random.integers(len(FAMILIES)))]
        try:
            face = font_file(family, "Bold" if random.random() < 0.4 else "Regular")
        except NoFontError as error:
            if missing is not None:
                missing.append(f"counter {number}: {error}")
            continue
        high = float(random.uniform(22, 64))
        digits = [_digit(str(digit), str(face), high) for digit in range(10)]
        yield _counter(f"counter-{number:03d}", number % TENTHS, digits, high, random)


def positions(text: str, tenth: int) -> list[float]:
    """How far each wheel of a counter has turned, in digits from 0, first wheel first."""
    found, turn = [], tenth / TENTHS
    for digit in reversed(text):
        found.append(int(digit) + turn)
        turn = max(found[-1] - 9, 0.0)
    return found[::-1]


def _counter(name: str, tenth: int, digits: list[Ink], high: float, random: Random) -> Counter:
    wheels = int(random.integers(4, 8))
    decimals = int(random.choice([0, 0, 1, 2, 3]))
    dark, red = bool(random.random() < 0.5), bool(random.random() < 0.5)
    # One in four carries: several wheels turn at once.
    nines = int(random.integers(1, 4)) if random.random() < 0.25 else 0
    zeros = int(random.integers(0, wheels - nines - 1)) if wheels - nines > 1 else 0
    middle = "".join(str(d) for d in random.integers(0, 10, wheels - zeros - nines))
    text = "0" * zeros + middle + "9" * nines
    pitch = high * random.uniform(1.2, 1.75)
    window = min(pitch * random.uniform(0.85, 1.1), 1.7 * high)
    window = max(window, 1.12 * high)
    wide = max(digit.shape[1] for digit in digits) * random.uniform(1.2, 1.7)
    gap = max(1.0, wide * random.uniform(0.02, 0.12))
    gap_colour = (14, 14, 16) if random.random() < 0.7 else (150, 150, 146)
    # The last wheel is driven all the time: it has no play, and where it is is what the counter counts.
    play = np.append(random.normal(0, 0.03, wheels - 1), 0.0)
    cells = []
    for wheel, turned in enumerate(positions(text, tenth)):
        colours = DARK if dark else LIGHT
        if wheel >= wheels - decimals:
            colours = RED_WHEEL if red else (RED_INK if not dark else DARK)
        cells.append(_wheel(digits, turned + play[wheel], (pitch, window, wide), colours))
        border = np.empty((cells[0].shape[0], round(gap), 3), np.float32)
        border[:] = gap_colour
        cells.append(border)
    return _seen(name, text, tenth, decimals, dark, np.concatenate(cells[:-1], axis=1), random)


def _wheel(
    digits: list[Ink], turned: float, sizes: tuple[float, float, float], colours: tuple[Colour, Colour]
) -> Image:
    """What a window shows of one wheel, float32: a cylinder whose sides are darker."""
    pitch, window, wide = sizes
    rows, columns = round(window), round(wide)
    radius = TENTHS * pitch / (2 * math.pi)
    unrolled = np.zeros((math.ceil(3 * pitch), columns), np.float32)
    first = math.floor(turned) - 1
    for place in range(4):
        ink = digits[(first + place) % 10]
        middle = (1.5 - (turned - first) + place) * pitch
        shift = np.array(
            [[1, 0, (columns - ink.shape[1]) / 2], [0, 1, middle - ink.shape[0] / 2]], np.float32
        )
        put = cv2.warpAffine(ink, shift, unrolled.shape[::-1], flags=cv2.INTER_LINEAR)
        unrolled = np.maximum(unrolled, put)
    away = np.arange(rows) + 0.5 - rows / 2
    slope = np.clip(away / radius, -0.99, 0.99)
    where = (1.5 * pitch + radius * np.arcsin(slope) - 0.5).astype(np.float32)
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), where)
    share = cv2.remap(unrolled, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[..., None]
    seen = (1 - share) * np.array(colours[0], np.float32) + share * np.array(colours[1], np.float32)
    return np.asarray(seen * (0.45 + 0.55 * np.sqrt(1 - slope**2))[:, None, None], np.float32)


def _seen(
    name: str, text: str, tenth: int, decimals: int, dark: bool, strip: Image, random: Random
) -> Counter:
    """The counter in its housing, photographed slightly turned."""
    high, wide = strip.shape[:2]
    margin = round(high * 0.6)
    size = (wide + 2 * margin, high + 2 * margin)
    housing = np.array(HOUSINGS[int(random.integers(len(HOUSINGS)))], np.float32)
    scene = np.empty((size[1], size[0], 3), np.float32)
    scene[:] = housing
    edge = max(1, round(high * random.uniform(0.01, 0.05)))
    scene[margin - edge : margin + high + edge, margin - edge : margin + wide + edge] = housing * 0.45
    scene[margin : margin + high, margin : margin + wide] = strip
    # The upper edge of the window shades the wheels.
    depth = max(1, round(high * random.uniform(0.04, 0.15)))
    fall = np.linspace(random.uniform(0.5, 0.95), 1, depth, dtype=np.float32)
    scene[margin : margin + depth, margin : margin + wide] *= fall[:, None, None]
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), float(random.uniform(-2, 2)), 1.0)
    scene = cv2.warpAffine(scene, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, size[0]), np.linspace(-0.5, 0.5, size[1]))
    angle = random.uniform(0, 2 * math.pi)
    scene *= (1 - random.uniform(0, 0.4) * (0.5 + x * math.cos(angle) + y * math.sin(angle)))[..., None]
    scene = cv2.GaussianBlur(scene, (0, 0), float(random.uniform(0.4, 0.03 * high / 1.3 + 0.3)))
    scene += random.normal(0, float(random.uniform(1, 6)), scene.shape)
    image = compressed(np.clip(scene.round(), 0, 255).astype(np.uint8), int(random.integers(65, 93)))
    square = [
        (margin, margin),
        (margin + wide, margin),
        (margin + wide, margin + high),
        (margin, margin + high),
    ]
    places = np.array(square, np.float64) @ turn[:, :2].T + turn[:, 2]
    # Nobody clicks better than this.
    places += random.uniform(-0.04, 0.04, places.shape) * high
    return Counter(name, text, tenth, decimals, dark, image, tuple((float(x), float(y)) for x, y in places))


_DRAWN: dict[tuple[str, str, int], Ink] = {}


def _digit(text: str, face: str, high: float) -> Ink:
    """A digit of so many pixels, drawn four times as large and scaled."""
    from pathlib import Path

    key = (text, face, 0)
    if key not in _DRAWN:
        _DRAWN[key] = printed(text, Path(face), 160)
    ink = _DRAWN[key]
    scale = high / _height(face)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)


def _height(face: str) -> int:
    from pathlib import Path

    key = ("8", face, 0)
    if key not in _DRAWN:
        _DRAWN[key] = printed("8", Path(face), 160)
    return int(_DRAWN[key].shape[0])
