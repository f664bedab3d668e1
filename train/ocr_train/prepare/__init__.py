"""Official downloads turned into ``tar:`` archives: one module a data set, each with ``prepare``."""

import hashlib

from ocr_edge.contract.preprocess import resize, scaled_size
from ocr_edge.contract.types import Image

MAX_SIDE = 48
"""Longest side of a prepared crop, in pixels."""
VALIDATION_SHARE = 0.15
"""Part of the groups held back from training, roughly: 9 of the 55 writers of Chars74K, for one."""


def split_of(group: str) -> str:
    """``train`` or ``validation``, always the same for the same group, so that no group straddles them."""
    drawn = int.from_bytes(hashlib.sha256(f"group {group}".encode()).digest()[:4], "big") / 2**32
    return "validation" if drawn < VALIDATION_SHARE else "train"


def bounded(image: Image) -> Image:
    """A crop, ``(H, W, C)``, shrunk to ``MAX_SIDE``; a smaller one stays as it is."""
    if max(image.shape[:2]) <= MAX_SIDE:
        return image
    return resize(image, scaled_size(image.shape[:2], (MAX_SIDE, MAX_SIDE)))
