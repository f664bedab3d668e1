"""The segmenter: guesses at the ink, pieces, lines and candidates, at a scale where text is comfortable to cut."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.segment import candidates, components, lines
from ocr_edge.segment.binarize import global_masks, ink_masks
from ocr_edge.segment.candidates import CandidateLine

CROP_HEIGHT = 96
"""Pictures lower than this are enlarged to it: they are crops of one line, and small text cuts better enlarged."""
MAX_SIDE = 2000
"""Pictures with a longer side are shrunk to it before they are cut."""
COARSE_SIDE = 420
"""Longest side at which a large picture is looked at a second time."""
TEXT_HEIGHTS = (20.0, 72.0)
"""Heights of text, in pixels, that cut well: where the height is known, the picture is scaled into this range."""
HEIGHT_RATIO = 1.8
"""How far the height of a line may be from the known one, as a factor."""
MAX_CANDIDATES = 6000
"""Most candidates of one picture; a texture must not cost minutes."""


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Finds lines of glyph candidates.

    Attributes:
        windows: Sides of the neighbourhoods for local contrast, odd, in pixels at working scale.
        crop_windows: The same for pictures so low that they can hold one line or two.
        text_height: Height of the capitals in pixels of the picture, where it is known; other lines are left out.
        polarity: Ink against paper, where it is known.
    """

    windows: tuple[int, ...] = (31, 101)
    crop_windows: tuple[int, ...] = (51,)
    text_height: float | None = None
    polarity: Polarity | None = None

    def segment(self, image: Image) -> list[CandidateLine]:
        """Find lines of text.

        Lines of several guesses at the ink are all given, and may cover the same place: who names them decides.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.

        Returns:
            Lines with boxes in pixels of ``image``; empty when nothing looks like text.
        """
        found: list[CandidateLine] = []
        for scale in working_scales(image.shape[:2], self.text_height):
            picture = image
            if scale != 1:
                how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
                picture = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), np.uint8)
            for line in self._lines(picture, self.text_height and self.text_height * scale):
                found.append(line if scale == 1 else _scaled(line, 1 / scale, image.shape[:2]))
        return found

    def _lines(self, picture: Image, text_height: float | None) -> Iterator[CandidateLine]:
        """The lines of a picture that has its working size already."""
        gray = luminance(picture)
        edge = components.edges(gray)
        masks = ink_masks(gray, self.windows)
        if picture.shape[0] <= CROP_HEIGHT + 16:
            masks = chain(global_masks(gray), ink_masks(gray, self.crop_windows))
        budget = MAX_CANDIDATES
        for mask in masks:
            if self.polarity not in (None, mask.polarity):
                continue
            pieces = components.find(mask.ink, edge)
            for rows in lines.group(pieces, picture.shape[0]):
                if text_height and not _is_near(float(np.max(pieces.height[rows])), text_height):
                    continue
                line = candidates.build(picture, pieces, rows, mask.polarity)
                budget -= len(line.candidates)
                if budget < 0:
                    return
                yield line


def working_scales(size: tuple[int, int], text_height: float | None = None) -> tuple[float, ...]:
    """By how much a picture of ``(height, width)`` is scaled before it is cut, once for each look at it.

    Text of known height is brought to a size that cuts well. Else a low picture is enlarged, and a large one is looked
    at twice: in its own size, and so small that the segments of a display and the dots of a dot-matrix printer run
    together and a screen's pattern vanishes.
    """
    height, width = size
    side = max(height, width)
    if text_height:
        low, high = TEXT_HEIGHTS
        return (min(max(min(1.0, high / text_height), low / text_height), MAX_SIDE / side),)
    if height < CROP_HEIGHT:
        return (min(CROP_HEIGHT / height, 6.0, MAX_SIDE / side),)
    fine = min(1.0, MAX_SIDE / side)
    return (fine, COARSE_SIDE / side) if side > 2 * COARSE_SIDE else (fine,)


def _is_near(height: float, expected: float) -> bool:
    return expected / HEIGHT_RATIO <= height <= expected * HEIGHT_RATIO


def _scaled(line: CandidateLine, scale: float, size: tuple[int, int]) -> CandidateLine:
    """The same line with its boxes in another picture's pixels; crops stay as they are."""
    moved = tuple(
        replace(candidate, box=_scaled_box(candidate.box, scale, size)) for candidate in line.candidates
    )
    pieces = tuple(_scaled_box(box, scale, size) for box in line.pieces)
    return CandidateLine(moved, pieces, line.height * scale, line.polarity)


def _scaled_box(box: Box, scale: float, size: tuple[int, int]) -> Box:
    left, top = min(int(box.left * scale), size[1] - 1), min(int(box.top * scale), size[0] - 1)
    right, bottom = round(box.right * scale), round(box.bottom * scale)
    return Box(left, top, max(1, min(right, size[1]) - left), max(1, min(bottom, size[0]) - top))
