"""Panels: displays, plates and labels that stand out from a busy scene as bright or dark four-cornered areas.

Text on a panel is cut better by itself: its contrast is another than the scene's, and its frame is out of the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import scaled_by
from ocr_edge.contract.types import Box, Image
from ocr_edge.geometry.rectify import rectify
from ocr_edge.geometry.transform import Matrix

SIDE = 420
"""Longest side, in pixels, at which panels are looked for."""
LEVELS = 8
"""How many grey levels the picture is split at (as in MSER: Matas et al., BMVC 2002)."""
MIN_AREA, MAX_AREA = 0.008, 0.7
"""Shares of the picture that a panel covers."""
MIN_FILLED = 0.84
"""Share of its four-cornered outline that a panel fills."""
MIN_ASPECT, MAX_ASPECT = 1.1, 12.0
"""Width in heights."""
MAX_OVERLAP = 0.5
"""Intersection over union from which two panels are one."""
MIN_PICTURE = 64
"""Pixels of the shorter side of a picture that has panels."""
MAX_PANELS = 3
MARGIN = 0.05
"""Share of a panel's height left out along its sides: its frame."""
READ_HEIGHT, INSIDE = 0.3, 0.9
"""Shares of a panel's height that what was read on it needs so that it need not be read again, and of a line's box that
lies in the panel it is written on."""
HEIGHT = 110
"""Pixels that a panel is high when it is cut out, unless it is less in the picture."""

Quad = npt.NDArray[np.float32]
"""float32, shape ``(4, 2)``: corners from the top left, clockwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A panel cut out of a picture.

    Attributes:
        image: uint8, shape ``(H, W, 3)``: upright, without its frame.
        back: Takes its pixels to the picture's.
        box: What of the picture it takes up.
    """

    image: Image
    back: Matrix
    box: Box

    def is_read(self, lines: Sequence[Box]) -> bool:
        """Whether lines that were read surely, in the picture's pixels, make another look at the panel useless.

        They do where they are most of what is written on it, or go on beyond its sides: then it is no panel.
        """
        here = [box for box in lines if box.overlap(self.box)]
        if any(box.overlap(self.box) < INSIDE * box.width * box.height for box in here):
            return True
        return sum(box.height for box in here) >= READ_HEIGHT * self.box.height


def find(image: Image, gray: Image) -> list[Panel]:
    """Find the panels of a picture.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.
        gray: uint8, shape ``(H, W)``.

    Returns:
        At most ``MAX_PANELS``, the best first.
    """
    if min(gray.shape) < MIN_PICTURE:
        return []
    scale = min(1.0, SIDE / max(gray.shape))
    small = scaled_by(gray, scale)
    small = np.asarray(cv2.medianBlur(small, 5), np.uint8)
    levels = np.unique(np.quantile(small, np.linspace(0.04, 0.96, LEVELS)).astype(int))
    quads: list[Quad] = []
    for level in levels.tolist():
        dark = np.asarray(cv2.compare(small, level, cv2.CMP_LE), np.uint8)
        for mask in (dark, 255 - dark):
            quads += _quads(mask)
    size = np.array(small.shape[::-1])
    # A panel that is cut off by the picture's border is worth less than one that is seen whole.
    quads.sort(
        key=lambda quad: (bool((quad >= 1).all() and (quad <= size - 2).all()), _area(quad)), reverse=True
    )
    chosen: list[Quad] = []
    for quad in quads:
        if len(chosen) < MAX_PANELS and all(_shared(quad, other) < MAX_OVERLAP for other in chosen):
            chosen.append(quad)
    return [_cut(image, quad / np.float32(scale)) for quad in chosen]


def _quads(mask: Image) -> list[Quad]:
    """Four-cornered areas of a mask."""
    found = []
    size = mask.size
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        if len(contour) < 4 or not MIN_AREA * size <= cv2.contourArea(contour) <= MAX_AREA * size:
            continue
        hull = np.asarray(cv2.convexHull(contour), np.int32)
        quad = _corners(hull)
        if quad is None or cv2.contourArea(contour) < MIN_FILLED * _area(quad):
            continue
        high = np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])
        wide = np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])
        if MIN_ASPECT * high <= wide <= MAX_ASPECT * high:
            found.append(quad)
    return found


def _corners(hull: npt.NDArray[np.int32]) -> Quad | None:
    """The four corners of a hull, from the top left, clockwise; None where it has more."""
    around = cv2.arcLength(hull, closed=True)
    for share in (0.02, 0.04, 0.06):
        outline = cv2.approxPolyDP(hull, share * around, closed=True)
        if len(outline) == 4:
            points = outline.reshape(4, 2).astype(np.float32)
            break
    else:
        points = np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)
    middle = points.mean(axis=0)
    points = points[np.argsort(np.arctan2(*(points - middle).T[::-1]))]
    # Clockwise in a picture whose y goes down; begin with the corner nearest to the top left.
    return np.asarray(np.roll(points, -int(points.sum(axis=1).argmin()), axis=0), np.float32)


def _area(quad: Quad) -> float:
    return float(cv2.contourArea(quad))


def _shared(first: Quad, second: Quad) -> float:
    shared, _ = cv2.intersectConvexConvex(first, second)
    return float(shared) / max(_area(first) + _area(second) - float(shared), 1e-6)


def _cut(image: Image, quad: Quad) -> Panel:
    """Cut a panel out, upright and without its frame, no higher than text needs."""
    whole = rectify(image, quad.astype(np.float64))
    high, wide = whole.image.shape[:2]
    margin = round(MARGIN * high)
    inner = whole.image[margin : high - margin, margin : wide - margin]
    scale = min(1.0, HEIGHT / inner.shape[0])
    if scale < 1:
        inner = scaled_by(inner, scale)
    back = np.array([(1 / scale, 0, margin), (0, 1 / scale, margin), (0, 0, 1)], float)
    return Panel(inner, whole.matrix @ back, Box(*cv2.boundingRect(quad)))
