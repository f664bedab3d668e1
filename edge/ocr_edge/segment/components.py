"""Connected pieces of ink that could be characters or parts of them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_edge.segment import rules

MIN_OUTLINED = 0.7
"""Share of a piece's outline that must lie on an edge of the picture."""
MIN_LETTER = 8
"""Rows of a piece that counts for the typical height of text."""
MAX_FRAME_INK = 0.3
"""Share of its box that a frame or table fills, at most."""
MAX_JOINED_INK = 0.55
"""Share of its box that a line of letters on a rule fills, at most: the paper around letters fills more."""
MAX_DRAWN = 200
"""Large pieces looked at for rules in one mask, at most."""
MAX_STROKES = 4.5
"""Strokes of a character that a straight cut through it crosses, at most, on the mean of all cuts."""
MAX_COMPONENTS = 4000
"""Most pieces looked at in one mask, the largest first: noise must not cost seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Pieces of ink as columns, all of length ``N``.

    Attributes:
        map: int32, shape ``(H, W)``: at each pixel the id of its piece, 0 for paper.
        ids: int32 ids in ``map``.
        left: First column of each piece; int64 like the rest.
        top: First row.
        right: First column after it.
        bottom: First row after it.
        area: Ink pixels.
    """

    map: npt.NDArray[np.int32]
    ids: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    top: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    bottom: npt.NDArray[np.int64]
    area: npt.NDArray[np.int64]

    @property
    def height(self) -> npt.NDArray[np.int64]:
        """Rows of each piece."""
        return self.bottom - self.top

    @property
    def width(self) -> npt.NDArray[np.int64]:
        """Columns of each piece."""
        return self.right - self.left

    def take(self, rows: npt.NDArray[np.intp]) -> "Components":
        """Only the pieces in these rows, in this order."""
        columns = (self.ids, self.left, self.top, self.right, self.bottom, self.area)
        return Components(self.map, *(column[rows] for column in columns))


def edges(gray: Image) -> Image:
    """How much grey levels change around each pixel, uint8, shape ``(H, W)``: the morphological gradient."""
    return np.asarray(cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)


def find(ink: Image, edge: Image) -> Components:
    """Find the pieces of ink that are not obviously background, frame or halo.

    Args:
        ink: uint8, shape ``(H, W)``, ink above 0.
        edge: uint8, shape ``(H, W)``, from ``edges`` of the picture the ink was found in.

    Returns:
        At most ``MAX_COMPONENTS`` pieces, sorted by their left edge.
    """
    height, width = ink.shape
    labels, stats = _labelled(ink)
    bare = _without_rules(ink, labels, stats)
    if bare is not ink:
        ink = bare
        labels, stats = _labelled(ink)
    left, top, wide, high, area = stats[1:].T.astype(np.int64)
    found = Components(labels, np.arange(1, len(stats)), left, top, left + wide, top + high, area)
    spans = ((left == 0) & (left + wide == width)).astype(int) + ((top == 0) & (top + high == height))
    touches = (left == 0).astype(int) + (top == 0) + (left + wide == width) + (top + high == height)
    background = (spans == 2) | ((touches >= 3) & (wide > 0.5 * width))
    # Rules and frames: long and thin, or a hollow outline of much of the picture.
    rule = (
        (wide > 12 * high)
        | (high > 12 * np.maximum(wide, 1))
        | ((wide > 0.6 * width) & (area < 0.12 * wide * high))
    )
    speck = area < 4
    rows = np.flatnonzero(
        ~background
        & ~rule
        & ~speck
        & ~_crowded(labels, stats)
        & (outlined(ink, labels, edge, len(stats))[1:] >= MIN_OUTLINED)
    )
    if len(rows) > MAX_COMPONENTS:
        rows = rows[np.argsort(-area[rows], kind="stable")[:MAX_COMPONENTS]]
    return found.take(rows[np.argsort(left[rows], kind="stable")])


