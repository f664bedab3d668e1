"""A contact sheet: each glyph's two inputs, colour above binary, and a caption beneath."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.pictures.figure import figure, save

SCALE = 2
"""Screen pixels for one pixel that the network sees."""
GAP, LINE, HEAD, GROUND = 8, 15, 30, 236
"""Pixels between cells, of a line of caption and of the title, and the grey level behind it all."""


def draw_sheet(
    path: Path, inputs: dict[str, Image], captions: Sequence[str], *, title: str = "", columns: int = 20
) -> None:
    """Draw glyphs as the network sees them.

    Args:
        path: The PNG file to write.
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1).
        captions: A text of one or several lines for each glyph; all of them with as many lines.
        title: A line above the sheet.
        columns: Glyphs in a row.
    """
    canvas, places = compose(inputs, captions, columns)
    height, width = canvas.shape[:2]
    drawn = figure(width, height)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.imshow(canvas, interpolation="none", extent=(0, width, height, 0), aspect="auto")
    axes.set_axis_off()
    # parse_math off: a caption may be a dollar sign.
    axes.text(GAP, HEAD / 2, title, va="center", fontsize=9, parse_math=False)
    for (left, top), caption in zip(places, captions, strict=True):
        axes.text(left, top, caption, ha="center", va="top", fontsize=8, linespacing=1.1, parse_math=False)
    save(drawn, path)


def compose(
    inputs: dict[str, Image], captions: Sequence[str], columns: int
) -> tuple[Image, list[tuple[float, float]]]:
    """The sheet without its texts, and where each caption goes.

    Args:
        inputs: As for ``draw_sheet``.
        captions: As for ``draw_sheet``; only their lines are counted.
        columns: Glyphs in a row, at most.

    Returns:
        uint8, shape ``(height, width, 3)``; and the top centre of each caption as ``(x, y)`` in its pixels.
    """
    count, height, width = inputs["rgb"].shape[:3]
    columns = max(1, min(columns, count))
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    cell_width = width * SCALE + GAP
    cell_height = 2 * height * SCALE + 2 + LINE * lines + GAP
    rows = -(-count // columns)
    # Never narrower than the title.
    canvas = np.full((HEAD + rows * cell_height, max(columns * cell_width + GAP, 480), 3), GROUND, np.uint8)
    places = []
    for index in range(count):
        row, column = divmod(index, columns)
        top, left = HEAD + row * cell_height, GAP + column * cell_width
        for name in ("rgb", "binary"):
            block = _enlarged(inputs[name][index])
            canvas[top : top + block.shape[0], left : left + block.shape[1]] = block
            top += block.shape[0] + 2
        places.append((left + width * SCALE / 2, float(top)))
    return canvas, places


def _enlarged(image: Image) -> Image:
    """An input in colour and at screen size, its pixels still to be told apart."""
    colour = np.broadcast_to(image, (*image.shape[:2], 3))
    size = image.shape[1] * SCALE, image.shape[0] * SCALE
    return np.asarray(
        cv2.resize(np.ascontiguousarray(colour), size, interpolation=cv2.INTER_NEAREST), np.uint8
    )
