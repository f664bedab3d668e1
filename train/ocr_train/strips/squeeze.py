"""The strip of a line that training's and evaluation's batches hold: one that is too wide is squeezed, not cut."""

import cv2
import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT, strip
from ocr_edge.contract.types import Image


def squeezed(image: Image, width: int) -> tuple[Image, Image]:
    """A line's strip, of a narrower picture where it would be wider than a width.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        width: Most columns.

    Returns:
        ``rgb`` and ``binary`` as ``strip`` makes them.
    """
    rgb, binary = strip(image)
    if rgb.shape[1] <= width:
        return rgb, binary
    height = image.shape[0]
    size = (max(1, width * height // LINE_HEIGHT), height)
    rgb, binary = strip(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    return rgb[:, :width], binary[:, :width]
