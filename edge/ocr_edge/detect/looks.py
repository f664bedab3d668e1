"""A picture as the detector sees it: smaller or larger, filled to a size that the network takes."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.detect.quads import STRIDE

CLOSE = 0.75
"""Down to this scale a picture is sampled with its neighbours (bilinear): nothing is skipped, and averaging whole areas
takes 12 ms for a photograph of 2048x1152 pixels, this 2."""


def looks(image: Image, sides: Iterable[int]) -> Iterator[tuple[Image, float]]:
    """A picture at several sizes, each smaller one made of the one before: so there are fewer pixels to go through.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        sides: Longer sides of the picture in each, in pixels; falling, to be sharp.

    Yields:
        uint8 RGB with sides that are multiples of ``STRIDE``, the rest black, and its scale beside the picture.
    """
    shape, source = image.shape[:2], image
    for side in sides:
        scale = side / max(shape)
        height, width = (max(1, round(length * scale)) for length in shape)
        form = cv2.INTER_AREA if side < CLOSE * max(source.shape[:2]) else cv2.INTER_LINEAR
        seen = np.asarray(cv2.resize(source, (width, height), interpolation=form), np.uint8)
        source = seen if scale < 1 else source
        filled = np.zeros((-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE, 3), np.uint8)
        filled[:height, :width] = seen
        yield filled, scale
