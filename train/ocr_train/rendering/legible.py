"""Which characters of a face are what they claim to be: present, distinct, near to how others draw them."""

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import DEFAULT, LOWER, UPPER
from ocr_edge.contract.types import Image

SIDE = 16
"""Glyphs are compared at this many pixels a side, scaled to fit."""
_DIFFERENT_CASES = "abdefghilnqrt"
"""Small letters that differ in shape from their capitals in an ordinary face."""

Vector = npt.NDArray[np.float32]


def shape_vector(mask: Image) -> Vector:
    """A glyph's shape without its size.

    Args:
        mask: uint8, shape ``(h, w)``, ink bright, cropped to the ink.

    Returns:
        float32, shape ``(SIDE * SIDE,)``, zero mean and length 1, so that a product is a correlation.
    """
    height, width = mask.shape
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    canvas = np.zeros((SIDE, SIDE), np.float32)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    vector = cv2.GaussianBlur(canvas, (0, 0), 0.65).ravel()
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def own_shapes(masks: Mapping[str, Image], missing: bytes | None) -> set[str]:
    """The characters that have a shape of their own.

    Args:
        masks: Ink of each character the font has a glyph for.
        missing: Pixels of what the font draws for a character it lacks; None when nothing.

    Returns:
        Characters that are neither the missing glyph nor the same picture as many others. Where small letters
        are drawn as capitals, only the capitals.
    """
    kept = {char for char, mask in masks.items() if mask.tobytes() != missing and mask.max() > 100}
    pictures: dict[bytes, list[str]] = {}
    for char in kept:
        pictures.setdefault(masks[char].tobytes(), []).append(char)
    for chars in pictures.values():
        if len({char.casefold() for char in chars}) > 2:
            kept -= set(chars)
    pairs = [c for c in _DIFFERENT_CASES if {c, c.upper()} <= kept]
    alike = [float(shape_vector(masks[c]) @ shape_vector(masks[c.upper()])) for c in pairs]
    # Ordinary faces stay under 0.7; small capitals, whose weight and width differ a little, lie above 0.8.
    if alike and np.median(alike) > 0.8:
        kept -= set(LOWER)
    for lower, upper in zip(LOWER, UPPER, strict=True):
        # The same picture for both cases of one letter: one shape must not carry two labels.
        if {lower, upper} <= kept and masks[lower].tobytes() == masks[upper].tobytes():
            kept.discard(lower)
    return kept


class Bank:
    """Shapes of the 62 characters in ordinary faces, to hold unusual faces against."""

    def __init__(self, faces: Iterable[Mapping[str, Image]]) -> None:
        """Take in faces: the ink of each of their characters."""
        names = [_merged(char) for char in DEFAULT]
        shapes = sorted(
            (
                (names.index(_merged(char)), shape_vector(mask))
                for masks in faces
                for char, mask in masks.items()
            ),
            key=lambda pair: pair[0],
        )
        groups = np.array([group for group, _ in shapes])
        self._shapes = np.stack([shape for _, shape in shapes])
        places, self._starts = np.unique(groups, return_index=True)
        self._column = {names[int(place)]: column for column, place in enumerate(places)}

    def ranks(self, masks: Mapping[str, Image]) -> dict[str, int]:
        """How well each character looks like itself.

        Args:
            masks: Ink of each character.

        Returns:
            For each character, how many others' ordinary shapes it resembles more than its own; 0 is best.
            Case is ignored, and so is what no crop tells apart (``0`` and ``O``; ``1``, ``I`` and ``l``).
        """
        if not masks:
            return {}
        alike = np.stack([shape_vector(mask) for mask in masks.values()]) @ self._shapes.T
        best = np.maximum.reduceat(alike, self._starts, axis=1)  # (characters, groups)
        return {
            char: int((row > row[self._column[_merged(char)]]).sum())
            for row, char in zip(best, masks, strict=True)
        }


def _merged(char: str) -> str:
    """One name for shapes that no crop tells apart."""
    return {"0": "o", "1": "l", "i": "l"}.get(char.lower(), char.lower())
