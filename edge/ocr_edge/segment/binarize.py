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

MIN_COLOUR_GAIN = 3.6
"""Variance along the colours' own axis, in variances of luminance, from which it shows more: grey has exactly 3."""
HAT = 0.3
"""Widest stroke, in heights of a crop, that is told from its ground by its width."""
BLUR = 0.018
"""Standard deviation, in heights of a crop, of the blur that closes dot matrices, stencils and segments."""


@dataclass(frozen=True, slots=True, eq=False)
class InkMask:
    """One guess at where the ink is.

    Attributes:
        ink: uint8, shape ``(H, W)``, ink 255 and paper 0.
        polarity: Whether the ink is darker or lighter than the paper.
        name: How the guess was made, for people.
    """

    ink: Image
    polarity: Polarity
    name: str = ""


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
        name = f"contrast within {window} pixels"
        yield InkMask(np.asarray(cv2.compare(gray, low, cv2.CMP_LT), np.uint8), Polarity.DARK, name)
        mean += margin
        high = np.minimum(mean, 255, out=mean).astype(np.uint8)
        yield InkMask(np.asarray(cv2.compare(gray, high, cv2.CMP_GT), np.uint8), Polarity.LIGHT, name)


def colour_contrast(image: Image) -> Image | None:
    """Grey levels along the direction in which the colours of a picture differ most.

    Red on green of one brightness has no contrast in luminance (principal components: Hotelling, 1933).

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.

    Returns:
        uint8, shape ``(H, W)``, over the whole range; None where luminance shows as much.
    """
    colours = image.reshape(-1, 3).astype(np.float32)
    mean, axes, variances = cv2.PCACompute2(colours, np.empty(0), maxComponents=1)
    of_luminance = float(np.var(colours @ np.array([0.299, 0.587, 0.114], np.float32)))
    if float(variances[0, 0]) < MIN_COLOUR_GAIN * of_luminance + MIN_DEVIATION**2:
        return None
    level = (colours - mean) @ axes[0]
    low, high = np.percentile(level, (1, 99))
    scaled = np.clip((level - low) * (255 / max(float(high - low), 1.0)), 0, 255)
    return np.asarray(scaled, np.uint8).reshape(image.shape[:2])


def global_masks(picture: Image, gray: Image) -> Iterator[InkMask]:
    """Guess the ink of a crop of one line by one level for all of it.

    Args:
        picture: uint8 RGB, shape ``(H, W, 3)``.
        gray: uint8, shape ``(H, W)``, its luminance.

    Yields:
        Masks of both polarities, from the picture as it is; from its strokes (top hat and black hat: Serra, 1982),
        which leaves shadows, vignettes and frames out; blurred, which closes broken strokes; and from its colours,
        where they say more.
    """
    for polarity in Polarity:
        yield InkMask(otsu(gray, polarity), polarity, "one level")
    soft = np.asarray(cv2.GaussianBlur(gray, (0, 0), BLUR * gray.shape[0]), np.uint8)
    kernel = np.ones((round(HAT * gray.shape[0]) | 1,) * 2, np.uint8)
    for polarity, hat in ((Polarity.DARK, cv2.MORPH_BLACKHAT), (Polarity.LIGHT, cv2.MORPH_TOPHAT)):
        strokes = np.asarray(cv2.morphologyEx(soft, hat, kernel), np.uint8)
        yield InkMask(otsu(strokes, Polarity.LIGHT), polarity, "strokes")
    for polarity in Polarity:
        yield InkMask(otsu(soft, polarity), polarity, "blurred")
    if (colour := colour_contrast(picture)) is not None:
        for polarity in Polarity:
            yield InkMask(otsu(colour, polarity), polarity, "colours")
