"""Batches of scenes for Keras: each a function of (seed, epoch, batch) alone."""

import random
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.scenes.boxed import SceneSet, seen
from ocr_train.scenes.compose import Composer, Scene
from ocr_train.scenes.maps import Targets, target
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.scenes.writing import Writer
from ocr_train.stream import DrawnEpoch
from ocr_train.strips.feed import photographs, renderer_of, varied

Batch = tuple[dict[str, Image], Targets]


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
        side, surfaces = self.recipe.side, self.composer.surfaces
        if self._sets and rng.random() < self.recipe.real:
            scene = seen(rng, rng.choice(rng.choices(self._sets, self._weights)[0]), side)
            return Scene(
                varied(rng, scene.image, surfaces, moves=False, text_height=24), scene.quads, scene.ignored
            ), True
        return self.composer.draw(rng, (side, side)), False


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
