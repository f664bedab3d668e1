"""A picture made small enough to be sent around."""

import cv2
import numpy as np

from ocr_edge.contract.types import Image

_QUALITY = 80
_LONGEST = 1280
_SMALLEST = 32


def jpeg(image: Image, max_bytes: int) -> bytes:
    """The picture as a JPEG that is no larger than wanted: it is shrunk until it fits.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        max_bytes: At least 4096.

    Returns:
        The file's content; at most 1280 pixels wide and high.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    share = min(_LONGEST / max(bgr.shape[:2]), 1.0)
    while True:
        if share < 1.0:
            height, width = (max(round(side * share), 1) for side in bgr.shape[:2])
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        data: bytes = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        if len(data) <= max_bytes or max(bgr.shape[:2]) <= _SMALLEST:
            return data
        share = float(np.clip(0.95 * (max_bytes / len(data)) ** 0.5, 0.3, 0.9))
