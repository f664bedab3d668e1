"""What looks like text and is none: textures, grids, bars, emblems, edges of things."""

import random

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.strips.surface import Light


def texture(rng: random.Random, size: tuple[int, int]) -> Image:
    """A surface with a pattern that repeats: weave, mesh, tiles, stripes, foliage, keys.

    Returns:
        uint8, shape ``size``: how much of a second colour shows.
    """
    return rng.choice((_grating, _tiles, _tiles, _blobs, _checks))(rng, size)


def _coordinates(rng: random.Random, size: tuple[int, int]) -> tuple[Light, Light]:
    """Columns and rows, turned a little or a lot."""
    ys, xs = np.mgrid[: size[0], : size[1]].astype(np.float32)
    angle = rng.choice((0.0, 0.0, rng.uniform(-0.2, 0.2), rng.uniform(-1.6, 1.6)))
    return xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)


def _grating(rng: random.Random, size: tuple[int, int]) -> Image:
    """Stripes, or two of them across each other: cloth, blinds, grilles."""
    u, v = _coordinates(rng, size)
    period = float(np.exp(rng.uniform(np.log(4), np.log(60))))
    wave = np.sin(u * (2 * np.pi / period))
    if rng.random() < 0.6:
        other = np.sin(v * (2 * np.pi / (period * rng.uniform(0.4, 2.5))))
        wave = np.maximum(wave, other) if rng.random() < 0.5 else wave * other
    sharp = rng.uniform(60, 500)
    return np.asarray(np.clip(128 + wave * sharp - rng.uniform(-0.6, 0.6) * sharp, 0, 255).astype(np.uint8))


