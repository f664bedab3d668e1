"""A flat thing that carries text: its colours, its outline, and where the text stands."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.strips.surface import Light
from ocr_train.strips.typefaces import CAP

Quads = npt.NDArray[np.float32]
"""Outlines, shape ``(N, 4, 2)``: x and y of the top left, top right, bottom right and bottom left corner."""
WORDS, LINES, NUMBERS = 0.33, 0.9, 1.6
"""Blank columns beside a line's height that part it into two pieces of text: into words, as those who outline street
scenes do, into lines and the columns of a table, as those do who outline receipts, or into numbers: beside a ``1`` on a
display, and between the windows of a counter, there is more than a space."""
THIN = 0.35
"""Width, in heights, below which a piece stays with its neighbour, up to ``LINES`` away: a ``1`` or an ``l`` alone is
less than a cell of a map."""
LOOSE = 0.06
"""Margin about the ink, beside its height, as people who draw outlines leave it."""

_STRETCHED = [np.clip(128 + (np.arange(256) - 128.0) * scale, 0, 255).astype(np.uint8) for scale in range(13)]
"""Grey levels of an edge made steeper, by how many times."""


class Sheet:
    """What is drawn on, and the outlines of the text on it.

    Args:
        picture: float32 RGB, shape ``(H, W, 3)``, 0 to 255.
        alpha: uint8, shape ``(H, W)``: 255 where the thing is, 0 where what lies behind shows through; all of it
            when missing.
        apart: Blank columns beside a line's height that part its text: ``WORDS``, ``LINES`` or ``NUMBERS``.
    """

    def __init__(self, picture: Light, alpha: Image | None = None, apart: float = WORDS) -> None:
        self._apart = apart
        self.picture = picture
        self.alpha = np.full(picture.shape[:2], 255, np.uint8) if alpha is None else alpha
        self._quads: list[Quads] = []

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.picture.shape[0], self.picture.shape[1]

    @property
    def quads(self) -> Quads:
        """The outlines of the text."""
        return np.array(self._quads, np.float32).reshape(-1, 4, 2)

    def write(self, mask: Image, left: float, top: float, colour: Light, *, is_text: bool = True) -> None:
        """Put ink on the sheet; what lies beyond its edge is cut off.

        Args:
            mask: uint8, shape ``(h, w)``, cropped to its ink, in the size that it is to have.
            left: Column of its left edge.
            top: Row of its top edge.
            colour: RGB, shape ``(3,)``.
            is_text: Whether its outline belongs to the text of the sheet.
        """
        x, y = round(left), round(top)
        height, width = self.size
        rows = slice(max(0, -y), min(mask.shape[0], height - y))
        columns = slice(max(0, -x), min(mask.shape[1], width - x))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        part = mask[rows, columns]
        at = np.s_[y + rows.start : y + rows.stop, x + columns.start : x + columns.stop]
        share = part.astype(np.float32)[..., None] * np.float32(1 / 255)
        self.picture[at] += (colour - self.picture[at]) * share
        np.maximum(self.alpha[at], part, out=self.alpha[at])
        if is_text:
            margin = LOOSE * mask.shape[0]
            above, below = y + rows.start - margin, y + rows.stop + margin
            for start, end in runs(part, self._apart):
                left_end, right_end = x + columns.start + start, x + columns.start + end
                self._quads.append(box(left_end - margin, above, right_end + margin, below))


def box(left: float, top: float, right: float, bottom: float) -> Quads:
    """The upright outline with these edges: shape ``(4, 2)``."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def heights(quads: Quads) -> Light:
    """The shorter sides of outlines, in pixels: shape ``(N,)``."""
    sides = np.linalg.norm(quads - np.roll(quads, 1, axis=1), axis=2)
    return np.asarray(np.minimum(sides[:, 0] + sides[:, 2], sides[:, 1] + sides[:, 3]) / 2, np.float32)


def runs(mask: Image, apart: float) -> list[tuple[int, int]]:
    """First and last column (exclusive) of the pieces of a line of ink that gaps part; ``apart`` beside its height.

    A piece that is too thin for a map stays with its nearer neighbour.
    """
    inked = np.flatnonzero(mask.max(axis=0) > 60)
    if not inked.size:
        return []
    height = mask.shape[0]
    wide = np.flatnonzero(np.diff(inked) > max(3.0, apart * height))
    ends = inked[wide].tolist(), inked[wide + 1].tolist()
    edges = list(zip(*ends, strict=True))
    while thin := _thin(edges, int(inked[0]), int(inked[-1]), height):
        nearest = min(thin, key=lambda gap: gap[1] - gap[0])
        if nearest[1] - nearest[0] > LINES * height:
            break
        edges.remove(nearest)
    firsts = [int(inked[0]), *(after for _, after in edges)]
    lasts = [*(before for before, _ in edges), int(inked[-1])]
    return [(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]


def _thin(gaps: list[tuple[int, int]], first: int, last: int, height: int) -> list[tuple[int, int]]:
    """The gaps beside pieces that are too thin for a map, all between a first and a last column of ink."""
    borders = [first, *(column for gap in gaps for column in gap), last]
    pieces = zip(borders[::2], borders[1::2], strict=True)
    is_thin = [end - start < THIN * height for start, end in pieces]
    return [gap for place, gap in enumerate(gaps) if is_thin[place] or is_thin[place + 1]]


def scaled(mask: Image, cap: float, across: float = 1.0) -> Image:
    """An ink mask whose capitals were ``CAP`` high, with capitals ``cap`` high; sharp however large.

    Args:
        mask: uint8, shape ``(h, w)``.
        cap: Height of a capital, in pixels.
        across: Stretch along the line.
    """
    scale = cap / CAP
    size = (max(1, round(mask.shape[1] * scale * across)), max(1, round(mask.shape[0] * scale)))
    if scale <= 1:
        return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    large = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    if scale <= 1.5:
        return large
    # An enlarged edge is as soft as the scale is large: stretch its levels back.
    return np.asarray(_STRETCHED[min(round(scale), len(_STRETCHED) - 1)][large], np.uint8)


def warped(sheet: Sheet, matrix: npt.NDArray[Any], size: tuple[int, int]) -> Sheet:
    """A sheet seen through a 3x3 matrix, on a canvas of ``size``: outlines too."""
    picture = cv2.warpPerspective(sheet.picture, matrix, size[::-1], flags=cv2.INTER_LINEAR)
    alpha = cv2.warpPerspective(sheet.alpha, matrix, size[::-1], flags=cv2.INTER_LINEAR)
    made = Sheet(np.asarray(picture, np.float32), np.asarray(alpha, np.uint8))
    if len(sheet.quads):
        made._quads = list(cv2.perspectiveTransform(sheet.quads.reshape(1, -1, 2), matrix).reshape(-1, 4, 2))
    return made
