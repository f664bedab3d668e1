"""Ink on a picture: laid over, embossed, in windows or under bars, and whether it can still be read."""

import random

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.strips.camera import photographed
from ocr_train.strips.instruments import Layers
from ocr_train.strips.surface import MIN_CONTRAST, Light, Surfaces, colours, lit

MIN_LIKENESS = 0.4
"""Least correlation of a photograph with its ink; chosen on sheets of lines: what is below it is seldom legible."""
REDDENED = 0.4
"""Share of the counters whose last wheels are on red."""
WHEELS = (
    (np.full(3, 25, np.float32), np.full(3, 235, np.float32)),
    (np.full(3, 235, np.float32), np.full(3, 25, np.float32)),
)
"""Colours of a counter's windows and digits."""
RED = np.array((180, 35, 30), np.float32)
"""Colour of the windows of a counter's decimals."""


def layered(rng: random.Random, surfaces: Surfaces, seen: Layers, *, in_windows: bool) -> tuple[Image, bool]:
    """A photograph of ink and what stands with it, and whether its ink can be told from its paper.

    Args:
        rng: Source of every choice.
        surfaces: What it is on.
        seen: Ink, and windows or bars, as the camera sees them.
        in_windows: They are windows, of their own colours; otherwise bars in that of the ink.
    """
    mask, others = seen
    paper_colour, ink_colour = colours(rng)
    picture = surfaces.paper(rng, (mask.shape[0], mask.shape[1]), paper_colour)
    if not in_windows:
        picture = over(over(picture, others, ink_colour), mask, ink_colour)
        image = photographed(rng, lit(rng, picture), surfaces)
        return image, is_visible(image, mask, others < 20)
    window, ink_colour = colours(rng) if rng.random() < 0.4 else WHEELS[rng.random() < 0.3]
    ground = np.empty((1, mask.shape[1], 3), np.float32)
    ground[:] = window
    if rng.random() < REDDENED:
        ground[:, round(mask.shape[1] * rng.uniform(0.5, 0.9)) :] = RED
    picture = over(over(picture, others, ground), mask, ink_colour)
    image = photographed(rng, lit(rng, picture), surfaces)
    return image, is_visible(image, mask, others > 200)


def over(picture: Light, mask: Image, colour: Light) -> Light:
    """Ink of a colour laid over a picture where the mask says."""
    share = mask.astype(np.float32)[..., None] * np.float32(1 / 255)
    return np.asarray(picture + (colour - picture) * share, np.float32)


def shifted(mask: Image, rng: random.Random) -> Image:
    """A mask's shadow: moved by a twentieth of its height."""
    by = max(1, round(mask.shape[0] * 0.05))
    return np.asarray(np.roll(mask, (by, rng.choice((-by, by))), (0, 1)), np.uint8)


def embossed(rng: random.Random, picture: Light, mask: Image) -> Light:
    """Letters raised from or cut into the surface: one edge light, the other dark, hardly another colour between."""
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8 * mask.shape[0] / 32).astype(np.float32)
    by = max(1, mask.shape[0] // 24)
    slope = np.roll(soft, (by, by), (0, 1)) - np.roll(soft, (-by, -by), (0, 1))
    strength = rng.uniform(0.5, 1.0) * rng.choice((-1, 1))
    return np.asarray(picture + (slope * strength + soft * rng.uniform(-0.12, 0.12))[..., None], np.float32)


def is_visible(image: Image, seen: Image, where: npt.NDArray[np.bool_] | None = None) -> bool:
    """Whether what the camera gave still shows the ink: paper and ink differ, and more than noise and glare do.

    Args:
        image: uint8 RGB, shape ``(h, w, 3)``.
        seen: The ink, uint8, shape ``(h, w)``.
        where: What counts, shape ``(h, w)``; None for all.
    """
    if where is not None:
        if not where.any():
            return False
        image, seen = image[where][:, None], seen[where][:, None]
    inked = (seen > 150).view(np.uint8)
    blank = (seen < 20).view(np.uint8)
    ink_mean, paper_mean = cv2.mean(image, inked)[:3], cv2.mean(image, blank)[:3]
    contrast = np.subtract(ink_mean, paper_mean)
    channel = int(np.abs(contrast).argmax())
    if abs(contrast[channel]) < MIN_CONTRAST * 0.6:
        return False
    level = image[..., channel].astype(np.float32)
    level -= level.mean()
    mask = seen.astype(np.float32)
    mask -= mask.mean()
    alike = float((level * mask).sum()) / (float(np.sqrt((level**2).sum() * (mask**2).sum())) + 1e-6)
    return abs(alike) >= MIN_LIKENESS
