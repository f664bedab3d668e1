"""Batches of strips for Keras: each a function of (seed, epoch, batch) alone, all of one width."""

import logging
import random
import tarfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP, fill
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets.words import LineSet
from ocr_train.stream import DrawnEpoch
from ocr_train.strips.camera import moved, photographed
from ocr_train.strips.crops import Crops
from ocr_train.strips.recipe import LineRecipe
from ocr_train.strips.render import Renderer
from ocr_train.strips.squeeze import squeezed
from ocr_train.strips.surface import Surfaces, lit
from ocr_train.strips.targets import Targets, encoded, nothing
from ocr_train.strips.texts import Texts
from ocr_train.strips.typefaces import Typefaces
from ocr_train.strips.usable import usable

_LOGGER = logging.getLogger(__name__)
NARROWEST = 0.24
"""Width of a narrow printed character beside the strip's height: says how long a text may be."""
TYPICAL = 0.52
"""Width of an ordinary character beside the strip's height."""
TRIES = 8
"""Real lines tried, such as one that became too narrow for its text, before one is rendered instead."""
MOST_TRIES = 500
"""Lines tried before a recipe is given up whose labels cannot be drawn."""

Batch = tuple[dict[str, Image], Targets]


class Lines:
    """Everything that batches are made of; real lines that cannot be taught are left out, which is logged.

    Args:
        recipe: What is wanted.
        sets: The training lines of each of its sources, in order.
        renderer: Draws the others.
    """

    def __init__(self, recipe: LineRecipe, sets: Sequence[LineSet], renderer: Renderer) -> None:
        self.recipe, self.sets, self.renderer = recipe, sets, renderer
        self.index = {label: i for i, label in enumerate(recipe.label_texts[:-1])}
        self._rows: dict[int, list[tuple[int, list[int]]]] = {}
        self._weights: dict[int, list[float]] = {}
        for width, found in usable(sets, recipe).items():
            self._rows[width] = list(found.items())
            self._weights[width] = [
                recipe.sources[number].weight * len(rows) ** 0.5 for number, rows in found.items()
            ]

    def row(self, rng: random.Random, width: int) -> tuple[Image, Image, Targets]:
        """One strip of at most a width, filled to it, with its targets."""
        rgb, binary, target, _ = self.draw(rng, width)
        return *fill(rgb, binary, width), target

    def draw(self, rng: random.Random, width: int) -> tuple[Image, Image, Targets, bool]:
        """One strip of at most a width, not filled, with its targets, and whether it is a real one."""
        tries = TRIES if width in self._rows and rng.random() < self.recipe.real else 0
        if not tries and self.recipe.empty and rng.random() < self.recipe.empty:
            rgb, binary = squeezed(self.renderer.bare(rng, width / LINE_HEIGHT), width)
            return rgb, binary, nothing(-(-rgb.shape[1] // STEP)), False
        for _ in range(MOST_TRIES):
            is_real = tries > 0
            tries -= 1
            line = self._real(rng, width) if is_real else self._rendered(rng, width)
            if line is None:
                continue
            image, text, case, marks = line
            rgb, binary = squeezed(image, width)
            steps = -(-rgb.shape[1] // STEP)
            target = encoded(text, self.index, case=case, marks=marks, steps=steps)
            if target is not None:
                return rgb, binary, target, is_real
        raise ConfigError(
            f"of {MOST_TRIES} lines drawn for strips of {width} columns none fits and shows labels alone"
        )

    def _rendered(self, rng: random.Random, width: int) -> tuple[Image, str, bool, bool] | None:
        aspect = width / LINE_HEIGHT
        longest = min(int(aspect / (NARROWEST if rng.random() < 0.15 else TYPICAL)), width // STEP)
        shortest = max(1, round(longest * rng.uniform(0.25, 0.8)))
        line = self.renderer.draw(rng, shortest, max(longest, 1), aspect)
        return None if line is None else (*line, True, True)

    def _real(self, rng: random.Random, width: int) -> tuple[Image, str, bool, bool]:
        number, rows = rng.choices(self._rows[width], self._weights[width])[0]
        lines = self.sets[number]
        sample = lines.samples[rng.choice(rows)]
        return varied(rng, sample.image, self.renderer.surfaces), sample.text, lines.case, lines.marks


def varied(
    rng: random.Random,
    image: Image,
    surfaces: Surfaces,
    *,
    moves: bool = True,
    text_height: float | None = None,
) -> Image:
    """A real picture as it might have been photographed another time.

    Args:
        rng: Source of every choice.
        image: uint8 RGB, shape ``(H, W, 3)``.
        surfaces: Has noise ready.
        moves: Whether it may be cut and scaled differently, as a line may.
        text_height: How high its text is, in pixels: that of the picture where nothing is said.
    """
    if moves and rng.random() < 0.85:
        image = moved(rng, image, rng.uniform(0.3, 1.0))
    if moves and rng.random() < 0.25:
        height = max(10, round(image.shape[0] * rng.uniform(0.45, 0.95)))
        size = (max(4, round(image.shape[1] * height / image.shape[0])), height)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.12:
        image = 255 - image
    if rng.random() < 0.1:
        image = np.ascontiguousarray(image[..., rng.sample((0, 1, 2), 3)])
    if rng.random() < 0.6:
        # One gain for all channels, or one for each.
        gains = (
            [rng.uniform(0.75, 1.25)] * 3 if rng.random() < 0.5 else [rng.uniform(0.75, 1.25) for _ in "rgb"]
        )
        gain = np.array(gains, np.float32)
        picture = lit(rng, image.astype(np.float32) * gain + np.float32(rng.uniform(-25, 25)))
        image = photographed(rng, picture, surfaces, 0.6, text_height=text_height)
    return image


class LineEpoch(DrawnEpoch):
    """One epoch of training batches, all strips of one width in each.

    Args:
        lines: What they are made of.
        epoch, workers: As in ``DrawnEpoch``.
    """

    def __init__(self, lines: Lines, epoch: int, workers: int = 0) -> None:
        super().__init__(lines.recipe, epoch, workers)
        self._lines = lines

    def draw(self, rng: random.Random) -> Batch:
        """Pixels by input name, and targets int32 (B, 3 + 120)."""
        recipe = self._lines.recipe
        width = int(rng.choices(list(recipe.widths), list(recipe.widths.values()))[0])
        rows = [self._lines.row(rng, width) for _ in range(recipe.batch_size(width))]
        rgb, binary, targets = zip(*rows, strict=True)
        return {"rgb": np.stack(rgb), "binary": np.stack(binary)}, np.stack(targets)


def renderer(recipe: LineRecipe, data: str, split: str = "train") -> Renderer:
    """The renderer that a recipe asks for, with this system's fonts of a split where any line needs one.

    Raises:
        ConfigError: A set of characters or the backgrounds cannot be read, or there are no fonts.
    """
    behind = photographs(recipe.backgrounds, data)
    needs_fonts = recipe.real < 1 and (recipe.composed < 1 or not recipe.characters)
    faces = split if needs_fonts else ""
    return renderer_of(recipe.characters, recipe.composed, behind, data, faces, recipe.label_texts)


def renderer_of(
    characters: Sequence[str],
    composed: float,
    behind: Sequence[Image],
    data: str,
    split: str,
    labels: Sequence[str] = label_orders.LINE,
) -> Renderer:
    """A renderer of lines.

    Args:
        characters: Specs of labelled crops that lines are composed of.
        composed: Share of the lines that are.
        behind: Photographs whose pieces are written on.
        data: Folder that relative paths start from.
        split: Whose faces are used; empty for none but drawn displays.
        labels: What may be written.

    Raises:
        ConfigError: A set of characters cannot be read, or there are no fonts.
    """
    from ocr_train.sources import located  # noqa: PLC0415 - it pulls Keras's data in

    known = tuple(label for label in labels if len(label) == 1 and label != " ")
    more = "".join(label for label in labels if len(label) == 1 and label not in label_orders.LINE)
    typefaces = Typefaces.installed(split, labels) if split else Typefaces.drawn()
    if split and (strange := [label for label in more if not typefaces.having(label)]):
        _LOGGER.warning("no font here has %s: only real lines can teach that", " ".join(strange))
    typefaces = typefaces.writing(labels)
    crops = [
        Crops(datasets.load(located(spec, data), known), known, typefaces if split else None)
        for spec in characters
    ]
    return Renderer(Texts.installed(more=more), typefaces, Surfaces(behind), crops, composed)


def photographs(name: str, data: str) -> list[Image]:
    """The pictures of a tar archive; none where none is named.

    Raises:
        ConfigError: It cannot be read.
    """
    if not name:
        return []
    path = Path(data) / name
    try:
        with tarfile.open(path) as archive:
            members = [m for m in archive if m.isfile() and m.name.endswith((".jpg", ".png"))]
            files = [archive.extractfile(member) for member in members]
            decoded = [cv2.imdecode(np.frombuffer(f.read(), np.uint8), cv2.IMREAD_COLOR) for f in files if f]
    except (tarfile.TarError, OSError) as error:
        raise ConfigError(f"backgrounds {path}: cannot be read ({error})") from error
    return [np.ascontiguousarray(image[..., ::-1], np.uint8) for image in decoded if image is not None]
