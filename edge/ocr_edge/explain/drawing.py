"""Text, boxes and sheets for pictures that explain: white paper, dark letters, one colour a meaning."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Image
from ocr_edge.geometry.transform import Points

Colour = tuple[int, int, int]
Point = tuple[int, int]
Note = tuple[str, Colour]

PAPER: Colour = (255, 255, 255)
INK: Colour = (25, 25, 25)
GREY: Colour = (115, 115, 115)
GREEN: Colour = (0, 140, 40)
BLUE: Colour = (0, 90, 210)
ORANGE: Colour = (230, 110, 0)
MAGENTA: Colour = (190, 0, 170)
RED: Colour = (210, 20, 20)

TINY, SMALL, NORMAL, LARGE = 10, 12, 14, 20
"""Rows of a capital letter."""
WIDEST = 1240
"""Columns of the widest picture inside a sheet."""
MARGIN = 10
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ALL = int(cv2.__version__.partition(".")[0]) >= 5
"""Whether OpenCV draws more than ASCII: from version 5."""


def written(text: str) -> str:
    """The text with the numbers of the characters that OpenCV cannot draw."""
    return "".join(c if " " <= c <= "~" or (_ALL and c.isprintable()) else f"<U+{ord(c):04X}>" for c in text)


def text_width(text: str, rows: int) -> int:
    """Columns that a text takes."""
    return int(cv2.getTextSize(written(text), _FONT, _scale(rows), 1)[0][0])


def write(canvas: Image, at: Point, text: str, rows: int = NORMAL, paint: Colour = INK) -> None:
    """Draw a text whose capitals begin at the left and top of ``at``, ``(column, row)``."""
    start = (int(at[0]), int(at[1]) + rows)
    cv2.putText(canvas, written(text), start, _FONT, _scale(rows), paint, 1, cv2.LINE_AA)


def frame(canvas: Image, box: Box, paint: Colour, weight: int = 1) -> None:
    """Draw a rectangle."""
    cv2.rectangle(canvas, (box.left, box.top), (box.right - 1, box.bottom - 1), paint, weight)


def paper(width: int, height: int) -> Image:
    """An empty sheet."""
    return np.full((max(1, height), max(1, width), 3), 255, np.uint8)


def gray_as_colour(gray: Image) -> Image:
    """Grey levels, shape ``(H, W)``, as RGB."""
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)


def faded(image: Image) -> Image:
    """A picture so pale that coloured lines on it are seen."""
    return np.asarray(cv2.addWeighted(image, 0.6, np.full_like(image, 255), 0.4, 0), np.uint8)


def enlarged(image: Image, scale: float) -> Image:
    """A scaled picture; enlarged, its pixels stay visible."""
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    how = cv2.INTER_NEAREST if scale >= 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def placed(box: Box, scale: float, left: float = 0, top: float = 0) -> Box:
    """A box of a picture in a scaled part of it that begins at ``(left, top)``."""
    x, y = round((box.left - left) * scale), round((box.top - top) * scale)
    right, bottom = round((box.right - left) * scale), round((box.bottom - top) * scale)
    return Box(x, y, max(1, right - x), max(1, bottom - y))


def heading(title: str, notes: Sequence[Note] = (), rows: int = LARGE) -> Image:
    """A title with notes under it, as wide as they are."""
    lines = [(title, INK, rows), *((text, paint, NORMAL) for text, paint in notes)]
    width = max(text_width(text, size) for text, _, size in lines) + MARGIN
    canvas = paper(width, sum(round(size * 1.7) for _, _, size in lines) + 4)
    top = 4
    for text, paint, size in lines:
        write(canvas, (2, top), text, size, paint)
        top += round(size * 1.7)
    return canvas


def heat(image: Image, chances: npt.NDArray[np.float32], paint: Colour) -> Image:
    """A picture with a colour on it, the more of it the likelier; ``chances``: shape ``(h, w)``, 0 to 1."""
    size = image.shape[1], image.shape[0]
    share = cv2.resize(chances, size, interpolation=cv2.INTER_NEAREST)[..., None].clip(0, 1) * 0.75
    return np.asarray(image * (1 - share) + np.array(paint) * share, np.uint8)


def outline(canvas: Image, points: Points, scale: float, paint: Colour, weight: int = 1) -> None:
    """Draw a quadrilateral of a picture, shape ``(4, 2)``, on the picture scaled."""
    cv2.polylines(canvas, [np.round(points * scale).astype(np.int32)], True, paint, weight, cv2.LINE_AA)


def label(canvas: Image, points: Points, scale: float, text: str, paint: Colour) -> None:
    """Write a text on a patch of paper at the left of an outline of a picture, on the picture scaled."""
    wide, high = text_width(text, SMALL) + 4, SMALL + 5
    edge = points[np.argsort(points[:, 0])[:2]] * scale
    left, top = round(float(edge[:, 0].min())) - wide - 2, round(float(edge[:, 1].mean())) - high // 2
    left, top = (
        min(max(0, at), max(0, room))
        for at, room in ((left, canvas.shape[1] - wide), (top, canvas.shape[0] - high))
    )
    canvas[top : top + high, left : left + wide] = PAPER
    write(canvas, (left + 2, top + 2), text, SMALL, paint)


def stack(parts: Sequence[Image], gap: int = MARGIN) -> Image:
    """Pictures under each other, with a margin around them."""
    width = max(part.shape[1] for part in parts) + 2 * MARGIN
    canvas = paper(width, sum(part.shape[0] + gap for part in parts) + 2 * MARGIN - gap)
    top = MARGIN
    for part in parts:
        canvas[top : top + part.shape[0], MARGIN : MARGIN + part.shape[1]] = part
        top += part.shape[0] + gap
    return canvas


def tiles(parts: Sequence[Image], width: int = WIDEST, gap: int = MARGIN) -> Image:
    """Pictures beside each other, as many to a row as fit."""
    rows: list[list[Image]] = [[]]
    used = 0
    for part in parts:
        if rows[-1] and used + part.shape[1] > width:
            rows.append([])
            used = 0
        rows[-1].append(part)
        used += part.shape[1] + gap
    wide = max(sum(part.shape[1] + gap for part in row) for row in rows)
    canvas = paper(wide, sum(max((p.shape[0] for p in row), default=0) + gap for row in rows))
    top = 0
    for row in rows:
        left = 0
        for part in row:
            canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
            left += part.shape[1] + gap
        top += max((p.shape[0] for p in row), default=0) + gap
    return canvas


def sheet(
    title: str, notes: Sequence[Note], blocks: Sequence[Image], count: int, missing: str = "nothing was seen"
) -> Image:
    """Blocks, one a line of text, under a title.

    Args:
        title: Stands above all.
        notes: How to look at it.
        blocks: Pictures; where there are none, that is said.
        count: How many there would be, of which some may be left out.
        missing: Why there are none.
    """
    if not blocks:
        return stack([heading(title, [(f"Nothing to show: {missing}.", RED)])])
    left_out = f"{count - len(blocks)} more lines are left out; explain.json has them all."
    more = [(left_out, ORANGE)] if count > len(blocks) else []
    return stack([heading(title, [*notes, *more]), tiles(blocks)])


def _scale(rows: int) -> float:
    # Measured, because the versions of OpenCV draw the same font in different sizes.
    return rows / float(cv2.getTextSize("H", _FONT, 1.0, 1)[0][1])
