"""Ink from paper: several guesses at once, because no single one is right for every picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.preprocess import otsu
from ocr_edge.contract.types import Image, Polarity

BIAS = 0.4
"""Standard deviations from the local mean at which ink begins (Niblack, Digital Image Processing, 1986)."""
MIN_DEVIATION = 6.0
"""Grey levels of local standard deviation under which a neighbourhood is plain paper: the rest is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class InkMask:
    """One guess at where the ink is.

    Attributes:
        ink: uint8, shape ``(H, W)``, ink 255 and paper 0.
        polarity: Whether the ink is darker or lighter than the paper.
    """

    ink: Image
    polarity: Polarity


def ink_masks(gray: Image, windows: Sequence[int]) -> Iterator[InkMask]:
    """Guess the ink by contrast with neighbourhoods of several sizes.

    Args:
        gray: uint8, shape ``(H, W)``.
        windows: Sides of the neighbourhoods, odd, in pixels; text up to about a window high is found whole.

    Yields:
        Two masks a window, one of each polarity.
    """
    for window in windows:
        size = (window, window)
        mean = np.asarray(cv2.boxFilter(gray, cv2.CV_32F, size, borderType=cv2.BORDER_REPLICATE), np.float32)
        margin = np.asarray(
            cv2.sqrBoxFilter(gray, cv2.CV_32F, size, borderType=cv2.BORDER_REPLICATE), np.float32
        )
        # In place: at the size of a page every float32 copy is 20 MB.
        margin -= mean * mean
        np.sqrt(np.maximum(margin, 0, out=margin), out=margin)
        plain = margin < MIN_DEVIATION
        margin *= BIAS
        margin += 1
        margin[plain] = 255
        low = np.ceil(np.maximum(mean - margin, 0)).astype(np.uint8)
        yield InkMask(np.asarray(cv2.compare(gray, low, cv2.CMP_LT), np.uint8), Polarity.DARK)
        mean += margin
        high = np.minimum(mean, 255, out=mean).astype(np.uint8)
        yield InkMask(np.asarray(cv2.compare(gray, high, cv2.CMP_GT), np.uint8), Polarity.LIGHT)


def global_masks(gray: Image) -> Iterator[InkMask]:
    """Guess the ink of a crop of one line by one level for all of it.

    Args:
        gray: uint8, shape ``(H, W)``.

    Yields:
        Masks of both polarities, from the picture as it is and from the picture with its ground taken off, which
        leaves strokes that are stronger than a pattern under them.
    """
    window = (gray.shape[0] | 1, gray.shape[0] | 1)
    ground = cv2.boxFilter(gray, cv2.CV_32F, window, borderType=cv2.BORDER_REPLICATE)
    flat = np.clip(gray - ground + 128, 0, 255).astype(np.uint8)
    for guess in (gray, flat):
        for polarity in Polarity:
            yield InkMask(otsu(guess, polarity), polarity)
