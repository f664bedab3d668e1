"""Looking at lines before a training: how many there are, and what the network will see of them."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ocr_edge.contract.preprocess import strip
from ocr_train.commands.common import table
from ocr_train.datasets.words import LineSet
from ocr_train.pictures.strips import draw_strips
from ocr_train.strips.feed import Lines, renderer, varied
from ocr_train.strips.fit import load
from ocr_train.strips.recipe import LineRecipe
from ocr_train.strips.surface import Surfaces
from ocr_train.strips.targets import HEAD

ORDER = {"train": "0", "validation": "1", "test": "2"}
"""Splits in their usual order."""


def counts(sets: Sequence[LineSet]) -> str:
    """Tables of lines and characters by set and split, and of characters by label and split."""
    splits = sorted(
        {s.split for lines in sets for s in lines.samples}, key=lambda name: ORDER.get(name, name)
    )
    rows = [["set", *(f"{split}, lines" for split in splits), *(f"{split}, characters" for split in splits)]]
    for lines in sets:
        found = Counter(sample.split for sample in lines.samples)
        letters = Counter(dict.fromkeys(splits, 0))
        for sample in lines.samples:
            letters[sample.split] += len(sample.text)
        rows.append([_name(lines), *(str(count[split]) for count in (found, letters) for split in splits)])
    each = Counter((char, s.split) for lines in sets for s in lines.samples for char in s.text)
    labels = [["label", *splits]]
    for char in sorted({char for char, _ in each}):
        labels.append([repr(char) if char == " " else char, *(str(each[char, split]) for split in splits)])
    return f"{table(rows)}\n\n{table(labels)}"


def draw_lines(path: Path, lines: LineSet, count: int, seed: int, *, augmented: bool = False) -> None:
    """A sheet of a set's lines, chosen at random.

    Args:
        path: The PNG file to write.
        lines: The set.
        count: How many, at most.
        seed: Of the choice.
        augmented: Whether they are changed as training changes them.
    """
    rng, surfaces = random.Random(seed), Surfaces()
    shown = rng.sample(lines.samples, min(count, len(lines.samples)))
    images = [varied(rng, s.image, surfaces) if augmented else s.image for s in shown]
    title = f"{lines.name}: {len(shown)} of {len(lines.samples)} lines" + ", augmented" * augmented
    draw_strips(path, [strip(image) for image in images], [s.text for s in shown], title=title)


def draw_recipe(path: Path, recipe: LineRecipe, data: str, count: int, seed: int) -> None:
    """Print the counts of a recipe's sources, and draw a sheet of what its training takes.

    Args:
        path: The PNG file to write.
        recipe: The recipe.
        data: Folder that its paths start from.
        count: How many lines.
        seed: Of the choice.
    """
    train, validation = load(recipe, data)
    both = [
        LineSet(t.name, t.samples + v.samples, t.case, t.marks)
        for t, v in zip(train, validation, strict=True)
    ]
    if both:
        print(counts(both))
    lines, rng = Lines(recipe, train, renderer(recipe, data)), random.Random(seed)
    widths = rng.choices([*map(int, recipe.widths)], list(recipe.widths.values()), k=count)
    strips, captions, reals = [], [], 0
    for width in sorted(widths):
        rgb, binary, target, is_real = lines.draw(rng, width)
        text = "".join(recipe.label_texts[label] for label in target[HEAD:] if label >= 0)
        strips.append((rgb, binary))
        captions.append(f"{text}\n{'real' if is_real else 'made'}")
        reals += is_real
    title = f"{count} lines as a training draws them, {reals} of them real; beneath: what is taught"
    draw_strips(path, strips, captions, title=title)


def _name(lines: LineSet) -> str:
    ignored = [name for name, kept in (("case", lines.case), ("marks", lines.marks)) if not kept]
    return lines.name + (f" ({' and '.join(ignored)} ignored)" if ignored else "")
