"""From ink and surface to a photograph: geometry, blur, low resolution, noise, JPEG."""

import random

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.strips.surface import Light, Surfaces

Matrix = npt.NDArray[np.float32]


def placed(rng: random.Random, mask: Image, height: int, widest: float, *, tame: bool = False) -> Image:
    """An ink mask as a camera sees it: scaled, slanted, turned, in perspective or bent, with margins.

    Args:
        rng: Source of every choice.
        mask: uint8, shape ``(h, w)`` or, several of them, ``(h, w, n)``, cropped to its ink.
        height: Rows of the result.
        widest: Most columns of the result beside its rows.
        tame: Keep slant and margins small, for what is photographed already.

    Returns:
        uint8, shape ``(height, width)`` or ``(height, width, n)``.
    """
    inked = height * rng.uniform(0.58, 0.98) * (1.0 if mask.shape[0] > 14 else rng.uniform(0.4, 0.9))
    scale = inked / mask.shape[0]
    left, right = (height * rng.uniform(0.0, 0.45) for _ in range(2))
    across = scale * (rng.uniform(0.72, 1.3) if rng.random() < 0.5 else rng.uniform(0.9, 1.1))
    across = min(across, max(widest * height - left - right, height * 0.3) / mask.shape[1])
    wide = mask.shape[1] * across
    width = max(4, min(round(wide + left + right), int(widest * height)))
    top = (height - inked) * rng.random()
    if min(scale, across) < 0.7:  # by area first: a warp would skip pixels
        size = (max(1, round(mask.shape[1] * min(across, 1))), max(1, round(mask.shape[0] * min(scale, 1))))
        mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    reach = 0.03 if tame else rng.choice((0.0, 0.02, 0.05, 0.1))
    slant = 0.0 if tame or rng.random() < 0.6 else rng.uniform(-0.35, 0.35) * inked
    drop = rng.uniform(-1, 1) * min(reach * 2 * height, (height - inked) * 0.6 + 0.04 * height)
    base = top + inked
    upper = [[left + slant, top - drop], [left + wide + slant, top + drop]]
    lower = [[left + wide, base + drop], [left, base - drop]]
    corners = np.array([*upper, *lower], np.float32)
    corners += np.array(
        [[rng.uniform(-reach, reach) * height for _ in range(2)] for _ in range(4)], np.float32
    )
    if slant:  # keep it in the picture
        least, most = float(corners[:, 0].min()), float(corners[:, 0].max())
        corners[:, 0] += min(0.0, width - most + 1) if slant > 0 else max(0.0, -least)
    h, w = mask.shape[:2]
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    seen = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    placed_mask = np.asarray(seen, np.uint8)
    return _bent(rng, placed_mask) if not tame and rng.random() < 0.07 else placed_mask


def _bent(rng: random.Random, mask: Image) -> Image:
    """A mask whose line is an arc, as on a bottle."""
    height, width = mask.shape[:2]
    xs = np.linspace(-1, 1, width, dtype=np.float32)
    rise = (xs**2 - 0.4) * rng.uniform(-0.16, 0.16) * height
    map_x = np.broadcast_to(np.arange(width, dtype=np.float32), (height, width))
    map_y = np.arange(height, dtype=np.float32)[:, None] + rise[None, :]
    return np.asarray(cv2.remap(mask, np.ascontiguousarray(map_x), map_y, cv2.INTER_LINEAR), np.uint8)


def photographed(
    rng: random.Random,
    picture: Light,
    surfaces: Surfaces,
    strength: float = 1.0,
    *,
    text_height: float | None = None,
) -> Image:
    """A picture after lens, sensor and compression.

    Args:
        rng: Source of every choice.
        picture: float32 RGB, shape ``(H, W, 3)``, 0 to 255.
        surfaces: Has noise ready.
        strength: How far things go, 0 to 1; real pictures have been through it once.
        text_height: How high its text is, in pixels: that of the picture where nothing is said. Blur goes by it.

    Returns:
        uint8 RGB, same shape.
    """
    height = text_height or picture.shape[0]
    roll = rng.random()
    if roll < 0.45 * strength:
        sigma = rng.uniform(0.2, 1.25) * height / 32
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.2)), np.float32)
    elif roll < 0.53 * strength:
        picture = _shaken(rng, picture, height)
    if rng.random() < 0.5 * strength:
        deviation = rng.uniform(1, 9) if rng.random() < 0.8 else rng.uniform(9, 22)
        picture = picture + surfaces.noise(rng, picture.shape[:2], coloured=rng.random() < 0.4) * np.float32(
            deviation
        )
    image = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.3 * strength:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(18, 85)])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def _shaken(rng: random.Random, picture: Light, height: float) -> Light:
    """Motion blur over a few pixels, along or across the line."""
    length = max(2, round(rng.uniform(2, 4.5) * height / 32))
    kernel = np.full((1, length) if rng.random() < 0.6 else (length, 1), 1 / length, np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel), np.float32)


def moved(rng: random.Random, image: Image, strength: float = 1.0) -> Image:
    """A real crop cut a little differently: margins, a slight slant, turn and stretch; colours as they are.

    Args:
        rng: Source of every choice.
        image: uint8 RGB, shape ``(H, W, 3)``.
        strength: How far, 0 to 1.

    Returns:
        uint8 RGB, about the same size.
    """
    height, width = image.shape[:2]
    reach = 0.07 * strength * height
    out = (max(4, round(width * rng.uniform(1 - 0.12 * strength, 1 + 0.12 * strength))), height)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array([[0, 0], [out[0], 0], [out[0], height], [0, height]], np.float32)
    pad = rng.uniform(-0.04, 0.1) * strength * height
    target += np.array([[pad, pad], [-pad, pad], [-pad, -pad], [pad, -pad]], np.float32)
    target += np.array([[rng.uniform(-reach, reach) * 0.5 for _ in range(2)] for _ in range(4)], np.float32)
    slant = rng.uniform(-0.15, 0.15) * strength * height
    target[:2, 0] += slant / 2
    target[2:, 0] -= slant / 2
    matrix = cv2.getPerspectiveTransform(source, target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
