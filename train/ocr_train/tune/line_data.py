"""The lines that a tuning learns from and is measured on: the user's, composed ones and rendered ones."""

import random
from collections.abc import Sequence
from pathlib import Path

from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Dataset, Sample, words
from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.strips.crops import Crops
from ocr_train.strips.feed import NARROWEST, TYPICAL
from ocr_train.strips.recipe import WIDTHS
from ocr_train.strips.render import Renderer
from ocr_train.strips.surface import Surfaces
from ocr_train.strips.texts import Texts
from ocr_train.strips.typefaces import Typefaces
from ocr_train.tune.settings import Settings
from ocr_train.tune.widen import unknown_classes, widened

MADE = {"train": 200, "validation": 400}
"""Lines made to calibrate and to measure with, where there are no real ones."""


def unknown(mine: str, labels: Sequence[str]) -> list[str]:
    """The characters of the user's lines, or the classes of the user's crops, that are no labels.

    Raises:
        ConfigError: A class is not one character.
    """
    if mine.startswith("words:"):
        found = {char for sample in words.load(mine).samples for char in sample.text}
        return sorted(found - {*labels, " "})
    new = unknown_classes(mine, labels)
    widened(labels, new)  # which refuses what is not one character
    return new


def held_out(spec: str) -> LineSet:
    """The lines of a spec that are for validation.

    Raises:
        ConfigError: There are none.
    """
    lines = words.load(spec)
    found = lines.of("validation")
    if found is None:
        raise ConfigError(
            f"data {spec!r}: none of its {len(lines.samples)} lines is in the validation split, so nothing would tell"
            " whether the network got better; in a folder every eighth picture is, by its name: add more"
        )
    return found


def composed(run: Path, settings: Settings, labels: Sequence[str]) -> str:
    """The spec of lines composed of the user's characters; held out are those of held-out characters.

    Raises:
        ConfigError: No character is for training, or none for validation.
    """
    path = run / "composed.tar"
    characters = tuple(label for label in labels if len(label) == 1 and label != " ")
    dataset = datasets.load(settings.mine, characters)
    sets = {}
    for split in MADE:
        samples = [Sample(s.glyph, s.label, group=s.group) for s in dataset.samples if s.split == split]
        if not samples:
            raise ConfigError(f"data {settings.mine!r}: no character is in its {split} split; add more")
        # The characters between those of a small set are printed, in fonts that the other split does not have.
        others = Typefaces.installed(split, labels) if settings.rendered else None
        crops = Crops(Dataset(dataset.name, samples), characters, others)
        sets[split] = Renderer(Texts.installed(), Typefaces.drawn(), Surfaces(), (crops,), 1.0)
    words.save(path, made(sets))
    return f"words:{path}"


def rendered(run: Path) -> str:
    """The spec of rendered lines, those to validate with in fonts that no training has seen.

    Raises:
        ConfigError: There are no fonts.
    """
    path = run / "rendered.tar"
    if not path.exists():
        try:
            sets = {
                split: Renderer(Texts.installed(), Typefaces.installed(split), Surfaces()) for split in MADE
            }
        except ConfigError as error:
            raise ConfigError(f"{error}; or leave rendered lines out with --rendered 0") from error
        words.save(path, made(sets))
    return f"words:{path}"


def made(renderers: dict[str, Renderer]) -> list[LineSample]:
    """Lines of each split, always the same."""
    rng, samples = random.Random(1_000_003), []
    widths = list(WIDTHS)
    for split, renderer in renderers.items():
        for _ in range(MADE[split]):
            aspect = int(rng.choices(widths, list(WIDTHS.values()))[0]) / 32
            longest = max(1, int(aspect / (NARROWEST if rng.random() < 0.15 else TYPICAL)))
            if line := renderer.draw(rng, max(1, longest // 2), longest, aspect):
                samples.append(LineSample(*line, split))
    return samples
