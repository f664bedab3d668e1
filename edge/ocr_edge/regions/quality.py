"""Whether the picture of a region can be read, and what spoils it when not.

Sharpness compares a picture with itself, blurred by a share of its height: what is out of focus already loses little.
That depends neither on contrast nor on size: large characters may be softer than small ones.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.config.settings import Picture
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image

BURNT = 250
"""Grey level from which on a pixel may hide anything brighter."""
INK = 180
"""Grey level that the darkest hundredth of an over-exposed picture exceeds: no ink is left to read."""
WHITE = 225
"""Grey level of paper that is white anyway: burnt-out places in it are no glare."""
SPOT = 0.25
"""Side of the smallest spot of glare, as a share of the picture's lower side: larger than a stroke."""
BLUR = 0.05
"""Width of the blur that is compared with, as a share of the picture's lower side, and"""
MIN_BLUR, MAX_BLUR = 1.0, 6.0
"""its bounds in pixels: a high region holds several lines."""
EDGES = 0.1
"""Share of the pixels that count as edges: the steepest."""
MIN_EDGE = 2.0
"""Grey levels across the width of that blur, after it, under which there is no edge: an empty surface, softly lit."""
LONELY = 0.15
"""Energy of the weaker direction, as a share of the stronger one's, under which its edges prove nothing, and"""
ONE_SIDED = 0.25
"""under which the picture counts as smeared in that direction."""
LARGEST = 360
"""Pixels of the lower side from twice of which on a picture is halved before its edges are looked at."""
COARSE = 100
"""Pixels of the lower side that are enough to see spots."""
SHARP = 3.0
"""Times the smallest sharpness from which on a picture weighs fully."""
SAMPLES = 20_000
"""Pixels that statistics are taken of."""

Gray = npt.NDArray[np.float32]
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Quality:
    """What the picture of a region is worth.

    Attributes:
        brightness: Grey level of its bright parts: the 95th percentile.
        overexposed: Share of burnt-out pixels, 0 to 1.
        glare: Share of large burnt-out spots in a picture that is not white otherwise, 0 to 1.
        sharpness: 0 for a blur to 1; also 1 where there is no edge that could be blurred.
        weight: How much a reading of it counts, 0 to 1; 0 when it is spoiled.
        problem: ``dark``, ``over-exposed``, ``blurred`` or ``glaring``; empty when it can be read.
    """

    brightness: float
    overexposed: float
    glare: float
    sharpness: float
    weight: float
    problem: str


def judge(image: Image, settings: Picture) -> Quality:
    """Judge the picture of a region.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``, or grey, ``(H, W)``.
        settings: Where each problem begins.
    """
    gray = image if image.ndim == 2 else luminance(image)
    ink, brightness = (float(level) for level in np.percentile(_sampled(gray.ravel()), (1, 95)))
    overexposed = float((_sampled(gray.ravel()) >= BURNT).mean())
    glare = _glare(gray) if overexposed > 0.5 * settings.max_glare else 0.0
    sharp = sharpness(gray)
    problem = ""
    if brightness < settings.min_brightness:
        problem = "dark"
    elif overexposed > settings.max_overexposed and ink > INK:
        problem = "over-exposed"
    elif sharp < settings.min_sharpness:
        problem = "blurred"
    elif glare > settings.max_glare:
        problem = "glaring"
    weight = min(1.0, sharp / (SHARP * settings.min_sharpness)) if settings.min_sharpness else 1.0
    weight *= 1 - glare
    return Quality(brightness, overexposed, glare, sharp, 0.0 if problem else weight, problem)


def sharpness(gray: Image) -> float:
    """How sharp the edges are, as of ``edge_sharpness``; 1 where there is none that could be blurred."""
    found = edge_sharpness(gray)
    return 1.0 if found is None else found


def edge_sharpness(gray: Image) -> float | None:
    """How much steeper the edges are than after a blur, 0 to 1, in the direction in which they are softer.

    None where there is no edge.

    Edges in one direction alone lower it: a movement of the camera has wiped out the others, unless there is nothing
    but a ``1`` to read.
    """
    while min(gray.shape) >= 2 * LARGEST:
        gray = np.asarray(cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    if min(gray.shape) < 4:
        return None
    # A little blur first: single pixels are noise. What is left of it is known for white noise and taken off.
    plain = np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0), np.float32)
    wide = float(np.clip(BLUR * min(gray.shape), MIN_BLUR, MAX_BLUR))
    noise = 0.2 * _noise(gray.astype(np.float32))
    steps, soft = _steps(plain), _steps(np.asarray(cv2.GaussianBlur(plain, (0, 0), wide), np.float32))
    energies, directions = np.linalg.eigh(steps.T @ steps / len(steps))
    weak, strong = np.maximum(energies - noise**2, 1e-6)
    losses = []
    for direction in directions.T[1:] if weak < LONELY * strong else directions.T:
        after = _steepest(soft @ direction, noise / (1 + wide**2))
        if after * wide >= MIN_EDGE:
            losses.append(1 - min(1.0, after / max(_steepest(steps @ direction, noise), after)))
    return min(losses) * min(1.0, float(weak / strong) / ONE_SIDED) ** 0.5 if losses else None


def _steps(gray: Gray) -> Gray:
    """Grey levels to the pixel at the right and to the one below, shape ``(N, 2)``."""
    inner = gray[:-1, :-1]
    return _sampled(np.stack((gray[:-1, 1:] - inner, gray[1:, :-1] - inner), axis=2).reshape(-1, 2))


def _steepest(steps: Gray, noise: float) -> float:
    """The mean of the largest steps, without the noise in it."""
    sizes = np.abs(steps)
    first = len(sizes) - max(1, int(len(sizes) * EDGES))
    mean = float(np.partition(sizes, first)[first:].mean())
    return float(max(mean**2 - (2.2 * noise) ** 2, 0.0) ** 0.5)


def _noise(gray: Gray) -> float:
    """Standard deviation of the noise (Immerkaer, 1996, with the median: most of a picture is smooth)."""
    kernel = np.array([(1, -2, 1), (-2, 4, -2), (1, -2, 1)], np.float32)
    return float(np.median(_sampled(np.abs(cv2.filter2D(gray, -1, kernel)).ravel()))) / 0.6745 / 6


def _glare(gray: Image) -> float:
    """Share of the picture in burnt-out spots wider than a stroke; 0 where the rest is as white."""
    step = max(1, min(gray.shape) // COARSE)
    gray = np.ascontiguousarray(gray[::step, ::step])
    kernel = np.ones((max(3, int(min(gray.shape) * SPOT)),) * 2, np.uint8)
    spots = cv2.morphologyEx((gray >= BURNT).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    share = float(spots.mean())
    rest = gray[cv2.dilate(spots, kernel) == 0]
    return share if share and rest.size and np.percentile(rest, 75) < WHITE else 0.0


def _sampled(values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """At most twice ``SAMPLES`` of the rows, evenly spread."""
    return values[:: max(1, len(values) // SAMPLES)]
