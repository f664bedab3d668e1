"""A picture as the detector sees it: smaller or larger, filled to a size that the network takes."""

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.detect.quads import STRIDE


def look(image: Image, longest: int) -> tuple[Image, float]:
    """A picture for one run of the network.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        longest: Its longer side afterwards, in pixels.

    Returns:
        uint8 RGB with sides that are multiples of ``STRIDE``, the rest black, and its scale beside the picture.
    """
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    seen = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    filled = np.zeros((-(-size[0] // STRIDE) * STRIDE, -(-size[1] // STRIDE) * STRIDE, 3), np.uint8)
    filled[: size[0], : size[1]] = seen
    return filled, scale
