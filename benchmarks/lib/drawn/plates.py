"""Plates and labels whose text goes over two rows, drawn to look photographed, with the pattern an owner would give."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.drawn.ink import Ink, NoFontError, font_file, printed
from lib.drawn.photographed import Image, Random, any_look, compressed, photograph

COUNT, SEED = 100, 41
FAMILIES = (
    "Liberation Sans", "Liberation Sans Narrow", "Roboto", "Roboto Condensed", "DejaVu Sans", "B612", "FreeSans",
    "Noto Sans", "Lato", "Open Sans", "DejaVu Sans Mono", "Liberation Mono", "PT Mono", "Carlito",
)  # fmt: skip
"""Faces of plates and labels, all free and packaged by Debian; a plate whose face is not installed is left out."""
KINDS = (
    ("##-&#", "###.##", r"\d{2}[A-Z]\d{6}"),
    ("&& ##", "&& ####", r"[A-Z]{2}\d{2}[A-Z]{2}\d{4}"),
    ("&&##", "&&&", r"[A-Z]{2}\d{2}[A-Z]{3}"),
    ("&&&", "####", r"[A-Z]{3}\d{4}"),
    ("& &&", "###", r"[A-Z]{1,3}[A-Z]{2}\d{1,4}"),
    ("###", "##-##", r"\d{7}"),
    ("&&&&", "######", r"[A-Z]{4}\d{6}"),
    ("&#&#", "####&", r"[A-Z0-9]{9}"),
)
"""Upper row, lower row and pattern: ``#`` is any digit, ``&`` a letter."""
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Plate:
    """A drawn plate.

    Attributes:
        name: For a file.
        text: Letters and digits of both rows.
        pattern: What an owner would give.
        image: uint8, shape ``(H, W, 3)``, RGB: the plate with a margin, as a region is cut.
    """

    name: str
    text: str
    pattern: str
    image: Image


def plates(count: int = COUNT, seed: int = SEED, missing: list[str] | None = None) -> Iterator[Plate]:
    """The set: each plate has a seed of its own, so that one left out changes no other.

    Args:
        count: How many.
        seed: Another one is another set.
        missing: Takes a line for each plate whose face is not installed.
    """
    for number in range(count):
        random = np.random.default_rng((seed, number))
        family = FAMILIES[int(random.integers(len(FAMILIES)))]
        try:
            face = font_file(family, "Bold" if random.random() < 0.5 else "Regular")
        except NoFontError as error:
            if missing is not None:
                missing.append(f"plate {number}: {error}")
            continue
        *shapes, pattern = KINDS[number % len(KINDS)]
        rows = ["".join(_character(mark, random) for mark in shape) for shape in shapes]
        high = float(random.uniform(20, 60))
        # Many plates have a lower row that is higher than the upper one, or the other way round.
        heights = [high, high * float(random.choice([1.0, 1.0, 1.4, 0.7]))]
        inks = [
            _scaled(printed(row, face, 120, float(random.uniform(0, 0.12))), tall)
            for row, tall in zip(rows, heights, strict=True)
        ]
        # A region is cut close around its text, as docs/regions.md says: the plate's own border is the margin.
        look = replace(any_look(random, display=False), margin=float(random.uniform(0.02, 0.12)))
        image = compressed(photograph(_plate(inks, high, random), look, random), look.quality)
        yield Plate(f"plate-{number:03d}", re.sub(r"\W", "", "".join(rows)), pattern, image)


def _character(mark: str, random: Random) -> str:
    if mark == "#":
        return str(random.integers(0, 10))
    return LETTERS[int(random.integers(len(LETTERS)))] if mark == "&" else mark


def _scaled(ink: Ink, high: float) -> Ink:
    size = (max(1, round(ink.shape[1] * high / ink.shape[0])), max(1, round(high)))
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)


def _plate(inks: list[Ink], high: float, random: Random) -> Ink:
    """Both rows above each other; sometimes with a frame and screws."""
    gap = round(high * random.uniform(0.2, 0.6))
    wide = max(ink.shape[1] for ink in inks)
    border = round(high * random.uniform(0.35, 0.7))
    rows = []
    centred = random.random() < 0.7
    for ink in inks:
        left = (wide - ink.shape[1]) // 2 if centred else 0
        rows.append(np.pad(ink, ((0, 0), (left, wide - ink.shape[1] - left))))
    plate = np.concatenate([rows[0], np.zeros((gap, wide), np.float32), rows[1]])
    plate = np.ascontiguousarray(np.pad(plate, border))
    height, width = plate.shape
    if random.random() < 0.5:
        thick = max(1, round(high * 0.06))
        cv2.rectangle(plate, (thick, thick), (width - thick - 1, height - thick - 1), 1.0, thick)
    if random.random() < 0.3:
        for x in (border // 2, width - border // 2):
            cv2.circle(plate, (x, height // 2), max(2, border // 5), 0.6, -1)
    return plate
