"""Runs a detector: a picture in, its map of text out."""

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import quantize_pixels
from ocr_edge.contract.types import Image
from ocr_edge.detect.quads import CELL
from ocr_edge.recognize.interpreter import Sides


def text_map(networks: Sides, rgb: Image) -> npt.NDArray[np.float32]:
    """Where a picture shows text.

    Args:
        networks: The network for every accepted size.
        rgb: uint8, shape ``(H, W, 3)``, no side longer than the largest accepted one.

    Returns:
        Probability of shrunken text, float32, shape ``(H / CELL, W / CELL)``, both rounded up.

    Raises:
        ModelError: The network failed.
    """
    height, width = rgb.shape[:2]
    size, network = networks.holding(height, width)
    seen = rgb
    if size != (height, width):
        seen = np.zeros((*size, 3), np.uint8)
        seen[:height, :width] = rgb
    if network.output is None:
        found = np.asarray(network.run({"rgb": seen.astype(np.float32)[None]}), np.float32)
    else:
        found = network.output.dequantize(network.run({"rgb": quantize_pixels(seen)[None]}))
    return np.asarray(found[: -(-height // CELL), : -(-width // CELL), 0], np.float32)
