"""A picture with nothing but its regions, for owners who store and show no more than that."""

from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.regions.pose import Points


def outside(image: Image, quads: Sequence[Points]) -> Image:
    """Blacken what no region covers.

    Args:
        image: uint8, shape ``(H, W, C)`` or ``(H, W)``; it is not changed.
        quads: The corners of each region, shape ``(4, 2)``, in pixels of ``image``; they may lie outside of it.

    Returns:
        A new picture of the same shape; all black when there is no region.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    limit = 4 * max(image.shape)
    for quad in quads:
        # One by one: fillPoly leaves out what two polygons share. OpenCV takes 32-bit integers, pixel centres.
        corners = np.round(np.clip(np.nan_to_num(quad), -limit, limit) - 0.5).astype(np.int32)
        cv2.fillConvexPoly(mask, corners, 255)
    return np.asarray(cv2.bitwise_and(image, image, mask=mask), np.uint8)
