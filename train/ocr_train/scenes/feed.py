"""Batches of scenes for Keras: each a function of (seed, epoch, batch) alone."""

import random
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.scenes.boxed import SceneSet, seen, shrunk
from ocr_train.scenes.compose import LEAST_HEIGHT, Composer, Scene
from ocr_train.scenes.maps import Targets, target
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.scenes.sheet import Quads
from ocr_train.scenes.writing import Writer
from ocr_train.stream import DrawnEpoch
from ocr_train.strips.feed import photographs, renderer_of, varied

Batch = tuple[dict[str, Image], Targets]
SMALL = 0.25
"""Share of the scenes that are four pictures in black, each a quarter of the scene: so a picture looks to the detector
that is shrunk until its largest text fits, and the rest of what the network takes is black."""
WHOLE = 0.6
"""Share of the real ones among these of which all is shown, and not a piece: a plate is often all of a picture."""


class Scenes:
    """Everything that batches are made of.

    Args:
        recipe: What is wanted.
        sets: The training scenes of each of its sources, in order.
        composer: Draws the others.
    """

    def __init__(self, recipe: SceneRecipe, sets: Sequence[SceneSet], composer: Composer) -> None:
        self.recipe, self.composer = recipe, composer
        known = [
            (s.scenes, source.weight) for s, source in zip(sets, recipe.sources, strict=True) if s.scenes
        ]
        self._sets, self._weights = [scenes for scenes, _ in known], [weight for _, weight in known]

    def draw(self, rng: random.Random) -> tuple[Scene, bool]:
        """One scene, and whether it is a real one."""
        side = self.recipe.side
        is_real = bool(self._sets) and rng.random() < self.recipe.real
        if rng.random() < SMALL:
            return four([self._one(rng, side // 2, is_real, is_small=True) for _ in range(4)], side), is_real
        return self._one(rng, side, is_real), is_real

    def _one(self, rng: random.Random, side: int, is_real: bool, *, is_small: bool = False) -> Scene:
        """A scene of at most ``side`` by ``side`` pixels."""
        if not is_real:
            short = rng.randint(side // 2, side) if is_small else side
            return self.composer.draw(rng, (short, side) if rng.random() < 0.75 else (side, short))
        photograph = rng.choice(rng.choices(self._sets, self._weights)[0])
        if is_small and rng.random() < WHOLE:
            scene = shrunk(photograph, round(side * rng.uniform(0.75, 1)))
        else:
            scene = seen(rng, photograph, side)
        image = varied(rng, scene.image, self.composer.surfaces, moves=False, text_height=24)
        return Scene(image, scene.quads, scene.ignored)


class SceneEpoch(DrawnEpoch):
    """One epoch of training batches.

    Args:
        scenes: What they are made of.
        epoch, workers: As in ``DrawnEpoch``.
    """

    def __init__(self, scenes: Scenes, epoch: int, workers: int = 0) -> None:
        super().__init__(scenes.recipe, epoch, workers)
        self._scenes = scenes

    def draw(self, rng: random.Random) -> Batch:
        """Pixels, and targets float32 (B, side / 4, side / 4, 2)."""
        side = self._scenes.recipe.side
        drawn = [self._scenes.draw(rng)[0] for _ in range(self._scenes.recipe.batch_size)]
        targets = [target((side, side), scene.quads, scene.ignored) for scene in drawn]
        return {"rgb": np.stack([scene.image for scene in drawn])}, np.stack(targets)


def four(scenes: Sequence[Scene], side: int) -> Scene:
    """Four scenes of at most half of ``side`` each way as one of ``side`` by ``side`` pixels, the rest black."""
    image = np.zeros((side, side, 3), np.uint8)
    parts: tuple[list[Quads], list[Quads]] = ([], [])
    for number, scene in enumerate(scenes):
        left, top = (number % 2) * side // 2, number // 2 * side // 2
        height, width = scene.image.shape[:2]
        image[top : top + height, left : left + width] = scene.image
        for mine, own in zip(parts, (scene.quads, scene.ignored), strict=True):
            # What leaves its picture must not reach into the next one.
            inside = own.clip(0, np.array((width, height), np.float32))
            seen = np.ptp(inside, axis=1).min(axis=1) >= LEAST_HEIGHT
            mine.append(inside[seen] + np.array((left, top), np.float32))
    quads, ignored = (np.concatenate(group) for group in parts)
    return Scene(image, quads, ignored)


def composer(recipe: SceneRecipe, data: str, split: str = "train") -> Composer:
    """Draws the scenes that a recipe asks for, in this system's fonts of a split.

    Raises:
        ConfigError: A set of characters or the backgrounds cannot be read, or there are no fonts.
    """
    behind = photographs(recipe.backgrounds, data)
    if split != "train" and behind:
        behind = behind[::9]
    faces = split if recipe.real < 1 else ""
    drawn = renderer_of(recipe.characters, recipe.composed, behind, data, faces)
    return Composer(Writer.of(drawn), behind)


def held_out(recipe: SceneRecipe, data: str) -> SceneSet:
    """Drawn scenes in faces that training does not have; none where the recipe asks for none."""
    if not recipe.held_out:
        return SceneSet("drawn", [], [])
    try:
        draws = composer(recipe, data, "validation")
    except ConfigError:  # no faces for validation on this system
        return SceneSet("drawn", [], [])
    rng = random.Random(f"{recipe.seed}/held out")
    scenes = [draws.draw(rng, (480, 640)) for _ in range(recipe.held_out)]
    return SceneSet("drawn", scenes, ["validation"] * len(scenes))
