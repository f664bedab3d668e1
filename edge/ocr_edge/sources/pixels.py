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
    colour = to_bytes(raw[:, :, : 1 if channels < 3 else 3])
    flag = cv2.COLOR_GRAY2RGB if channels < 3 else cv2.COLOR_BGR2RGB
    rgb = np.asarray(cv2.cvtColor(colour, flag), np.uint8)
    return over_paper(rgb, _alpha(raw[:, :, channels - 1])) if channels in (2, 4) else rgb


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
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, np.uint8)
    low, gain = 0.0, 255.0
    if values.dtype == np.uint16:
        largest = int(values.max())
        gain /= next(2**bits - 1 for bits in DEPTHS if largest < 2**bits)
    else:
        values = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
        smallest, highest = float(values.min()), float(values.max())
        if smallest < 0 or highest > 1:
            low, gain = smallest, 255.0 / max(highest - smallest, 1e-6)
    scaled = cv2.convertScaleAbs(np.ascontiguousarray(values), alpha=gain, beta=-low * gain)
    return np.asarray(scaled, np.uint8).reshape(values.shape)


def over_paper(rgb: Image, alpha: Image) -> Image:
    """Lay a transparent picture on the paper that lets its ink be seen.

    Args:
        rgb: uint8, shape ``(H, W, 3)``.
        alpha: uint8, shape ``(H, W)``, 255 where the picture is opaque.

    Returns:
        uint8, shape ``(H, W, 3)``.
    """
    if int(alpha.min()) == 255:
        return rgb
    visible = alpha >= 128
    bright = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8) >= 128
    dark_share = float(np.mean(~bright[visible])) if visible.any() else 1.0
    paper = 0 if dark_share < DARK_SHARE and 1 - float(visible.mean()) >= CLEAR_SHARE else 255
    behind = (255 - alpha).astype(np.uint16) * np.uint16(paper) + np.uint16(127)
    # 255 * 255 + 127 fits into 16 bits, so no channel needs more.
    mixed = [(rgb[:, :, channel].astype(np.uint16) * alpha + behind) // 255 for channel in range(3)]
    return np.stack(mixed, axis=2).astype(np.uint8)


def _alpha(values: Pixels) -> Image:
    """Opacity as bytes: by the type's full range, never by its content."""
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8)
    full = np.iinfo(values.dtype).max if np.issubdtype(values.dtype, np.integer) else 1.0
    return np.asarray(np.clip(values.astype(np.float32) * (255.0 / full), 0, 255).round(), np.uint8)
