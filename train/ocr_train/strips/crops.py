"""Lines composed of real character crops: cheque digits, handwriting, meters, an owner's own folder of characters."""

import random
from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.preprocess import guess_polarity, luminance
from ocr_edge.contract.types import Image, Polarity
from ocr_train.datasets import Dataset
from ocr_train.strips.typefaces import CAP, Typefaces, composed, ink

_HEIGHTS = (
    dict.fromkeys("acemnorsuvwxz", 0.72) | dict.fromkeys("gpqy", 0.95) | {"t": 0.9, "i": 0.95, "j": 1.2}
)
"""Height of a character's ink beside a capital's; a crop has lost its size. What is not here is as high as one."""
_DROPS = dict.fromkeys("gpqyj", 0.28)
"""How far a character reaches below the line, beside a capital's height."""
_MARKS = {
    ".": (0.15, 0.0), ",": (0.3, 0.16), ":": (0.7, 0.0), ";": (0.85, 0.16), "-": (0.12, -0.3), "_": (0.08, 0.2),
    "=": (0.38, -0.17), "+": (0.7, 0.0), "~": (0.2, -0.3), "*": (0.5, -0.5), "'": (0.37, -0.66), '"': (0.37, -0.66),
    "`": (0.22, -0.8), "^": (0.4, -0.6), "°": (0.42, -0.6), "²": (0.58, -0.43), "³": (0.58, -0.43), "µ": (0.98, 0.27),
    "(": (1.3, 0.25), ")": (1.3, 0.25), "[": (1.3, 0.25), "]": (1.3, 0.25), "{": (1.3, 0.25), "}": (1.3, 0.25),
    "|": (1.35, 0.3), "@": (1.2, 0.25), "$": (1.25, 0.13),
}  # fmt: skip
"""Height and drop of a mark's ink, beside a capital's: about those of the fonts DejaVu Sans and Liberation Serif. A dot
as high as a capital would teach that ink spots are dots."""
MIN_INK = 3
"""Rows of a composed character at least, of 32 of a capital: a dash has four."""
MIN_GROUP = 6
"""Characters that one writer must have shown for a line of theirs alone."""
FEW = 10
"""Classes of a set with fewer stand among printed characters: a line of nothing but three of them shows no more than
each alone. Ten digits make lines of their own."""
MIXED_IN = 0.3
"""Share of such a line that is from the set."""


class Crops:
    """Ink of real characters by what they are, and by who wrote them.

    Args:
        dataset: Labelled crops; those of the ``train`` split are used.
        labels: The texts that the labels stand for.
        others: Faces for the other characters of a line, where the set has few classes; None writes no others.
    """

    def __init__(self, dataset: Dataset, labels: Sequence[str], others: Typefaces | None = None) -> None:
        self.name = dataset.name
        self._others = others
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
            text: What should be written; characters that the set lacks are replaced by others of it, or, where it has
                few classes, printed.
            longest: Most characters.

        Returns:
            uint8 ink mask ``(h, w)`` with capitals about ``CAP`` high, and the text that it shows.
        """
        group = self._groups[rng.choice(self._names) if len(self._names) > 1 and rng.random() < 0.6 else ""]
        known = list(group)
        face = self._others.draw(rng) if self._others and len(self._groups[""]) < FEW else None
        printed = face.characters - {" "} if face else frozenset()
        said = "".join(
            c
            if c == " " or (c in group and not face) or (c in printed and rng.random() > MIXED_IN)
            else rng.choice(known)
            for c in text[:longest]
        ).strip()
        said = said or rng.choice(known)
        if not set(said) & set(known):
            place = rng.choice([index for index, char in enumerate(said) if char != " "])
            said = said[:place] + rng.choice(known) + said[place + 1 :]
        gap, jitter = rng.uniform(-0.06, 0.22), rng.uniform(0.0, 0.09)
        slope = rng.uniform(-0.03, 0.03)
        placed: list[tuple[Image, int, int]] = []
        pen = 0.0
        for char in said:
            if char == " ":
                pen += CAP * rng.uniform(0.45, 0.8)
                continue
            mask = ink(face.face, char, rng) if face and char not in group else rng.choice(group[char])
            high, below = _MARKS.get(char, (_HEIGHTS.get(char, 1.0), _DROPS.get(char, 0.0)))
            height = max(MIN_INK, round(CAP * high * rng.uniform(1 - 2 * jitter, 1 + 2 * jitter)))
            width = max(2, round(mask.shape[1] * height / mask.shape[0] * rng.uniform(0.9, 1.1)))
            shrinks = height * width < mask.size
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            scaled = cv2.resize(mask, (width, height), interpolation=interpolation)
            drop = below * CAP + rng.gauss(0, jitter * CAP) + slope * pen
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
