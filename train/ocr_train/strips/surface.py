"""What ink stands on: colours, textures, photographs, frames, neighbouring text, shadows and glare."""

import random
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image

Light = npt.NDArray[np.float32]
MIN_CONTRAST = 26.0
"""Least difference in luminance between ink and paper, in grey levels: below it a person guesses."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


LCD = (
    *((160, 175, 150), (190, 200, 60), (120, 150, 190), (170, 170, 165), (30, 215, 50), (30, 205, 150)),
    *((60, 150, 250), (175, 95, 45), (75, 78, 90)),
)
"""Papers of liquid crystal displays, RGB, the strongly lit ones of electricity meters among them."""
LIT = ((250, 60, 40), (70, 240, 90), (80, 170, 255), (250, 200, 60), (240, 240, 255))
"""Inks of LED and backlit displays, RGB."""
SHOWN = 0.75
"""Share of the numbers in segments that have the colours of a display; the others stand on anything."""


def colours(rng: random.Random, *, shown: bool = False) -> tuple[Light, Light]:
    """Colours of paper and ink that a person can tell apart: float32, shape ``(3,)``, 0 to 255.

    Args:
        rng: Source of every choice.
        shown: They are those of a display, mostly.
    """
    roll = rng.uniform(0.42, 0.58) if shown and rng.random() < SHOWN else rng.random()
    while True:
        if roll < 0.3:  # print: dark on light, nearly grey
            paper, ink = _grey(rng, 150, 255), _grey(rng, 0, 110)
        elif roll < 0.42:  # light on dark, nearly grey
            paper, ink = _grey(rng, 0, 110), _grey(rng, 140, 255)
        elif roll < 0.52:
            paper = _near(rng, rng.choice(LCD), 35)
            # Its ink is black, or lets some of its light through.
            ink = _grey(rng, 10, 90) if rng.random() < 0.5 else paper * np.float32(rng.uniform(0.15, 0.75))
        elif roll < 0.58:
            paper, ink = _grey(rng, 0, 60), _near(rng, rng.choice(LIT), 35)
        else:
            paper, ink = (np.array([rng.uniform(0, 255) for _ in range(3)], np.float32) for _ in range(2))
        least = MIN_CONTRAST if rng.random() < (0.4 if shown else 0.12) else 60.0
        if abs(float((paper - ink) @ _LUMA)) >= least:
            return paper, ink


def _grey(rng: random.Random, low: float, high: float) -> Light:
    level = rng.uniform(low, high)
    return np.array([level + rng.gauss(0, 6) for _ in range(3)], np.float32).clip(0, 255)


def _near(rng: random.Random, colour: Sequence[float], spread: float) -> Light:
    return np.array([c + rng.gauss(0, spread / 2) for c in colour], np.float32).clip(0, 255)


class Surfaces:
    """Papers to write on.

    Args:
        photographs: uint8 RGB pictures whose pieces serve as backgrounds; may be empty.
    """

    def __init__(self, photographs: Sequence[Image] = ()) -> None:
        self._photographs = tuple(photographs)
        chance = np.random.default_rng(0)
        self._noise = chance.normal(0, 1, (512, 1024, 1)).astype(np.float32)
        self._colour_noise = chance.normal(0, 1, (256, 1024, 3)).astype(np.float32)

    def paper(self, rng: random.Random, size: tuple[int, int], colour: Light) -> Light:
        """Paper of about a colour: plain, uneven, grained, or a piece of a photograph.

        Returns:
            float32, shape ``(*size, 3)``.
        """
        height, width = size
        roll = rng.random()
        if self._photographs and roll < 0.2:
            return self._piece(rng, size, colour)
        paper = np.empty((height, width, 3), np.float32)
        paper[:] = colour
        if roll < 0.5:
            # Coarse unevenness: a few random numbers, stretched.
            coarse = self._cut(rng, (rng.randint(2, 3), rng.randint(2, 6)), self._noise)
            paper += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[
                ..., None
            ] * rng.uniform(3, 22)
        if roll > 0.85:
            grain = self.noise(rng, (max(2, height // 2), max(2, width // 3)), coloured=False)
            paper += cv2.resize(grain, (width, height))[..., None] * rng.uniform(3, 14)
        return paper

    def noise(self, rng: random.Random, size: tuple[int, int], *, coloured: bool) -> Light:
        """Noise of a deviation of 1: float32, shape ``(*size, 1)`` or, coloured, ``(*size, 3)``."""
        bank = self._colour_noise if coloured else self._noise
        if size[0] > bank.shape[0] or size[1] > bank.shape[1]:
            bank = np.tile(bank, (1 + size[0] // bank.shape[0], 1 + size[1] // bank.shape[1], 1))
        return self._cut(rng, size, bank)

    @staticmethod
    def _cut(rng: random.Random, size: tuple[int, int], bank: Light) -> Light:
        y, x = rng.randint(0, bank.shape[0] - size[0]), rng.randint(0, bank.shape[1] - size[1])
        return bank[y : y + size[0], x : x + size[1]]

    def _piece(self, rng: random.Random, size: tuple[int, int], colour: Light) -> Light:
        """A piece of a photograph, faded towards the colour so that ink still shows."""
        photograph = rng.choice(self._photographs)
        scale = rng.uniform(0.6, 2.0)
        height = min(photograph.shape[0], max(2, round(size[0] * scale)))
        width = min(photograph.shape[1], max(2, round(size[1] * scale)))
        y, x = rng.randint(0, photograph.shape[0] - height), rng.randint(0, photograph.shape[1] - width)
        piece = cv2.resize(
            photograph[y : y + height, x : x + width], size[::-1], interpolation=cv2.INTER_LINEAR
        )
        share = rng.uniform(0.1, 0.5)
        return np.asarray(piece.astype(np.float32) * share + colour * (1 - share), np.float32)


def lit(rng: random.Random, picture: Light) -> Light:
    """A picture with light that falls unevenly: a slope, the edge of a shadow, or glare."""
    roll = rng.random()
    height, width = picture.shape[:2]
    if roll > 0.36:
        return picture
    xs = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    if roll < 0.18:
        return np.asarray(
            picture * (1 + rng.uniform(-0.45, 0.45) * xs + rng.uniform(-0.25, 0.25) * ys), np.float32
        )
    if roll < 0.27:
        edge = (xs - rng.uniform(-0.8, 0.8) + rng.uniform(-0.6, 0.6) * ys) * rng.uniform(3, 30)
        return np.asarray(picture * (1 - rng.uniform(0.2, 0.55) / (1 + np.exp(-edge))), np.float32)
    centre, reach = rng.uniform(-1, 1), rng.uniform(0.15, 0.6)
    spot = np.exp(-(((xs - centre) / reach) ** 2) - (ys - rng.uniform(-1, 1)) ** 2)
    return np.asarray(picture + rng.uniform(30, 130) * spot, np.float32)


def decor(rng: random.Random, size: tuple[int, int]) -> Image:
    """Rules, frames and bars about a line, as a mask that keeps to the margin: uint8, shape ``size``."""
    mask = np.zeros(size, np.uint8)
    height, width = size
    thick = max(1, round(height * rng.uniform(0.02, 0.08)))
    roll = rng.random()
    if roll < 0.35:
        y = rng.choice([0, height - thick])
        mask[y : y + thick] = 255
    elif roll < 0.6:
        x = rng.choice([0, width - thick])
        mask[:, x : x + thick] = 255
    elif roll < 0.85:
        cv2.rectangle(mask, (0, 0), (width - 1, height - 1), 255, thick)
    else:
        mask[-thick:], mask[:, :thick] = 255, 255
    return mask
