"""Ink from paper: several guesses at once, because no single one is right for every picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.preprocess import otsu
from ocr_edge.contract.types import Image, Polarity

BIAS = 0.4
"""Standard deviations below the local mean at which ink begins (Niblack, An Introduction to Digital Image Processing, 1986)."""
MIN_DEVIATION = 6.0
"""Grey levels of local standard deviation under which a neighbourhood is plain paper: Niblack would see noise as ink."""


@dataclass(frozen=True, slots=True, eq=False)
class InkMask:
    """One guess at where the ink is.

    Attributes:
        ink: uint8, shape ``(H, W)``, ink 255 and paper 0.
        polarity: Whether the ink is darker or lighter than the paper.
    """

    ink: Image
    polarity: Polarity


def ink_masks(gray: Image, windows: tuple[int, ...], *, globally: bool) -> Iterator[InkMask]:
    """Guess the ink by local contrast in windows of several sizes, and by one global level.

    Args:
        gray: uint8, shape ``(H, W)``.
        windows: Sides of the neighbourhoods, odd, in pixels; text up to about a window high is found whole.
        globally: Whether Otsu's level over the whole picture is a guess too: right for a crop of one word.

    Yields:
        Masks of both polarities.
    """
    if globally:
        for polarity in Polarity:
            yield InkMask(otsu(gray, polarity), polarity)
    level = gray.astype(np.float32)
    square = level * level
    for window in windows:
        mean = cv2.blur(level, (window, window), borderType=cv2.BORDER_REPLICATE)
        deviation = cv2.blur(square, (window, window), borderType=cv2.BORDER_REPLICATE)
        deviation = np.sqrt(np.maximum(deviation - mean * mean, 0))
        margin = np.where(deviation < MIN_DEVIATION, np.float32(255), deviation * BIAS + 1)
        yield InkMask(np.where(level < mean - margin, np.uint8(255), np.uint8(0)), Polarity.DARK)
        yield InkMask(np.where(level > mean + margin, np.uint8(255), np.uint8(0)), Polarity.LIGHT)
