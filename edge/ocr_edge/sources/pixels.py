"""From whatever a decoder gives (grey, 16 bit, float, transparent) to RGB bytes."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image

Pixels = npt.NDArray[Any]

DEPTHS = (8, 10, 12, 14, 16)
"""Bits per value that cameras and scanners put into 16-bit files."""
CLEAR_SHARE = 0.25
"""A picture less transparent than this keeps white paper: only its corners or edges are cut out."""
DARK_SHARE = 0.05
"""With fewer dark pixels than this share of the visible ones, the ink is light and needs black paper."""
BAND = 2**20
"""Pixels that are converted at a time: what that takes besides stays small, however large the picture."""


def to_rgb(raw: Pixels) -> Image:
    """Make RGB bytes of a decoded picture.

    Args:
        raw: Shape ``(H, W)`` or ``(H, W, C)``; one channel is grey, two are grey and alpha, three BGR, four
        BGR and
            alpha. Any number type.

    Returns:
        uint8, shape ``(H, W, 3)``, contiguous. Transparent parts show white, or black where the ink is light.
    """
    raw = raw[:, :, None] if raw.ndim == 2 else raw
    channels = raw.shape[2]
    colour = raw[:, :, : 1 if channels < 3 else 3]
    flag = cv2.COLOR_GRAY2RGB if channels < 3 else cv2.COLOR_BGR2RGB
    low, gain = _scale(colour)
    rgb = np.empty((*raw.shape[:2], 3), np.uint8)
    for rows in _bands(raw):
        cv2.cvtColor(_scaled(colour[rows], low, gain), flag, dst=rgb[rows])
    if channels in (2, 4):
        _lay_over_paper(rgb, raw[:, :, channels - 1])
    return rgb


def to_bytes(values: Pixels) -> Image:
    """Bring any number type to 0..255.

    16-bit values are scaled by the smallest usual depth that holds the largest of them, so that a 12-bit
    picture in a 16-bit file is not black. Floats within 0..1 are scaled by 255; other floats and signed
    numbers by their range.

    Args:
        values: Shape ``(H, W, C)``.

    Returns:
        uint8, same shape.
    """
    return _scaled(values, *_scale(values))


def _bands(values: Pixels) -> list[slice]:
    """Rows of a picture, some at a time."""
    step = max(1, BAND // max(1, values.shape[1]))
    return [slice(top, top + step) for top in range(0, values.shape[0], step)]


def _scale(values: Pixels) -> tuple[float, float]:
    """What becomes 0, and the factor of all above it."""
    low, gain = 0.0, 255.0
    if values.dtype == np.uint8:
        return 0.0, 1.0
    if values.dtype == np.uint16:
        largest = int(values.max())
        return low, gain / next(2**bits - 1 for bits in DEPTHS if largest < 2**bits)
    ranges = [
        (float(band.min()), float(band.max())) for rows in _bands(values) for band in [_finite(values[rows])]
    ]
    smallest, highest = min(low for low, _ in ranges), max(high for _, high in ranges)
    if smallest < 0 or highest > 1:
        low, gain = smallest, 255.0 / max(highest - smallest, 1e-6)
    return low, gain


def _finite(values: Pixels) -> Pixels:
    with np.errstate(over="ignore", invalid="ignore"):  # a float of 64 bits may be none of 32
        return np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)


def _scaled(values: Pixels, low: float, gain: float) -> Image:
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, np.uint8)
    values = np.ascontiguousarray(values) if values.dtype == np.uint16 else _finite(values)
    scaled = cv2.convertScaleAbs(values, alpha=gain, beta=-low * gain)
    return np.asarray(scaled, np.uint8).reshape(values.shape)


def _lay_over_paper(rgb: Image, alpha: Pixels) -> None:
    """Lay a transparent picture on the paper that lets its ink be seen, in place."""
    opaque, seen, dark = True, 0, 0
    for rows in _bands(rgb):
        clear = _alpha(alpha[rows])
        visible = clear >= 128
        opaque = opaque and int(clear.min()) == 255
        seen += int(visible.sum())
        dark += int(((np.asarray(cv2.cvtColor(rgb[rows], cv2.COLOR_RGB2GRAY)) < 128) & visible).sum())
    if opaque:
        return
    light_ink = seen > 0 and dark < DARK_SHARE * seen
    paper = 0 if light_ink and 1 - seen / alpha.size >= CLEAR_SHARE else 255
    for rows in _bands(rgb):
        clear = _alpha(alpha[rows])[:, :, None].astype(np.uint16)
        # 255 * 255 + 127 fits into 16 bits, so no channel needs more.
        rgb[rows] = (rgb[rows] * clear + ((255 - clear) * np.uint16(paper) + np.uint16(127))) // 255


def _alpha(values: Pixels) -> Image:
    """Opacity as bytes: by the type's full range, never by its content."""
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8)
    full = np.iinfo(values.dtype).max if np.issubdtype(values.dtype, np.integer) else 1.0
    return np.asarray(np.clip(_finite(values) * (255.0 / full), 0, 255).round(), np.uint8)
