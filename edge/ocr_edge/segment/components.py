"""Connected pieces of ink that could be characters or parts of them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image

MIN_OUTLINED = 0.7
"""Share of a piece's outline that must lie on an edge of the picture."""
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
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    labels = np.asarray(pieces, np.int32)
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
        ~background & ~rule & ~speck & (outlined(ink, labels, edge, len(stats))[1:] >= MIN_OUTLINED)
    )
    if len(rows) > MAX_COMPONENTS:
        rows = rows[np.argsort(-area[rows], kind="stable")[:MAX_COMPONENTS]]
    return found.take(rows[np.argsort(left[rows], kind="stable")])


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
