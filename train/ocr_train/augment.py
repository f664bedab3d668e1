"""Augmentation of training glyphs: what a camera, a lamp and a cutter do to characters."""

import cv2
import numpy as np

from ocr_edge.contract.preprocess import guess_polarity, luminance, otsu, resize
from ocr_edge.contract.types import Glyph, Image, Polarity

CANVAS = 40
"""Longest side, in pixels, at which augmentation works: more than the network sees, and quick."""


def augment(glyph: Glyph, rng: np.random.Generator, *, plain: bool = False, strength: float = 1.0) -> Glyph:
    """Change a glyph as its next capture might.

    Args:
        glyph: Any crop.
        rng: Source of every choice.
        plain: Ink on blank paper: it may be coloured and put on a textured ground.
        strength: Scales how often and how far a glyph is changed, 0..1; little keeps what its size in the crop
            and the weight of its strokes say.

    Returns:
        A new glyph. Its binary form is kept in step when there is one, and left to be derived when there is
        not.
    """
    rgb, mask = _bounded(tighten(glyph) if rng.random() < 0.35 * strength else glyph)
    if plain and mask is None and rng.random() < 0.6 * strength:
        rgb = _colourise(rgb, rng)
    if rng.random() < 0.25 * strength:
        rgb, mask = _stroke(rgb, mask, rng)
    rgb, mask = _warp(rgb, mask, rng, strength)
    if rng.random() < 0.3 * strength:
        rgb = _blur(rgb, rng)
    if rng.random() < 0.3 * strength:
        rgb = _low_resolution(rgb, rng)
    # Where the ink is yet to be derived by one level for the whole crop, a strong slope of light would hide it.
    rgb = _light(rgb, rng, 60 if mask is not None else 25)
    polarity = glyph.polarity
    if rng.random() < 0.3:
        rgb = 255 - rgb
        if polarity is not None:
            polarity = Polarity.LIGHT if polarity is Polarity.DARK else Polarity.DARK
    return Glyph(rgb, mask, polarity)


def _bounded(glyph: Glyph) -> tuple[Image, Image | None]:
    """The crop and its mask, shrunk so that the longest side is at most ``CANVAS``."""
    height, width = glyph.rgb.shape[:2]
    scale = CANVAS / max(height, width)
    if scale >= 1:
        return glyph.rgb, glyph.binary
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return resize(glyph.rgb, size), None if glyph.binary is None else resize(glyph.binary, size)


def _colourise(rgb: Image, rng: np.random.Generator) -> Image:
    """Replace the two greys of a plain crop by two colours on an uneven ground."""
    level = luminance(rgb).astype(np.float32)[..., None] / 255
    first, second = rng.uniform(0, 255, (2, 3))
    if abs(first.mean() - second.mean()) < 60:
        return rgb
    ground = second + rng.uniform(-25, 25) * np.linspace(-1, 1, rgb.shape[1])[None, :, None]
    ground = ground + rng.normal(0, rng.uniform(0, 10), (*rgb.shape[:2], 1))
    return np.asarray(np.clip(first * (1 - level) + ground * level, 0, 255), np.uint8)


def _stroke(rgb: Image, mask: Image | None, rng: np.random.Generator) -> tuple[Image, Image | None]:
    """Make the strokes thicker or thinner by half a pixel or so at crop size."""
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    kernel = np.ones((2, 2) if rng.random() < 0.6 else (3, 3), np.uint8)
    if mask is None:
        return np.asarray(change(rgb, kernel), np.uint8), None
    # A mask knows which side is ink: dilating dark ink is eroding the picture.
    ink, paper = mask[..., 0] > 127, mask[..., 0] <= 127
    if not ink.any() or not paper.any():
        return rgb, mask
    gray = luminance(rgb)
    dark = gray[ink].mean() < gray[paper].mean()
    other = (cv2.erode if change is cv2.dilate else cv2.dilate) if dark else change
    return np.asarray(other(rgb, kernel), np.uint8), np.asarray(change(mask, kernel), np.uint8).reshape(
        mask.shape
    )