def _labelled(ink: Image) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """At each pixel the id of its piece; and for each id left, top, width, height and area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32)


def _without_rules(ink: Image, labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32]) -> Image:
    """The ink with the rules taken out of pieces that are far longer than a character; itself when there are none."""
    wide, high, area = (
        stats[1:, cv2.CC_STAT_WIDTH],
        stats[1:, cv2.CC_STAT_HEIGHT],
        stats[1:, cv2.CC_STAT_AREA],
    )
    tall = high >= MIN_LETTER
    if not tall.any():
        return ink
    letters = tall & (wide <= 3 * high) & (high <= 6 * wide)
    typical = float(np.median(high[letters if letters.any() else tall]))
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    box = wide.astype(np.int64) * high
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    # Letters joined by their rule make a piece long and low, a frame or table one that is hollow beside other text.
    joined = (longer >= 3 * shorter) & (shorter <= 4 * typical) & (area < MAX_JOINED_INK * box)
    frame = (shorter >= 1.5 * typical) & (area < MAX_FRAME_INK * box) & (letters.sum() > 3)
    left, top = stats[1:, cv2.CC_STAT_LEFT], stats[1:, cv2.CC_STAT_TOP]
    # What the edge of the picture cuts along its length is a band of background.
    flush = np.where(
        wide > high, (top == 0) | (top + high == ink.shape[0]), (left == 0) | (left + wide == ink.shape[1])
    )
    drawn = (longer >= rules.MIN_LENGTH * typical) & (shorter > 6) & (joined | frame) & ~flush
    result = ink
    for number in (np.flatnonzero(drawn) + 1)[:MAX_DRAWN].tolist():
        x, y, w, h, _ = stats[number].tolist()
        own = labels[y : y + h, x : x + w] == number
        piece = np.where(own, np.uint8(255), np.uint8(0))
        bare = rules.remove(piece, typical)
        if bare is not piece:
            if result is ink:
                result = ink.copy()
            result[y : y + h, x : x + w][own & (bare == 0)] = 0
    return result


def _crowded(labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which pieces are too intricate for a character: a block of text run together, a picture."""
    height, width = labels.shape
    crowded = np.zeros(len(stats) - 1, bool)
    large = (stats[1:, cv2.CC_STAT_HEIGHT] >= 0.1 * height) | (stats[1:, cv2.CC_STAT_WIDTH] >= 0.1 * width)
    large &= (stats[1:, cv2.CC_STAT_HEIGHT] >= 24) & (stats[1:, cv2.CC_STAT_WIDTH] >= 24)
    for index in np.flatnonzero(large)[:MAX_DRAWN].tolist():
        x, y, w, h, _ = stats[index + 1].tolist()
        own = (labels[y : y + h, x : x + w] == index + 1).astype(np.int8)
        across = (np.diff(own, axis=1) == 1).sum(axis=1)
        down = (np.diff(own, axis=0) == 1).sum(axis=0)
        crowded[index] = min(down.mean(), across.mean()) > MAX_STROKES
    return crowded


def outlined(ink: Image, labels: npt.NDArray[np.int32], edge: Image, count: int) -> npt.NDArray[np.float64]:
    """Share of each piece's outline that has at least half of its mean contrast.

    A letter stands out all around. The halo that local contrast makes of the paper around a letter of the other
    polarity stands out on its inside only, and fades into the paper on its outside.

    Returns:
        float64, shape ``(count,)``; 1 for a piece without outline inside the picture.
    """
    outline = np.flatnonzero((ink > 0) & (cv2.erode(ink, np.ones((3, 3), np.uint8)) == 0))
    piece, level = labels.ravel()[outline], edge.ravel()[outline].astype(np.float64)
    pixels = np.bincount(piece, minlength=count)
    mean = np.bincount(piece, level, minlength=count) / np.maximum(pixels, 1)
    strong = np.bincount(piece, level >= 0.5 * mean[piece], minlength=count)
    return np.where(pixels > 0, strong / np.maximum(pixels, 1), 1.0)
