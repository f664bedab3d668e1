"""Runs a detector: a picture in, its map of text out."""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import quantize_pixels
from ocr_edge.contract.types import Image
from ocr_edge.detect.quads import CELL, STRIDE
from ocr_edge.recognize.interpreter import Sides

OVERLAP = 64
"""Pixels that two neighbouring tiles have in common at least; the map changes over from one to the other in their
middle. A tile does not know what is beyond its edge."""


def text_map(networks: Sides, rgb: Image) -> npt.NDArray[np.float32]:
    """Where a picture shows text.

    A picture larger than the largest accepted size is looked at in tiles of that size: memory does not grow with it.

    Args:
        networks: The network for every accepted size.
        rgb: uint8, shape ``(H, W, 3)``.

    Returns:
        Probability of shrunken text, float32, shape ``(H / CELL, W / CELL)``, both rounded up.

    Raises:
        ModelError: The network failed.
    """
    height, width = rgb.shape[:2]
    tile = networks.sides[-1]
    if max(height, width) <= tile:
        return _whole(networks, rgb)
    text = np.zeros((-(-height // CELL), -(-width // CELL)), np.float32)
    for top, rows in _tiles(height, tile):
        for left, columns in _tiles(width, tile):
            seen = _whole(networks, rgb[top : top + tile, left : left + tile])
            y, x = top // CELL, left // CELL
            text[rows, columns] = seen[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
    return text


def _tiles(length: int, tile: int) -> Iterator[tuple[int, slice]]:
    """Where the tiles begin along a side, in pixels, and the cells of the map that each answers for."""
    cells = -(-length // CELL)
    count = 1 if length <= tile else -(-(length - OVERLAP) // (tile - OVERLAP))
    last = -(-max(0, length - tile) // STRIDE) * STRIDE
    # On the grid of the coarsest level, so that a tile is seen as the same place of the whole picture would be.
    begins = [round(last * n / max(1, count - 1) / STRIDE) * STRIDE for n in range(count)]
    changes = [(begin + previous + tile) // 2 // CELL for previous, begin in itertools.pairwise(begins)]
    for begin, first, end in zip(begins, [0, *changes], [*changes, cells], strict=True):
        yield begin, slice(first, end)


def _whole(networks: Sides, rgb: Image) -> npt.NDArray[np.float32]:
    """The map of a picture that fits an accepted size; what the size has more is black."""
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
