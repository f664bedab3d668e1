"""A picture with nothing but its regions, for owners who store and show no more than that."""

from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.geometry.transform import Points


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
        corners = np.clip(np.nan_to_num(quad), -limit, limit) - 0.5  # OpenCV counts from the pixels' centres
        corners += 0.01 * np.sign(corners.mean(axis=0) - corners)  # half a pixel is rounded inwards
        # One by one: fillPoly leaves out what two polygons share.
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 255)
    return np.asarray(cv2.bitwise_and(image, image, mask=mask), np.uint8)
