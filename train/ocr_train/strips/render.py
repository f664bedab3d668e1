"""One rendered line: text, ink, surface, camera."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.strips.camera import photographed, placed
from ocr_train.strips.crops import Crops
from ocr_train.strips.instruments import counter, under_bars, with_unit
from ocr_train.strips.painting import embossed, is_visible, layered, over, shifted
from ocr_train.strips.surface import Surfaces, colours, decor, lit
from ocr_train.strips.texts import UNITS, Texts, number
from ocr_train.strips.typefaces import Typeface, Typefaces, ink

WITH_UNIT = 0.3
"""Share of the lines in segments that show a unit, which is printed."""
COUNTERS, BAR_CODES = 0.035, 0.015
"""Shares of the lines that are a mechanical counter, and that stand under a bar code."""
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
            roll = rng.random()
            if roll < COUNTERS + BAR_CODES:
                build = counter if roll < COUNTERS else under_bars
                if (made := build(rng, self.typefaces.draw(rng), longest)) is None:
                    continue
                layers, text = made
                seen = placed(rng, np.dstack(layers), _height(rng), widest)
                layers = (seen[..., 0], seen[..., 1])
                picture, visible = layered(rng, self.surfaces, layers, in_windows=build is counter)
            else:
                if (inked := self.ink(rng, shortest, longest)) is None:
                    continue
                mask, text, is_display = inked
                picture, visible = self._picture(
                    rng, placed(rng, mask, _height(rng), widest), is_display=is_display
                )
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
            picture = over(picture, decor(rng, size), ink_colour)
        if rng.random() < 0.2:
            picture = over(picture, self._neighbour(rng, size, np.zeros(size, np.uint8)), ink_colour)
        return photographed(rng, lit(rng, picture), self.surfaces)

    def ink(self, rng: random.Random, shortest: int, longest: int) -> tuple[Image, str, bool] | None:
        """The cropped ink mask of a text, the text, and whether it is in segments.

        None when several tries gave no text or no ink.
        """
        for _ in range(TRIES):
            text, is_display = self.texts.draw(rng, shortest, longest), False
            if self.crops and rng.random() < self.composed:
                mask, text = rng.choice(self.crops).draw(rng, text, longest)
            else:
                typeface = self.typefaces.draw(rng)
                is_display = typeface.face.kind == "seven-segment"
                if (
                    is_display
                    and rng.random() < WITH_UNIT
                    and (shown := self._display(rng, typeface, longest))
                ):
                    mask, text = shown
                else:
                    text = writable(rng, text, typeface.characters)
                    if not text:
                        continue
                    mask = ink(typeface.face, text, rng)
            if mask.shape[0] > 3 or mask.shape[1] > 3:
                return mask, text, is_display
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
        unit_ink = ink(faces.draw(rng).face, unit, rng)
        joint = " " if " " in display.characters else ""
        return with_unit(rng, display, value, unit_ink), f"{value}{joint}{unit}"

    def _picture(self, rng: random.Random, seen: Image, *, is_display: bool) -> tuple[Image, bool]:
        """A photograph of an ink mask, and whether its ink can be told from its paper."""
        paper_colour, ink_colour = colours(rng, shown=is_display)
        size = (seen.shape[0], seen.shape[1])
        picture = self.surfaces.paper(rng, size, paper_colour)
        roll = rng.random()
        if roll < 0.1:
            picture = over(picture, self._neighbour(rng, size, seen), ink_colour)
        elif roll < 0.18:
            other = ink_colour if rng.random() < 0.5 else colours(rng)[0]
            picture = over(picture, np.where(seen > 0, 0, decor(rng, size)).astype(np.uint8), other)
        roll = rng.random()
        if roll < 0.05:
            picture = over(picture, shifted(seen, rng), colours(rng)[0])
        elif roll < 0.09:
            around = cv2.dilate(seen, np.ones((3, 3), np.uint8))
            picture = over(picture, np.asarray(around, np.uint8), colours(rng)[1])
        is_embossed = rng.random() < 0.04
        picture = embossed(rng, picture, seen) if is_embossed else over(picture, seen, ink_colour)
        image = photographed(rng, lit(rng, picture), self.surfaces)
        return image, is_embossed or is_visible(image, seen)

    def _neighbour(self, rng: random.Random, size: tuple[int, int], seen: Image) -> Image:
        """Parts of other lines above, below or beside, kept off the line's own ink."""
        sheet = np.zeros(size, np.uint8)
        if (inked := self.ink(rng, 3, 14)) is None:
            return sheet
        mask, *_ = inked
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
