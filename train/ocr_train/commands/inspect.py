"""``ocr-train inspect``: what is in a data set, and what the network sees of it."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, count, label_texts, load_keras, natural, table

if TYPE_CHECKING:
    from ocr_train.datasets import Sample

DESCRIPTION = """Count a data set's samples by class and split on stdout, and draw a sheet of exactly what the
network sees: the colour input above the binary one, the label beneath.

SPEC is KIND:PATH[?key=value&...][#split], such as tar:crops.tar#validation; kinds are folder, tar, npz, emnist,
for lines of text words, and for pictures with outlines scenes. Or it is the recipe of a line stage or a detector, by
its file or name: the sheet then shows what a training would draw, rendered and real."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(
        subparsers, "inspect", "count a data set and draw what the network sees of it", DESCRIPTION
    )
    parser.add_argument("spec", metavar="SPEC", help="the data set, or a recipe such as line")
    parser.add_argument(
        "--out", type=Path, default=Path("sheet.png"), metavar="PNG", help="the sheet (default: %(default)s)"
    )
    parser.add_argument("--augment", action="store_true", help="show samples as training changes them")
    parser.add_argument("--plain", action="store_true", help="augment as a recipe does with plain = true")
    parser.add_argument(
        "--count", type=count, default=120, metavar="N", help="glyphs shown (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=natural, default=1, metavar="N", help="of the choice (default: %(default)s)"
    )
    parser.add_argument(
        "--labels",
        default="0-9A-Za-z",
        metavar="ORDER",
        help="named order or the characters (default: %(default)s)",
    )
    parser.add_argument(
        "--data", default="data", metavar="DIR", help="where a recipe's paths start (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the counts and draw the sheet.

    Raises:
        ConfigError: The data cannot be read, or the labels make no sense.
    """
    from ocr_train.recipe import shipped  # noqa: PLC0415 - see commands/__init__.py

    if args.spec.startswith("words:"):
        return _inspect_lines(args)
    if args.spec.startswith("scenes:"):
        return _inspect_scenes(args)
    if ":" not in args.spec and (Path(args.spec).is_file() or args.spec in shipped()):
        return _inspect_recipe(args)
    import numpy as np  # noqa: PLC0415 - see commands/__init__.py

    from ocr_train import datasets  # noqa: PLC0415
    from ocr_train.augment import augment  # noqa: PLC0415
    from ocr_train.pictures import draw_sheet  # noqa: PLC0415
    from ocr_train.sources import stack  # noqa: PLC0415

    labels = label_texts(args.labels)
    dataset = datasets.load(args.spec, labels)
    print(counts(dataset.samples, labels))
    rng = np.random.default_rng(args.seed)
    shown = choose(dataset.samples, args.count, rng)
    glyphs = [sample.glyph for sample in shown]
    if args.augment:
        glyphs = [augment(glyph, rng, plain=args.plain) for glyph in glyphs]
    title = f"{dataset.name}: {len(shown)} of {len(dataset.samples)} samples" + (", augmented" * args.augment)
    draw_sheet(args.out, stack(glyphs), [labels[sample.label] for sample in shown], title=title)
    return 0


def _inspect_lines(args: argparse.Namespace) -> int:
    """Counts and a sheet of real lines."""
    from ocr_train.datasets import words  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.strips import look  # noqa: PLC0415

    lines = words.load(args.spec)
    print(look.counts([lines]))
    look.draw_lines(args.out, lines, args.count, args.seed, augmented=args.augment)
    return 0


def _inspect_scenes(args: argparse.Namespace) -> int:
    """Counts and a sheet of pictures with outlines, with their maps."""
    from ocr_train.scenes import boxed, look  # noqa: PLC0415 - see commands/__init__.py

    scenes = boxed.load(args.spec)
    print(look.counts([scenes]))
    look.draw_set(args.out, scenes, args.count, args.seed)
    return 0


def _inspect_recipe(args: argparse.Namespace) -> int:
    """Counts and a sheet of what the training of a line stage or a detector draws."""
    from ocr_train import recipe as recipes  # noqa: PLC0415 - see commands/__init__.py

    recipe = recipes.find(args.spec)
    if isinstance(recipe, recipes.Recipe):
        raise ConfigError(f"recipe {args.spec}: trains a character stage; inspect its data sets one by one")
    load_keras()
    if recipe.stage == "detect":
        from ocr_train.scenes import look as scenes  # noqa: PLC0415

        scenes.draw_recipe(args.out, recipe, args.data, args.count, args.seed)
        return 0
    from ocr_train.strips import look  # noqa: PLC0415

    look.draw_recipe(args.out, recipe, args.data, args.count, args.seed)
    return 0


def choose(samples: "list[Sample]", number: int, rng: Any) -> "list[Sample]":
    """Draw samples, classes as even as they can be.

    Args:
        samples: All there are.
        number: How many to draw, at most.
        rng: A NumPy generator.

    Returns:
        The drawn ones, by label.
    """
    seen: Counter[int] = Counter()
    turns = []
    for row in rng.permutation(len(samples)).tolist():
        turns.append((seen[samples[row].label], row))
        seen[samples[row].label] += 1
    # The first of every class, then the second of every class, and so on.
    return sorted((samples[row] for _, row in sorted(turns)[:number]), key=lambda sample: sample.label)


def counts(samples: "list[Sample]", labels: tuple[str, ...]) -> str:
    """A table of samples by class and split, with totals; classes without a sample are named below it."""
    found = Counter((sample.label, sample.split) for sample in samples)
    order = {"train": "0", "validation": "1", "test": "2"}
    splits = sorted({split for _, split in found}, key=lambda split: order.get(split, split))
    rows, missing = [["class", *splits, "total"]], []
    for index, text in enumerate(labels):
        numbers = [found[index, split] for split in splits]
        if any(numbers):
            rows.append([text, *map(str, numbers), str(sum(numbers))])
        else:
            missing.append(text)
    totals = [sum(found[index, split] for index in range(len(labels))) for split in splits]
    rows.append(["total", *map(str, totals), str(sum(totals))])
    note = (
        f"\n{len(missing)} of {len(labels)} labels without a sample: {' '.join(missing)}" if missing else ""
    )
    return table(rows) + note
