"""How far the letters of a crop lean, and a crop in which they stand."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import scaled_by
from ocr_edge.contract.types import Image
from ocr_edge.geometry.transform import Matrix

MIN_SLANT, MAX_SLANT, SLANT_STEP = 10.0, 35.0, 5.0
"""Degrees of slant from which a crop is sheared, up to which one is believed, and to which it is known."""
SLANT_HEIGHT = 48
"""Pixels of a crop's height at which its slant is looked for."""
Pixels = npt.NDArray[Any]


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
