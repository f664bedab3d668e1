"""Lines composed of real character crops: cheque digits, handwriting, meters, an owner's own folder of characters."""

import random
from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.preprocess import guess_polarity, luminance
from ocr_edge.contract.types import Image, Polarity
from ocr_train.datasets import Dataset
from ocr_train.strips.typefaces import CAP, composed

_HEIGHTS = (
    dict.fromkeys("acemnorsuvwxz", 0.72) | dict.fromkeys("gpqy", 0.95) | {"t": 0.9, "i": 0.95, "j": 1.2}
)
"""Height of a character's ink beside a capital's; a crop has lost its size. What is not here is as high as one."""
_DROPS = dict.fromkeys("gpqyj", 0.28)
"""How far a character reaches below the line, beside a capital's height."""
MIN_GROUP = 6
"""Characters that one writer must have shown for a line of theirs alone."""


class Crops:
    """Ink of real characters by what they are, and by who wrote them.

    Args:
        dataset: Labelled crops; those of the ``train`` split are used.
        labels: The texts that the labels stand for.
    """

    def __init__(self, dataset: Dataset, labels: Sequence[str]) -> None:
        self.name = dataset.name
        self._groups: dict[str, dict[str, list[Image]]] = defaultdict(lambda: defaultdict(list))
        for sample in dataset.samples:
            if sample.split in ("train", ""):
                mask = ink_of(sample.glyph.rgb)
                for group in dict.fromkeys(
                    ("", sample.group)
                ):  # a set would be in another order in every process
                    self._groups[group][labels[sample.label]].append(mask)
        self._names = [name for name, group in self._groups.items() if name == "" or len(group) >= MIN_GROUP]

    def draw(self, rng: random.Random, text: str, longest: int) -> tuple[Image, str]:
        """A line of this set's characters.

        Args:
            rng: Source of every choice.
            text: What should be written; characters that the set lacks are replaced by others of it.
            longest: Most characters.

        Returns:
            uint8 ink mask ``(h, w)`` with capitals about ``CAP`` high, and the text that it shows.
        """
        group = self._groups[rng.choice(self._names) if len(self._names) > 1 and rng.random() < 0.6 else ""]
        known = list(group)
        said = "".join(c if c in group or c == " " else rng.choice(known) for c in text[:longest]).strip()
        said = said or rng.choice(known)
        gap, jitter = rng.uniform(-0.06, 0.22), rng.uniform(0.0, 0.09)
        slope = rng.uniform(-0.03, 0.03)
        placed: list[tuple[Image, int, int]] = []
        pen = 0.0
        for char in said:
            if char == " ":
                pen += CAP * rng.uniform(0.45, 0.8)
                continue
            mask = rng.choice(group[char])
            height = max(
                6, round(CAP * _HEIGHTS.get(char, 1.0) * rng.uniform(1 - 2 * jitter, 1 + 2 * jitter))
            )
            width = max(2, round(mask.shape[1] * height / mask.shape[0] * rng.uniform(0.9, 1.1)))
            shrinks = height * width < mask.size
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            scaled = cv2.resize(mask, (width, height), interpolation=interpolation)
            drop = _DROPS.get(char, 0.0) * CAP + rng.gauss(0, jitter * CAP) + slope * pen
            placed.append((np.asarray(scaled, np.uint8), round(pen), round(drop) - height))
            pen += width + CAP * (gap + rng.uniform(-0.05, 0.05))
        return composed(placed), said


def ink_of(image: Image) -> Image:
    """How much ink each pixel of a crop holds, cropped to the ink.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``.

    Returns:
        uint8, shape ``(h, w)``: 0 for the crop's paper, 255 for its ink, the levels between spread evenly.
    """
    gray = luminance(image)
    if guess_polarity(gray) is Polarity.DARK:
        gray = 255 - gray
    low, high = np.percentile(gray, (30, 98))
    spread = (gray - low - 0.12 * (high - low)) * (255 / max(0.8 * (high - low), 8))
    level: Image = np.clip(spread, 0, 255).astype(np.uint8)
    left, top, width, height = cv2.boundingRect((level > 90).astype(np.uint8))
    if not width or not height:
        return level
    return np.ascontiguousarray(level[top : top + height, left : left + width])