def _warp(
    rgb: Image, mask: Image | None, rng: np.random.Generator, strength: float
) -> tuple[Image, Image | None]:
    """Rotate, shear, stretch and re-crop, as tilted cameras and imprecise cutters do."""
    height, width = rgb.shape[:2]
    angle = np.deg2rad(rng.normal(0, 5)) * strength
    shear, aspect = rng.normal(0, 0.12) * strength, np.exp(rng.normal(0, 0.1) * strength)
    # Margins as a share of the longer side; negative ones cut into the crop.
    side = max(height, width)
    left, right, top, bottom = rng.normal(0.02, 0.05, 4).clip(-0.08, 0.3) * side * strength
    if rng.random() < 0.15 * strength:
        left, right, top, bottom = rng.uniform(0, 0.3, 4) * side
    out = max(4, round(width * aspect + left + right)), max(4, round(height + top + bottom))
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[aspect, shear], [0.0, 1.0]])
    middle = np.array([width / 2, height / 2])
    target = np.array([left + width * aspect / 2, top + height / 2])
    matrix = np.hstack([linear, (target - linear @ middle)[:, None]])
    moved = cv2.warpAffine(rgb, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if mask is None:
        return np.asarray(moved, np.uint8), None
    moved_mask = cv2.warpAffine(mask, matrix, out, flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(moved, np.uint8), np.asarray(moved_mask, np.uint8)[..., None]


def _blur(rgb: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or moved while exposed."""
    side = max(rgb.shape[:2])
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.01, 0.05) * side), np.uint8)
    length = max(2, round(rng.uniform(0.04, 0.14) * side))
    return np.asarray(cv2.blur(rgb, (length, 1) if rng.random() < 0.5 else (1, length)), np.uint8)


def _low_resolution(rgb: Image, rng: np.random.Generator) -> Image:
    """Small in the picture: only a dozen pixels high."""
    height, width = rgb.shape[:2]
    scale = rng.uniform(9, 24) / max(height, width)
    if scale >= 1:
        return rgb
    return resize(resize(rgb, (max(2, round(height * scale)), max(2, round(width * scale)))), (height, width))


def _light(rgb: Image, rng: np.random.Generator, slope: float) -> Image:
    """Light that differs by up to ``slope`` levels over the crop, tint, less contrast and sensor noise, in one pass."""
    height, width = rgb.shape[:2]
    level = rgb.astype(np.float32)
    if rng.random() < 0.3:
        across, down = rng.uniform(-slope, slope, 2).astype(np.float32)
        level += (across * np.linspace(-0.5, 0.5, width, dtype=np.float32))[None, :, None]
        level += (down * np.linspace(-0.5, 0.5, height, dtype=np.float32))[:, None, None]
    contrast = rng.uniform(0.4, 1.1)
    tint = rng.normal(1.0, 0.08, 3).astype(np.float32)
    level = (level - 127) * contrast * tint + rng.uniform(80, 175)
    if rng.random() < 0.5:
        level += rng.normal(0, rng.uniform(1, 12), (height, width, 1)).astype(np.float32)
    return np.clip(level, 0, 255).astype(np.uint8)


def tighten(glyph: Glyph) -> Glyph:
    """Cut a crop down to its ink and a small margin, as the device's segmenter would.

    Args:
        glyph: A crop with margins around the character.

    Returns:
        The tighter crop; the same glyph when its ink touches the border or cannot be told from the paper.
    """
    gray = luminance(glyph.rgb)
    ink = (
        glyph.binary[..., 0]
        if glyph.binary is not None
        else otsu(gray, glyph.polarity or guess_polarity(gray))
    )
    left, top, width, height = cv2.boundingRect(ink)
    if width < 2 or height < 2 or width * height > 0.8 * gray.size:
        return glyph
    margin = round(0.08 * max(width, height))
    rows = slice(max(0, top - margin), top + height + margin)
    columns = slice(max(0, left - margin), left + width + margin)
    mask = None if glyph.binary is None else glyph.binary[rows, columns]
    return Glyph(np.ascontiguousarray(glyph.rgb[rows, columns]), mask, glyph.polarity)
