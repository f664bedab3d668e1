"""How things that carry text are written on: in which faces, how high, how lines stand under each other."""

import random
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.scenes.sheet import Sheet, scaled
from ocr_train.strips.render import Renderer, writable
from ocr_train.strips.surface import Light
from ocr_train.strips.typefaces import Typeface, Typefaces, ink

FEWEST = 7
"""Pixels of the least capital that is drawn: people read 8 in a photograph, and the map has 4 to a cell."""


LARGE = 0.3
"""Share of the things whose text fills them: a camera that watches one display sees little else."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Draws lines of ink in one face or in several.

    Attributes:
        renderer: Texts, faces and real characters.
        segments: The faces of displays.
        printed: All other faces.
    """

    renderer: Renderer
    segments: Typefaces
    printed: Typefaces

    @classmethod
    def of(cls, renderer: Renderer) -> "Writer":
        """One that has a renderer's faces, by kind."""
        segments, printed = renderer.typefaces.parted({"seven-segment", "dot-matrix"})
        return cls(renderer, segments or renderer.typefaces, printed or renderer.typefaces)

    def any(self, rng: random.Random, longest: int) -> Image | None:
        """A line of whatever a line network reads: any face, real characters too."""
        made = self.renderer.ink(rng, max(1, longest // 3), longest)
        return made[0] if made else None

    def text(self, rng: random.Random, shortest: int, longest: int) -> str:
        """What may be written."""
        return self.renderer.texts.draw(rng, shortest, longest)


def line(rng: random.Random, face: Typeface, text: str) -> Image | None:
    """A text's ink in a face, as far as it can write it."""
    text = writable(rng, text, face.characters)
    mask = ink(face.face, text, rng) if text else None
    return mask if mask is not None and min(mask.shape) > 1 else None


def fitted(mask: Image, width: float) -> Image:
    """A mask made smaller where it is wider than its place."""
    if mask.shape[1] <= width:
        return mask
    scale = max(width, 2) / mask.shape[1]
    size = (max(2, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * max(scale, 0.6))))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def cap_height(rng: random.Random, least: float, most: float) -> float:
    """A height of capitals: mostly as likely small as large in proportion, at times as large as there is room for."""
    if rng.random() < LARGE:
        return max(least, most * rng.uniform(0.35, 1.0))
    return float(np.exp(rng.uniform(np.log(least), np.log(max(most, least)))))


def stack(
    rng: random.Random,
    sheet: Sheet,
    masks: list[Image],
    colour: Light,
    gap: float,
    pad: float = 2,
    *,
    middle: bool | None = None,
) -> None:
    """Write lines one under another."""
    centred, top = rng.random() < 0.6 if middle is None else middle, pad
    for mask in masks:
        spare = sheet.size[1] - mask.shape[1]
        sheet.write(mask, spare / 2 if centred else min(pad, spare), top, colour)
        top += mask.shape[0] + 2 * gap


def frame(rng: random.Random, sheet: Sheet, colour: Light) -> None:
    """A border close to the edge."""
    mask = np.zeros(sheet.size, np.uint8)
    inset, thick = rng.randint(0, 4), rng.randint(1, max(1, min(sheet.size) // 24))
    cv2.rectangle(mask, (inset, inset), (sheet.size[1] - 1 - inset, sheet.size[0] - 1 - inset), 255, thick)
    sheet.write(mask, 0, 0, colour, is_text=False)


def small_print(
    rng: random.Random,
    writer: Writer,
    sheet: Sheet,
    spot: tuple[float, float],
    cap: float,
    colour: Light,
    text: str,
) -> None:
    """Print beside something; what would be too small to read is left out."""
    mask = line(rng, writer.printed.draw(rng), text) if cap >= FEWEST * 0.8 else None
    if mask is not None:
        sheet.write(fitted(scaled(mask, cap), max(4, sheet.size[1] - spot[0])), *spot, colour)


def ground(rng: random.Random, writer: Writer, size: tuple[int, int], paper: Light) -> Light:
    """A thing's surface, about the colour of its paper: float32, shape ``(*size, 3)``."""
    return writer.renderer.surfaces.paper(rng, size, paper)
