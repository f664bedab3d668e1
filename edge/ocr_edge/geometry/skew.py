"""How far the lines of a picture are tilted and its letters slanted, and a picture straightened."""

import itertools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import scaled_by
from ocr_edge.contract.types import Box, Image
from ocr_edge.geometry.transform import Matrix

MIN_TILT, MAX_TILT = 1.5, 30.0
"""Degrees from which a picture is turned, and up to which a tilt is believed."""
MIN_PAIRS = 12
"""Neighbours of equal height that a tilt is read from, at least."""
MAX_SPREAD = 6.0
"""Degrees between the quartiles of their directions, at most: beyond it they are no lines of text."""
MIN_SLANT, MAX_SLANT, SLANT_STEP = 10.0, 35.0, 5.0
"""Degrees of slant from which a crop is sheared, up to which one is believed, and to which it is known."""
SLANT_HEIGHT = 48
"""Pixels of a crop's height at which its slant is looked for."""
Pixels = npt.NDArray[Any]


def tilt(lines: Sequence[Sequence[Box]]) -> float:
    """The median direction from one piece of a line to the next of equal height, in degrees, clockwise down.

    Pairs are local: they show the tilt even where it has run lines together.

    Args:
        lines: The pieces of each line, as segmented from the picture as it is.

    Returns:
        Degrees between ``-MAX_TILT`` and ``MAX_TILT``; 0 where there is too little text or no common direction.
    """
    angles = [
        np.degrees(np.arctan2(b.top + b.bottom - a.top - a.bottom, b.left + b.right - a.left - a.right))
        for line in lines
        if len(line) >= 4
        for a, b in itertools.pairwise(line)
        if abs(a.height - b.height) <= 0.12 * max(a.height, b.height) and b.left > a.left
    ]
    near = [angle for angle in angles if abs(angle) <= MAX_TILT]
    if len(near) < MIN_PAIRS or len(near) < len(angles) / 2:
        return 0.0
    low, middle, high = np.percentile(near, (25, 50, 75))
    return float(middle) if high - low <= MAX_SPREAD else 0.0


def slant(gray: Image) -> float:
    """How far the upright strokes of a crop of text lean to the right, in degrees.

    The shear under which the edges between ink and paper stand most nearly above each other (Vinciarelli & Luettin,
    Pattern Recognition Letters 22, 2001).

    Args:
        gray: uint8, shape ``(H, W)``.

    Returns:
        Degrees between ``-MAX_SLANT`` and ``MAX_SLANT``, in steps of ``SLANT_STEP``.
    """
    scale = min(1.0, SLANT_HEIGHT / gray.shape[0])
    small = scaled_by(gray, scale)
    edges = np.abs(np.asarray(cv2.Sobel(small, cv2.CV_32F, 1, 0), np.float32))[..., None]
    steps = np.arange(-MAX_SLANT, MAX_SLANT + 1, SLANT_STEP)
    sharpness = [float(np.square(upright(edges, degrees)[0].sum(axis=0)).sum()) for degrees in steps]
    return float(steps[int(np.argmax(sharpness))])


def upright(image: Pixels, degrees: float) -> tuple[Pixels, Matrix]:
    """Shear a picture so that letters that lean stand.

    Args:
        image: Shape ``(H, W, C)``.
        degrees: From ``slant``.

    Returns:
        The sheared picture, wider than it was, and the matrix that takes its pixels back to those of ``image``.
    """
    height, width = image.shape[:2]
    shear = float(np.tan(np.radians(degrees)))
    matrix = np.array([(1.0, shear, max(0.0, -shear * height)), (0.0, 1.0, 0.0)])
    size = width + int(np.ceil(abs(shear) * height)), height
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    turned = turned.reshape(*turned.shape[:2], -1)
    return turned, np.vstack([cv2.invertAffineTransform(matrix), (0.0, 0.0, 1.0)])


def straightened(image: Image, degrees: float) -> tuple[Image, Matrix]:
    """Turn a picture against its tilt, nothing cut off.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        degrees: From ``tilt``.

    Returns:
        The turned picture, and the matrix that takes its pixels back to those of ``image``.
    """
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), np.vstack([cv2.invertAffineTransform(matrix), (0.0, 0.0, 1.0)])
