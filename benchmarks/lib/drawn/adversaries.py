"""Pictures that cost a reader most: textures like thousands of characters, far too large, far too long. Pure."""

from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

SIZE = (720, 1280)
HUGE = 10_000
"""Side of a picture of 100 megapixels."""
WORDS = "Hamburgefonts 0123456789 QUICK jumps over lazy dogs "


def rgb(gray: npt.NDArray[np.generic]) -> Image:
    """Three channels of one grey level, clipped to bytes."""
    levels = gray if gray.dtype == np.uint8 else np.clip(gray, 0, 255).astype(np.uint8)
    return np.repeat(levels[:, :, None], 3, axis=2)


def checkerboard(side: int, size: tuple[int, int] = SIZE) -> Image:
    """Squares."""
    rows, columns = np.indices(size, np.int32)
    return rgb(np.where((rows // side + columns // side) % 2, 230, 20))


def stripes(width: int, upright: bool, size: tuple[int, int] = SIZE) -> Image:
    """Bars of equal width."""
    places = np.indices(size, np.int32)[1 if upright else 0]
    return rgb(np.where(places // width % 2, 230, 20))


def noise(size: tuple[int, int] = SIZE) -> Image:
    """Every byte at random."""
    return np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)


def salt_and_pepper(share: float, size: tuple[int, int] = SIZE) -> Image:
    """Grey with so many pixels black or white."""
    dice = np.random.default_rng(2).random(size)
    return rgb(np.where(dice < share / 2, 0, np.where(dice > 1 - share / 2, 255, 128)))


def specks(count: int, kind: str, size: tuple[int, int] = SIZE) -> Image:
    """So many marks that do not touch, on a jittered grid: ``dot``, ``square`` or ``glyph``."""
    random = np.random.default_rng(3)
    height, width = size
    pitch = max(p for p in range(3, 1000) if p == 3 or (height // p) * (width // p) >= count)
    image = np.full(size, 235, np.uint8)
    side = {"dot": 1, "square": max(pitch // 2, 2), "glyph": max(pitch - 2, 3)}[kind]
    shapes = (random.random((16, side, side)) < 0.55) if kind == "glyph" else np.ones((1, side, side), bool)
    done = 0
    for top in range(0, height - pitch + 1, pitch):
        for left in range(0, width - pitch + 1, pitch):
            if done == count:
                return rgb(image)
            y, x = top + int(random.integers(pitch - side)), left + int(random.integers(pitch - side))
            image[y : y + side, x : x + side][shapes[done % len(shapes)]] = 25
            done += 1
    return rgb(image)


def text(scale: float, size: tuple[int, int] = SIZE) -> Image:
    """Lines of text that fill the frame, OpenCV's stroke font."""
    image = np.full(size, 240, np.uint8)
    (wide, high), base = cv2.getTextSize(WORDS, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    line = WORDS * (size[1] // max(wide, 1) + 1)
    for bottom in range(high + 1, size[0] + high, high + base + 1):
        cv2.putText(image, line, (0, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, 20, 1, cv2.LINE_AA)
    return rgb(image)


def maze(cell: int, size: tuple[int, int] = SIZE) -> Image:
    """Diagonal walls at random: long components that wind through everything."""
    random = np.random.default_rng(4)
    image = np.full(size, 235, np.uint8)
    for top in range(0, size[0], cell):
        for left in range(0, size[1], cell):
            ends = ((left, top), (left + cell, top + cell))
            if random.random() < 0.5:
                ends = ((left + cell, top), (left, top + cell))
            cv2.line(image, *ends, 20, max(cell // 5, 1))
    return rgb(image)


def rings(period: int, size: tuple[int, int] = SIZE) -> Image:
    """Concentric circles: components within components."""
    rows, columns = np.indices(size, np.float32)
    radius = np.hypot(rows - size[0] / 2, columns - size[1] / 2)
    return rgb(127 + 110 * np.sign(np.sin(2 * np.pi * radius / period)))


def gradient(size: tuple[int, int] = SIZE) -> Image:
    """From black to white, slantwise."""
    rows, columns = np.indices(size, np.float32)
    return rgb(255 * (rows / size[0] + columns / size[1]) / 2)


def plain(level: int, size: tuple[int, int] = SIZE) -> Image:
    """One grey level."""
    return np.full((*size, 3), level, np.uint8)


def tiled(tile: Image, size: tuple[int, int] = (HUGE, HUGE)) -> Image:
    """A picture put side by side until it fills a size."""
    height, width = size
    return np.tile(tile, (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1))[:height, :width].copy()


PICTURES: Mapping[str, Callable[[], Image]] = {
    **{f"checkerboard, {side} px": partial(checkerboard, side) for side in (1, 2, 3, 8)},
    "white noise": noise,
    "salt and pepper, 5 %": partial(salt_and_pepper, 0.05),
    "salt and pepper, 40 %": partial(salt_and_pepper, 0.4),
    "upright stripes, 4 px": partial(stripes, 4, True),
    "level stripes, 4 px": partial(stripes, 4, False),
    "upright stripes, 20 px": partial(stripes, 20, True),
    "50,000 dots": partial(specks, 50_000, "dot"),
    "50,000 squares": partial(specks, 50_000, "square", (1440, 2560)),
    "50,000 specks like glyphs": partial(specks, 50_000, "glyph", (2160, 3840)),
    "tiny text fills the frame": partial(text, 0.3),
    "text fills the frame": partial(text, 0.6),
    "large text fills the frame": partial(text, 2.0),
    "maze, 12 px": partial(maze, 12),
    "maze, 40 px": partial(maze, 40),
    "rings, 10 px": partial(rings, 10),
    "rings, 60 px": partial(rings, 60),
    "gradient": gradient,
    "black": partial(plain, 0),
    "white": partial(plain, 255),
    "1x1": partial(plain, 128, (1, 1)),
    "1 row of 5,000 noisy pixels": partial(noise, (1, 5000)),
    "1 column of 5,000 noisy pixels": partial(noise, (5000, 1)),
    "a line of text, 60x20,000": partial(text, 1.5, (60, 20_000)),
    "a column of text, 20,000x60": partial(text, 0.6, (20_000, 60)),
    "100 megapixels of text": lambda: tiled(text(0.6)),
    "100 megapixels of large text": lambda: tiled(text(6.0, (2000, 4000))),
    "100 megapixels of noise": lambda: tiled(noise((1000, 1000))),
    "100 megapixels of checkerboard": partial(checkerboard, 3, (HUGE, HUGE)),
    "100 megapixels of white": partial(plain, 255, (HUGE, HUGE)),
}
"""Every picture by its name; sizes are ``rows x columns``, 720x1280 where none is named."""
