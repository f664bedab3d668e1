"""Pictures of scenes: what a training draws, with its maps, and what a detector finds."""

import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.commands.common import table
from ocr_train.scenes.boxed import SceneSet
from ocr_train.scenes.compose import Scene
from ocr_train.scenes.evaluate import Find
from ocr_train.scenes.feed import Scenes, composer
from ocr_train.scenes.fit import load
from ocr_train.scenes.maps import target
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.scenes.sheet import Quads

TILE = 320
"""Side of a picture on a sheet, in pixels."""
ACROSS = 6
"""Pictures to a row of a sheet."""
THERE, IGNORED, FOUND = (0, 160, 0), (150, 150, 150), (230, 0, 0)
"""Colours of what is there, what nobody can read, and what was found, RGB."""


def counts(sets: Sequence[SceneSet]) -> str:
    """A table of pictures and outlines by set and split."""
    rows = [["set", "split", "pictures", "outlines", "unreadable"]]
    for scenes in sets:
        for split in dict.fromkeys(scenes.splits):
            mine = scenes.of(split).scenes
            numbers = (len(mine), sum(len(s.quads) for s in mine), sum(len(s.ignored) for s in mine))
            rows.append([scenes.name, split, *map(str, numbers)])
    return table(rows)


def draw_set(path: Path, scenes: SceneSet, count: int, seed: int) -> None:
    """A sheet of a set's scenes, chosen at random, with their maps."""
    draw_scenes(path, random.Random(seed).sample(scenes.scenes, min(count, len(scenes.scenes))))


def draw_recipe(path: Path, recipe: SceneRecipe, data: str, count: int, seed: int) -> None:
    """Print the counts of a recipe's sources, and draw a sheet of what its training takes, with the maps.

    Args:
        path: The PNG file to write.
        recipe: The recipe.
        data: Folder that its paths start from.
        count: How many scenes.
        seed: Of the choice.
    """
    train, validation = load(recipe, data)
    print(counts([*train, *validation]))
    scenes, rng = Scenes(recipe, train, composer(recipe, data)), random.Random(seed)
    draw_scenes(path, [scenes.draw(rng)[0] for _ in range(count)])


def draw_scenes(path: Path, scenes: Sequence[Scene]) -> None:
    """A sheet of scenes with their outlines; right of each its map, and in red what is not counted."""
    tiles = []
    for scene in scenes:
        height, width = (side - side % 32 for side in scene.image.shape[:2])
        cells = target((height, width), scene.quads, scene.ignored)
        shown = np.repeat((255 * cells[..., :1]).astype(np.uint8), 3, axis=2)
        shown[cells[..., 1] == 0] = (120, 0, 0)
        enlarged = cv2.resize(shown, (width, height), interpolation=cv2.INTER_NEAREST)
        marked = outlined(scene.image, [(scene.quads, THERE), (scene.ignored, IGNORED)])[:height, :width]
        tiles += [_tile(marked), _tile(np.asarray(enlarged, np.uint8))]
    _sheet(path, tiles)


def draw_found(path: Path, find: Find, sets: Sequence[SceneSet], count: int = 12) -> None:
    """A sheet of scenes from each set: green what is there, red what was found."""
    tiles = []
    for scenes in sets:
        for scene in scenes.scenes[:: -(-len(scenes.scenes) // count)]:
            groups = [(scene.quads, THERE), (scene.ignored, IGNORED), (find(scene.image), FOUND)]
            tiles.append(_tile(outlined(scene.image, groups)))
    _sheet(path, tiles)


def outlined(image: Image, groups: Sequence[tuple[Quads, tuple[int, int, int]]]) -> Image:
    """A picture with outlines drawn into it."""
    marked = image.copy()
    thick = max(1, round(max(image.shape[:2]) / 400))
    for quads, colour in groups:
        cv2.polylines(marked, list(np.round(quads).astype(np.int32)), True, colour, thick, cv2.LINE_AA)
    return marked


def _tile(image: Image) -> Image:
    """A picture in the middle of a square."""
    scale = TILE / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    tile = np.full((TILE, TILE, 3), 255, np.uint8)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile


def _sheet(path: Path, tiles: list[Image]) -> None:
    blank = np.full((TILE, TILE, 3), 255, np.uint8)
    tiles = tiles + [blank] * (-len(tiles) % ACROSS)
    rows = [np.hstack(tiles[first : first + ACROSS]) for first in range(0, len(tiles), ACROSS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(np.vstack(rows)[..., ::-1]))
