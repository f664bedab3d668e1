"""Scenes: things that carry text before a background, seen from somewhere, photographed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.scenes import clutter
from ocr_train.scenes.kinds import KINDS
from ocr_train.scenes.sheet import Quads, Sheet, heights, warped
from ocr_train.scenes.writing import Writer
from ocr_train.strips.camera import photographed
from ocr_train.strips.surface import Light, Surfaces, colours, lit

EMPTY = 0.09
"""Share of the scenes without any text: a detector that has seen none finds it in carpets."""
LEAST_CONTRAST = 9.0
"""Deviation of the luminance, in grey levels, within an outline: where there is less nobody could read it."""
LEAST_HEIGHT = 5.5
"""Height of an outline, in pixels, below which its text is neither asked for nor denied."""
TRIES = 4
"""Places tried for a thing before it is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture and where its text is.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``.
        quads: float32, shape ``(N, 4, 2)``: outlines of what can be read.
        ignored: The same of what nobody can read.
    """

    image: Image
    quads: Quads
    ignored: Quads


class Composer:
    """Draws scenes.

    Args:
        writer: What writes.
        photographs: uint8 RGB pictures without text; may be empty.
    """

    def __init__(self, writer: Writer, photographs: Sequence[Image] = ()) -> None:
        self._writer, self._photographs = writer, tuple(photographs)
        self._kinds, self._shares = list(KINDS), list(KINDS.values())

    @property
    def surfaces(self) -> Surfaces:
        """What things are written on."""
        return self._writer.renderer.surfaces

    def prepare(self) -> None:
        """Draw every character once; see ``Typefaces.prepare``."""
        self._writer.renderer.typefaces.prepare()

    def draw(self, rng: random.Random, size: tuple[int, int]) -> Scene:
        """One scene.

        Args:
            rng: Source of every choice.
            size: Its height and width.
        """
        picture = self._background(rng, size)
        quads: list[Quads] = []
        if rng.random() >= EMPTY:
            taken = np.zeros((size[0] // 4, size[1] // 4), np.uint8)
            for _ in range(rng.choices((1, 2, 4, 8), (4, 3, 3, 2))[0]):
                sheet = self._thing(rng, size, taken)
                if sheet is not None:
                    share = sheet.alpha.astype(np.float32)[..., None] * np.float32(1 / 255)
                    picture += (sheet.picture - picture) * share
                    quads.append(sheet.quads)
        if rng.random() < 0.12:
            picture = self._covered(rng, picture)
        found = np.concatenate([q for q in quads if len(q)] or [np.zeros((0, 4, 2), np.float32)])
        small = float(np.median(heights(found))) if len(found) else float(np.exp(rng.uniform(2.2, 4.5)))
        image = photographed(rng, lit(rng, picture), self.surfaces, 1.0, text_height=min(small, 70.0))
        can_read = legible(image, found)
        return Scene(image, found[can_read], found[~can_read])

    def _background(self, rng: random.Random, size: tuple[int, int]) -> Light:
        """A photograph, a plain or patterned surface, or two of them side by side, with clutter."""
        surfaces, roll = self.surfaces, rng.random()
        if roll < 0.5 and self._photographs:
            picture = self._photograph(rng, size)
        else:
            picture = surfaces.paper(rng, size, np.array([rng.uniform(0, 255) for _ in "rgb"], np.float32))
        if rng.random() < 0.22:
            share = clutter.texture(rng, size).astype(np.float32)[..., None] * np.float32(
                rng.uniform(0.15, 1) / 255
            )
            picture = picture + (colours(rng)[rng.randrange(2)] - picture) * share
        for _ in range(rng.choices((0, 1, 3, 8), (5, 3, 2, 1))[0]):
            mask = np.zeros(size, np.uint8)
            clutter.shape(rng, mask, rng.randint(1, max(2, min(size) // 40)))
            picture = picture + (colours(rng)[1] - picture) * (
                mask.astype(np.float32)[..., None] * np.float32(1 / 255)
            )
        if rng.random() < 0.1:
            high, wide = (round(n * rng.uniform(0.15, 0.5)) for n in size)
            code = Sheet(np.asarray(picture, np.float32))
            spot = (rng.uniform(0, size[1] - wide), rng.uniform(0, size[0] - high))
            code.write(clutter.barcode(rng, (high, wide)), *spot, colours(rng)[1], is_text=False)
        return np.asarray(picture, np.float32)

    def _photograph(self, rng: random.Random, size: tuple[int, int]) -> Light:
        """A piece of a photograph, mirrored, turned by right angles, in other light."""
        photograph = rng.choice(self._photographs)
        scale = rng.uniform(0.35, 1.0)
        height = max(16, round(min(photograph.shape[0], photograph.shape[1] * size[0] / size[1]) * scale))
        width = min(photograph.shape[1], max(16, round(height * size[1] / size[0])))
        y, x = rng.randint(0, photograph.shape[0] - height), rng.randint(0, photograph.shape[1] - width)
        piece = photograph[y : y + height, x : x + width]
        piece = np.rot90(piece, rng.choice((0, 0, 0, 1, 2, 3)))[:, :: rng.choice((1, -1))]
        scaled = cv2.resize(np.ascontiguousarray(piece), size[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(
            scaled.astype(np.float32) * np.float32(rng.uniform(0.5, 1.3)) + np.float32(rng.uniform(-30, 40)),
            np.float32,
        )

    def _thing(self, rng: random.Random, size: tuple[int, int], taken: Image) -> Sheet | None:
        """Something with text at a free place, in the picture's frame; None where there is none."""
        large = rng.choices((1.6, 1.05, 0.7, 0.4), (3, 3, 3, 3))[0] * rng.uniform(0.6, 1)
        room = (max(24, round(size[0] * large)), max(24, round(size[1] * large)))
        sheet = rng.choices(self._kinds, self._shares)[0](rng, self._writer, room)
        if sheet is None:
            return None
        height, width = sheet.size
        angle = _angle(rng)
        # How it lies, seen straight on, and then from a side.
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        centre = np.array([width / 2, height / 2], np.float32)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        target = (corners - centre) @ turn
        reach = rng.choice((0.0, 0.02, 0.05, 0.1)) * min(height, width)
        target += np.array([[rng.uniform(-reach, reach) for _ in "xy"] for _ in range(4)], np.float32)
        span = target.max(0) - target.min(0)
        for _ in range(TRIES):
            # Most things lie inside, some are cut by the picture's edge.
            over = rng.choice((0.0, 0.0, 0.25))
            free = np.array([size[1], size[0]], np.float32) - span * (1 - 2 * over)
            spot = np.array([rng.uniform(min(0.0, n), max(0.0, n)) for n in free], np.float32)
            placed = target - target.min(0) + spot - span * over
            covers = np.zeros_like(taken)
            cv2.fillConvexPoly(covers, np.round(placed / 4).astype(np.int32), 1)
            if not (covers & taken).any():
                taken |= covers
                return warped(sheet, cv2.getPerspectiveTransform(corners, placed.astype(np.float32)), size)
        return None

    def _covered(self, rng: random.Random, picture: Light) -> Light:
        """A picture with the mirror image of a photograph over it, as on glass."""
        if not self._photographs:
            return picture
        share = np.float32(rng.uniform(0.05, 0.25))
        return np.asarray(
            picture * (1 - share) + self._photograph(rng, (picture.shape[0], picture.shape[1])) * share,
            np.float32,
        )


def _angle(rng: random.Random) -> float:
    """How far a thing is turned, in radians: mostly hardly, at times any way."""
    roll = rng.random()
    if roll < 0.4:
        return 0.0
    if roll < 0.8:
        return rng.gauss(0, 0.06)
    if roll < 0.92:
        return rng.gauss(0, 0.35)
    return rng.choice((np.pi / 2, -np.pi / 2, np.pi, rng.uniform(-np.pi, np.pi)))


def legible(image: Image, quads: Quads) -> np.ndarray:
    """Which outlines hold something that a person could read: bool, shape ``(N,)``."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    high = heights(quads) if len(quads) else np.zeros(0, np.float32)
    made = np.zeros(len(quads), bool)
    for number, quad in enumerate(quads):
        left, top = np.maximum(np.floor(quad.min(0)).astype(int), 0)
        right, bottom = np.ceil(quad.max(0)).astype(int)
        part = gray[top:bottom, left:right]
        if part.size and high[number] >= LEAST_HEIGHT:
            colourful = (
                part.std() >= LEAST_CONTRAST
                or image[top:bottom, left:right].std(axis=(0, 1)).max() >= 1.5 * LEAST_CONTRAST
            )
            made[number] = bool(colourful)
    return made
