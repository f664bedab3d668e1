"""A sheet of lines as the network sees them: colour above ink, and texts beneath."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_edge.contract.types import Image
from ocr_train.pictures.figure import figure, save
from ocr_train.pictures.sheet import GAP, GROUND, HEAD, LINE

WIDTH = 1500
"""Pixels of a sheet, at least; a wider strip makes it wider."""
LETTER = 6.8
"""Pixels of a letter of a caption."""
Strip = tuple[Image, Image]
"""Colour, uint8 (32, w, 3), and ink, uint8 (32, w, 1)."""


def draw_strips(path: Path, strips: Sequence[Strip], captions: Sequence[str], *, title: str = "") -> None:
    """Draw lines side by side and one below the other, in their order.

    Args:
        path: The PNG file to write.
        strips: What is drawn, each as wide as it likes.
        captions: A text of one or several lines for each; all of them with as many lines.
        title: A line above the sheet.
    """
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    places, size = arranged([cell_width(s, c) for s, c in zip(strips, captions, strict=True)], lines)
    canvas = np.full((*size, 3), GROUND, np.uint8)
    drawn = figure(size[1], size[0])
    axes = drawn.add_axes((0, 0, 1, 1))
    for (rgb, binary), (left, top) in zip(strips, places, strict=True):
        columns = slice(left, left + rgb.shape[1])
        canvas[top : top + LINE_HEIGHT, columns] = rgb
        canvas[top + LINE_HEIGHT + 2 : top + 2 * LINE_HEIGHT + 2, columns] = binary
    axes.imshow(canvas, interpolation="none", extent=(0, size[1], size[0], 0), aspect="auto")
    axes.set_axis_off()
    # parse_math off: a caption may be a dollar sign.
    axes.text(GAP, HEAD / 2, title, va="center", fontsize=9, parse_math=False)
    style = {
        "va": "top",
        "fontsize": 8,
        "family": "DejaVu Sans Mono",
        "linespacing": 1.15,
        "parse_math": False,
    }
    for (left, top), caption in zip(places, captions, strict=True):
        axes.text(left, top + 2 * LINE_HEIGHT + 4, caption, **style)
    save(drawn, path)


def cell_width(strip: Strip, caption: str) -> int:
    """Pixels that a strip and its caption need."""
    letters = max(map(len, caption.split("\n")))
    return max(int(strip[0].shape[1]), round(LETTER * letters), LINE_HEIGHT) + GAP


def arranged(widths: Sequence[int], lines: int) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Where cells go, row by row, and how large the sheet is.

    Args:
        widths: Of the cells, in their order.
        lines: Of each caption.

    Returns:
        Left and top of each cell; height and width of the sheet.
    """
    right = max(WIDTH, GAP + max(widths, default=0))
    height = 2 * LINE_HEIGHT + 4 + LINE * lines + GAP
    left, top, places = GAP, HEAD, []
    for width in widths:
        if left + width > right and left > GAP:
            left, top = GAP, top + height
        places.append((left, top))
        left += width
    return places, (top + height * bool(widths), right)
