"""One rendered line: text, ink, surface, camera."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.strips.camera import photographed, placed
from ocr_train.strips.crops import Crops
from ocr_train.strips.surface import MIN_CONTRAST, Light, Surfaces, colours, decor, lit
from ocr_train.strips.texts import UNITS, Texts, number
from ocr_train.strips.typefaces import Typeface, Typefaces, composed, ink

MIN_LIKENESS = 0.4
"""Least correlation of a photograph with its ink; chosen on sheets of lines: what is below it is seldom legible."""
WITH_UNIT = 0.3
"""Share of the lines in segments that show a unit, which is printed."""
TRIES = 6
"""How often a line is drawn again when it cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Renderer:
    """Draws lines.

    Attributes:
        texts: What is written.
        typefaces: What it is written in.
        surfaces: What it is written on.
        crops: Sets of real characters to compose lines of.
        composed: Share of the lines that are composed, 0 to 1.
    """

    texts: Texts
    typefaces: Typefaces
    surfaces: Surfaces
    crops: Sequence[Crops] = ()
    composed: float = 0.12
    _units: tuple[tuple[str, Typefaces], ...] = field(init=False, default=())
    """Units that can be written, with the faces that can."""

    def __post_init__(self) -> None:
        found = [(unit, faces) for unit in UNITS if (faces := self.typefaces.having(unit))]
        object.__setattr__(self, "_units", tuple(found))

    def draw(
        self, rng: random.Random, shortest: int, longest: int, widest: float
    ) -> tuple[Image, str] | None:
        """One line, photographed.

        Args:
            rng: Source of every choice.
            shortest: Fewest characters.
            longest: Most characters.
            widest: Most columns beside the rows.

        Returns:
            uint8 RGB, shape ``(H, W, 3)``, and its text; None when nothing legible came of several tries.
        """
        for _ in range(TRIES):
            if (inked := self.ink(rng, shortest, longest)) is None:
                continue
            mask, text = inked
            seen = placed(rng, mask, _height(rng), widest)
            picture, visible = self._picture(rng, seen)
            if visible:
                return picture, text
        return None

    def bare(self, rng: random.Random, widest: float) -> Image:
        """A photographed surface without text: uint8 RGB, shape ``(H, W, 3)``, at most so wide beside its rows."""
        height = _height(rng)
        size = (height, max(4, round(height * widest * rng.uniform(0.15, 1.0))))
        paper_colour, ink_colour = colours(rng)
        picture = self.surfaces.paper(rng, size, paper_colour)
        if rng.random() < 0.4:
            picture = _over(picture, decor(rng, size), ink_colour)
        if rng.random() < 0.2:
            picture = _over(picture, self._neighbour(rng, size, np.zeros(size, np.uint8)), ink_colour)
        return photographed(rng, lit(rng, picture), self.surfaces)

    def ink(self, rng: random.Random, shortest: int, longest: int) -> tuple[Image, str] | None:
        """The cropped ink mask of a text, and the text; None when several tries gave no text or no ink."""
        for _ in range(TRIES):
            text = self.texts.draw(rng, shortest, longest)
            if self.crops and rng.random() < self.composed:
                mask, text = rng.choice(self.crops).draw(rng, text, longest)
            else:
                typeface = self.typefaces.draw(rng)
                with_unit = typeface.face.kind == "seven-segment" and rng.random() < WITH_UNIT
                if with_unit and (shown := self._display(rng, typeface, longest)):
                    mask, text = shown
                else:
                    text = writable(rng, text, typeface.characters)
                    if not text:
                        continue
                    mask = ink(typeface.face, text, rng)
            if mask.shape[0] > 3 or mask.shape[1] > 3:
                return mask, text
        return None

    def _display(self, rng: random.Random, display: Typeface, longest: int) -> tuple[Image, str] | None:
        """A value in segments with its unit printed beside it, smaller or as high, above or on the line.

        None where no face writes a unit, or this one no value.
        """
        if not self._units:
            return None
        unit, faces = rng.choice(self._units)
        value = writable(rng, number(rng, max(1, longest - len(unit) - 1)), display.characters)
        if not value or len(value) + 1 + len(unit) > longest:
            return None
        printed = faces.draw(rng)
        digits = ink(display.face, value, rng)
        small = ink(printed.face, unit, rng)
        scale = rng.uniform(0.35, 1.0)
        size = (max(2, round(small.shape[1] * scale)), max(2, round(small.shape[0] * scale)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        gap, top = rng.randint(3, 16), 0 if rng.random() < 0.3 else digits.shape[0] - small.shape[0]
        placed = [(digits, 0, 0), (small, digits.shape[1] + gap, max(top, 0))]
        joint = " " if " " in display.characters else ""
        return composed(placed), f"{value}{joint}{unit}"

    def _picture(self, rng: random.Random, seen: Image) -> tuple[Image, bool]:
        """A photograph of an ink mask, and whether its ink can be told from its paper."""
        paper_colour, ink_colour = colours(rng)
        size = (seen.shape[0], seen.shape[1])
        picture = self.surfaces.paper(rng, size, paper_colour)
        roll = rng.random()
        if roll < 0.1:
            picture = _over(picture, self._neighbour(rng, size, seen), ink_colour)
        elif roll < 0.18:
            other = ink_colour if rng.random() < 0.5 else colours(rng)[0]
            picture = _over(picture, np.where(seen > 0, 0, decor(rng, size)).astype(np.uint8), other)
        roll = rng.random()
        if roll < 0.05:
            picture = _over(picture, _shifted(seen, rng), colours(rng)[0])
        elif roll < 0.09:
            around = cv2.dilate(seen, np.ones((3, 3), np.uint8))
            picture = _over(picture, np.asarray(around, np.uint8), colours(rng)[1])
        is_embossed = rng.random() < 0.04
        picture = _embossed(rng, picture, seen) if is_embossed else _over(picture, seen, ink_colour)
        image = photographed(rng, lit(rng, picture), self.surfaces)
        return image, is_embossed or _visible(image, seen)

    def _neighbour(self, rng: random.Random, size: tuple[int, int], seen: Image) -> Image:
        """Parts of other lines above, below or beside, kept off the line's own ink."""
        sheet = np.zeros(size, np.uint8)
        if (inked := self.ink(rng, 3, 14)) is None:
            return sheet
        mask, _ = inked
        height = max(6, round(size[0] * rng.uniform(0.6, 1.0)))
        width = max(4, round(mask.shape[1] * height / mask.shape[0]))
        mask = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        rows = max(1, round(size[0] * rng.uniform(0.04, 0.2)))
        count = min(width, size[1])
        at = rng.randint(0, size[1] - count)
        rows = min(rows, height)
        if rng.random() < 0.5:
            sheet[:rows, at : at + count] = mask[-rows:, :count]
        else:
            sheet[-rows:, at : at + count] = mask[:rows, :count]
        near = cv2.dilate(seen, np.ones((3, 3), np.uint8))
        return np.where(near > 40, 0, sheet).astype(np.uint8)


def _height(rng: random.Random) -> int:
    """Rows of a photographed line, 13 to 60, mostly about a strip's."""
    return round(min(max(rng.lognormvariate(3.42, 0.3), 13), 60))


def writable(rng: random.Random, text: str, characters: frozenset[str]) -> str:
    """The text as a face can write it: in the other case where it lacks one, digits where it has nothing else."""
    if all(c in characters for c in text):
        return text
    made = []
    for c in text:
        swapped = c.swapcase()
        if c in characters:
            made.append(c)
        elif swapped in characters and len(swapped) == 1:
            made.append(swapped)
        elif c.isalpha() and "0" in characters:
            made.append(str(rng.randrange(10)))
    return " ".join("".join(made).split())


def _over(picture: Light, mask: Image, colour: Light) -> Light:
    """Ink of a colour laid over a picture where the mask says."""
    share = mask.astype(np.float32)[..., None] * np.float32(1 / 255)
    return np.asarray(picture + (colour - picture) * share, np.float32)


def _shifted(mask: Image, rng: random.Random) -> Image:
    """A mask's shadow: moved by a twentieth of its height."""
    by = max(1, round(mask.shape[0] * 0.05))
    return np.asarray(np.roll(mask, (by, rng.choice((-by, by))), (0, 1)), np.uint8)


def _embossed(rng: random.Random, picture: Light, mask: Image) -> Light:
    """Letters raised from or cut into the surface: one edge light, the other dark, hardly another colour between."""
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8 * mask.shape[0] / 32).astype(np.float32)
    by = max(1, mask.shape[0] // 24)
    slope = np.roll(soft, (by, by), (0, 1)) - np.roll(soft, (-by, -by), (0, 1))
    strength = rng.uniform(0.5, 1.0) * rng.choice((-1, 1))
    return np.asarray(picture + (slope * strength + soft * rng.uniform(-0.12, 0.12))[..., None], np.float32)


def _visible(image: Image, seen: Image) -> bool:
    """Whether what the camera gave still shows the ink: paper and ink differ, and more than noise and glare do."""
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