def _tiles(rng: random.Random, size: tuple[int, int]) -> Image:
    """A small random drawing over and over: carpets, leaves, keys of a keyboard, bricks."""
    side = round(float(np.exp(rng.uniform(np.log(8), np.log(72)))))
    high = max(6, round(side * rng.uniform(0.5, 1.5)))
    tile = np.zeros((high, side), np.uint8)
    for _ in range(rng.randint(1, 5)):
        shape(rng, tile, max(1, side // rng.randint(6, 14)))
    rows = []
    for number in range(size[0] // high + 1):
        row = np.tile(tile, (1, size[1] // side + 2))
        shift = number * side // 2 % side if side % 2 else rng.randrange(side) if rng.random() < 0.1 else 0
        rows.append(row[:, shift : shift + size[1]])
    return np.concatenate(rows)[: size[0]]


def _blobs(rng: random.Random, size: tuple[int, int]) -> Image:
    """Irregular spots of one size: gravel, foliage, rust, fleece."""
    reach = float(np.exp(rng.uniform(np.log(1.0), np.log(12))))
    coarse = (max(4, round(size[0] / reach)), max(4, round(size[1] / reach / rng.uniform(0.5, 2))))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 1, coarse).astype(np.float32)
    wide = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(128 + wide * rng.uniform(60, 400), 0, 255), np.uint8)


def _checks(rng: random.Random, size: tuple[int, int]) -> Image:
    """Lines of a grid: graph paper, bathroom tiles, window bars, pixels of a screen."""
    u, v = _coordinates(rng, size)
    period = float(np.exp(rng.uniform(np.log(5), np.log(90))))
    other = period * rng.choice((1.0, 1.0, rng.uniform(0.3, 3)))
    thick = max(1.0, period * rng.uniform(0.05, 0.35))
    return np.where((u % period < thick) | (v % other < thick), 255, 0).astype(np.uint8)


def shape(rng: random.Random, mask: Image, thick: int) -> None:
    """Draw one random shape into a mask: line, box, circle, polygon, arc; hollow or filled."""
    height, width = mask.shape[:2]
    roll = rng.random()
    x, y = rng.randrange(width), rng.randrange(height)
    reach = max(3, round(min(height, width) * rng.uniform(0.05, 0.5)))
    thickness = -1 if rng.random() < 0.25 else thick
    if roll < 0.3:
        other = (rng.randrange(width), rng.randrange(height))
        if rng.random() < 0.6:
            other = (other[0], y) if rng.random() < 0.6 else (x, other[1])
        cv2.line(mask, (x, y), other, 255, thick, cv2.LINE_AA)
    elif roll < 0.55:
        corner = (x + reach, y + round(reach * rng.uniform(0.2, 1.5)))
        cv2.rectangle(mask, (x, y), corner, 255, thickness)
    elif roll < 0.75:
        cv2.circle(mask, (x, y), reach, 255, thickness, cv2.LINE_AA)
    elif roll < 0.88:
        axes = (reach, max(2, round(reach * rng.uniform(0.3, 1.0))))
        cv2.ellipse(mask, (x, y), axes, rng.uniform(0, 180), 0, rng.uniform(60, 360), 255, thick, cv2.LINE_AA)
    else:
        count = rng.randint(3, 6)
        points = [(x + rng.randint(-reach, reach), y + rng.randint(-reach, reach)) for _ in range(count)]
        cv2.polylines(mask, [np.array(points, np.int32)], rng.random() < 0.7, 255, thick, cv2.LINE_AA)


def barcode(rng: random.Random, size: tuple[int, int]) -> Image:
    """Bars, or the squares of a two-dimensional code: uint8 ink, shape ``size``."""
    height, width = max(4, size[0]), max(8, size[1])
    chance = np.random.default_rng(rng.getrandbits(32))
    if height * 2 < width or rng.random() < 0.6:
        bars = np.repeat(chance.integers(0, 2, 400, dtype=np.uint8) * 255, chance.integers(1, 4, 400))
        bars = bars[: rng.randint(60, 160)]
        return np.asarray(
            cv2.resize(np.tile(bars, (2, 1)), (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    side = rng.randint(14, 33)
    cells = chance.integers(0, 2, (side, side), dtype=np.uint8) * 255
    for y, x in ((0, 0), (0, side - 7), (side - 7, 0)):
        cells[y : y + 7, x : x + 7] = 0
        cells[y : y + 6, x : x + 6] = 255
        cells[y + 1 : y + 5, x + 1 : x + 5] = 0
        cells[y + 2 : y + 4, x + 2 : x + 4] = 255
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def scale_marks(rng: random.Random, size: tuple[int, int]) -> Image:
    """Ticks of a gauge or ruler: uint8 ink, shape ``size``."""
    mask = np.zeros(size, np.uint8)
    height, width = size
    thick = max(1, min(size) // 60)
    if rng.random() < 0.5:
        centre, radius = (width // 2, height // 2), min(size) * rng.uniform(0.35, 0.48)
        start, span = rng.uniform(0, 6.3), rng.uniform(2.5, 6.3)
        count = rng.randint(10, 60)
        for number in range(count):
            angle = start + span * number / count
            inner = radius * (0.8 if number % 5 == 0 else 0.9)
            ends = [
                (round(centre[0] + r * np.cos(angle)), round(centre[1] + r * np.sin(angle)))
                for r in (inner, radius)
            ]
            cv2.line(mask, ends[0], ends[1], 255, thick, cv2.LINE_AA)
        if rng.random() < 0.6:
            angle = rng.uniform(0, 6.3)
            tip = (
                round(centre[0] + radius * 0.8 * np.cos(angle)),
                round(centre[1] + radius * 0.8 * np.sin(angle)),
            )
            cv2.line(mask, centre, tip, 255, 2 * thick, cv2.LINE_AA)
        if rng.random() < 0.6:
            cv2.circle(mask, centre, round(radius * 1.05), 255, thick, cv2.LINE_AA)
        return mask
    step = rng.randint(4, 14)
    for number, x in enumerate(range(rng.randrange(step), width, step)):
        cv2.line(mask, (x, height - 1), (x, round(height * (0.4 if number % 5 == 0 else 0.7))), 255, thick)
    return mask
