"""The segmenter: guesses at the ink, pieces, lines and candidates, at a scale where text is comfortable to cut."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np

from ocr_edge.contract.preprocess import luminance, scaled_by
from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.segment import areas, candidates, components, lines
from ocr_edge.segment.binarize import InkMask, global_masks, ink_masks
from ocr_edge.segment.candidates import CandidateLine

CROP_HEIGHT = 96
"""Pictures lower than this are enlarged to it: they are crops of one line, and small text cuts better enlarged."""
MAX_SIDE, MAX_LENGTH = 2000, 8000
"""Pictures with a longer side are shrunk to it before they are cut; crops of one line may be longer."""
COARSE_SIDE = 420
"""Longest side at which a large picture is looked at a second time."""
TEXT_HEIGHTS = (20.0, 72.0)
"""Heights of text, in pixels, that cut well: where the height is known, the picture is scaled into this range."""
HEIGHT_RATIO = 1.8
"""How far the height of a line may be from the known one, as a factor."""
MIN_SIDE = 5
"""Pixels, at working scale, that a picture's shorter side has at least where there is something to read."""
MAX_CANDIDATES = 6000
"""Most candidates of one area; a texture must not cost minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What one guess at the ink shows.

    Attributes:
        picture: What was looked at.
        area: The part of it that the guess is of, at working scale.
        mask: The guess, at working scale.
        scale: Working pixels per pixel of the picture.
        lines: The lines in it, with boxes in pixels of the picture.
    """

    picture: Image
    area: Box
    mask: InkMask
    scale: float
    lines: Sequence[CandidateLine]


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
        return [line for guess in self.guesses(image) for line in guess.lines]

    def guesses(self, image: Image) -> Iterator[Guess]:
        """The same lines, guess by guess at the ink: whoever has read enough need not ask for more.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
        """
        for scale in working_scales(image.shape[:2], self.text_height):
            yield from self.look(image, scale)

    def look(self, image: Image, scale: float) -> Iterator[Guess]:
        """The guesses at a picture scaled by a factor."""
        if min(image.shape[:2]) * scale < MIN_SIDE:
            return
        picture = image
        if scale != 1:
            how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
            picture = scaled_by(image, scale, how)
        for mask, area, found in self._guesses(picture, self.text_height and self.text_height * scale):
            moves = scale != 1 or area.left or area.top
            placed = [_placed(line, area, 1 / scale, image.shape[:2]) for line in found] if moves else found
            yield Guess(image, area, mask, scale, placed)

    def _guesses(
        self, picture: Image, text_height: float | None
    ) -> Iterator[tuple[InkMask, Box, list[CandidateLine]]]:
        """The guesses at each area of a picture that has its working size already."""
        gray = luminance(picture)
        if is_crop(gray.shape):
            area = Box(0, 0, gray.shape[1], gray.shape[0])
            masks = chain(global_masks(picture, gray), ink_masks(gray, self.crop_windows))
            for mask, found in self._lines(picture, gray, masks, text_height, MAX_CANDIDATES):
                yield mask, area, found
            return
        for area in areas.find(gray):
            rows, columns = slice(area.top, area.bottom), slice(area.left, area.right)
            part, level = picture[rows, columns], np.ascontiguousarray(gray[rows, columns])
            local = ink_masks(level, self.windows)
            for mask, found in self._lines(part, level, local, text_height, MAX_CANDIDATES):
                yield mask, area, found

    def _lines(
        self, picture: Image, gray: Image, masks: Iterable[InkMask], text_height: float | None, budget: int
    ) -> Iterator[tuple[InkMask, list[CandidateLine]]]:
        """Each guess at the ink with its lines; at most ``budget`` candidates in all."""
        edge = components.edges(gray)
        for mask in masks:
            if self.polarity not in (None, mask.polarity):
                continue
            pieces = components.find(mask.ink, edge)
            found = []
            for members in lines.group(pieces, picture.shape[0]):
                if text_height and not _is_near(float(np.max(pieces.height[members])), text_height):
                    continue
                line = candidates.build(picture, pieces, members, mask.polarity)
                budget -= len(line.candidates)
                if budget < 0:
                    break
                found.append(line)
            yield mask, found
            if budget < 0:
                return


def is_crop(size: tuple[int, int]) -> bool:
    """Whether a picture of ``(height, width)`` is so low that one line of text fills it."""
    return size[0] <= CROP_HEIGHT + 16


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
        return (min(CROP_HEIGHT / height, 6.0, MAX_LENGTH / side),)
    fine = min(1.0, MAX_SIDE / side)
    return (fine, COARSE_SIDE / side) if side > 2 * COARSE_SIDE else (fine,)


def _is_near(height: float, expected: float) -> bool:
    return expected / HEIGHT_RATIO <= height <= expected * HEIGHT_RATIO


def _placed(line: CandidateLine, area: Box, scale: float, size: tuple[int, int]) -> CandidateLine:
    """The same line with its boxes in the picture that its area is a part of, scaled; crops stay as they are."""
    moved = tuple(
        replace(candidate, box=_placed_box(candidate.box, area, scale, size)) for candidate in line.candidates
    )
    pieces = tuple(_placed_box(box, area, scale, size) for box in line.pieces)
    return CandidateLine(moved, pieces, line.height * scale, line.polarity)


def _placed_box(box: Box, area: Box, scale: float, size: tuple[int, int]) -> Box:
    left = min(int((box.left + area.left) * scale), size[1] - 1)
    top = min(int((box.top + area.top) * scale), size[0] - 1)
    right, bottom = round((box.right + area.left) * scale), round((box.bottom + area.top) * scale)
    return Box(left, top, max(1, min(right, size[1]) - left), max(1, min(bottom, size[0]) - top))
