"""Ink and paper: colours, textures, and what sign makers do to letters (outline, shadow, relief)."""

import colorsys

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image

Float = npt.NDArray[np.float32]
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)


_HUES = ((-15, 15), (15, 62), (90, 170), (195, 250), (170, 345))
_HUE_SHARES = (0.25, 0.28, 0.12, 0.27, 0.08)
"""Signs are red, orange to yellow and blue far more often than green or violet: degrees and shares."""


def pair(rng: np.random.Generator) -> tuple[Float, Float]:
    """Colours of ink and paper, either polarity, with a contrast from just visible to full.

    Returns:
        Two float32 arrays of shape ``(3,)``, RGB 0..255.
    """
    contrast = float(rng.uniform(35, 70) if rng.random() < 0.1 else rng.uniform(70, 235))
    room = 255 - contrast
    # Often one of the two is nearly black or nearly white.
    dark = room * float(rng.choice([rng.uniform(0, 1), rng.uniform(0, 0.3), rng.uniform(0.7, 1)]))
    first, second = _tinted(dark, rng), _tinted(dark + contrast, rng)
    return (first, second) if rng.random() < 0.5 else (second, first)


def _tinted(level: float, rng: np.random.Generator) -> Float:
    """A colour of a given luminance: grey, slightly tinted, or saturated."""
    draw = rng.random()
    if draw < 0.4:
        tint = rng.normal(0, 4, 3)
    elif draw < 0.65:
        tint = rng.normal(0, 18, 3)
    else:
        low, high = _HUES[int(rng.choice(len(_HUES), p=_HUE_SHARES))]
        hue = np.array(colorsys.hsv_to_rgb(float(rng.uniform(low, high)) / 360, 1, 1))
        tint = (hue - float(hue @ _WEIGHTS)) * float(rng.uniform(50, 260))
    colour = np.asarray(level + tint, np.float32)
    for _ in range(3):
        colour = np.clip(colour + (level - float(colour @ _WEIGHTS)), 0, 255).astype(np.float32)
    return colour


def smooth_field(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> Float:
    """A soft random field: float32, ``shape``, about -1..1, with ``cells`` bumps along the longer side."""
    height, width = shape
    size = max(height, width)
    grid = rng.normal(0, 0.6, (max(2, cells * height // size + 2), max(2, cells * width // size + 2)))
    field = cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(field, np.float32)


def paper(shape: tuple[int, int], colour: Float, cap: float, rng: np.random.Generator) -> Float:
    """A sheet, plate or wall.

    Args:
        shape: Height and width in pixels.
        colour: float32, shape ``(3,)``.
        cap: Height of a capital in pixels, the measure of every texture.
        rng: Source of every choice.

    Returns:
        float32, shape ``(H, W, 3)``, RGB.
    """
    height, width = shape
    ground = np.broadcast_to(colour, (height, width, 3)).astype(np.float32)
    draw = rng.random()
    strength = float(rng.uniform(3, 22))
    if draw < 0.35:
        return ground
    if draw < 0.5:
        texture = smooth_field(shape, int(rng.integers(1, 5)), rng) * strength
    elif draw < 0.68:
        texture = smooth_field(shape, max(2, int(max(shape) / cap * rng.uniform(1, 5))), rng) * strength * 0.7
    elif draw < 0.8:
        grain = rng.standard_normal(shape, np.float32)
        texture = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.4, 1.2))) * strength
    elif draw < 0.88:
        along = np.arange(width if rng.random() < 0.5 else height, dtype=np.float32)
        wave = np.sin(along * (2 * np.pi / (cap * float(rng.uniform(0.15, 1.2))))) * strength * 0.5
        texture = np.broadcast_to(wave[None, :] if len(wave) == width else wave[:, None], shape)
    elif draw < 0.95:
        blotches = smooth_field(shape, max(2, int(max(shape) / cap * 2)), rng) > 0.7
        soft = cv2.GaussianBlur(blotches.astype(np.float32), (0, 0), max(0.5, cap * 0.05))
        texture = soft * strength * float(rng.choice([-2.0, 2.0]))
    else:
        return _panel(ground, cap, rng)
    return ground + np.asarray(texture, np.float32)[..., None]


def _panel(ground: Float, cap: float, rng: np.random.Generator) -> Float:
    """The sign ends near the border and something else begins."""
    edge = max(1, round(cap * float(rng.uniform(0.05, 0.25))))
    other = _tinted(float(rng.uniform(0, 255)), rng)
    side = int(rng.integers(0, 4))
    view = (ground[:edge], ground[-edge:], ground[:, :edge], ground[:, -edge:])[side]
    view[:] = other
    return ground


def relief(
    ink: Image, cap: float, rng: np.random.Generator
) -> tuple[Image | None, Image | None, tuple[float, float]]:
    """What surrounds letters on some signs.

    Args:
        ink: uint8, shape ``(H, W)``, the letters on the sheet.
        cap: Height of a capital in sheet pixels.
        rng: Source of every choice.

    Returns:
        ``outline`` (a rim) and ``shadow`` (thrown sideways), each uint8 of the same shape or None, and
        how strongly each shows, 0..1.
    """
    draw = rng.random()
    if draw < 0.07:
        size = 2 * max(1, round(cap * float(rng.uniform(0.03, 0.09)))) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        return np.asarray(cv2.dilate(ink, kernel), np.uint8), None, (1.0, 0.0)
    if draw < 0.19:
        shift = np.array([[1, 0, cap * rng.normal(0, 0.06)], [0, 1, cap * rng.uniform(0.0, 0.1)]])
        moved = cv2.warpAffine(ink, shift, (ink.shape[1], ink.shape[0]))
        soft = cv2.GaussianBlur(moved, (0, 0), max(0.3, cap * float(rng.uniform(0.005, 0.06))))
        return None, np.asarray(soft, np.uint8), (0.0, float(rng.uniform(0.3, 0.9)))
    return None, None, (0.0, 0.0)
