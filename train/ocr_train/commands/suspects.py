"""``ocr-train suspects``: which training crops are probably labelled wrongly."""

import argparse
from pathlib import Path
from typing import Any

from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, table

DESCRIPTION = """List the training crops whose label is probably wrong: the network finds the label, and every label
of the same shape, improbable, and another one probable. Rows of other splits are never listed.

Look at the picture beside the list, strike from the list what is labelled rightly, and name it in the recipe:

    data = "tar:crops.tar?without=suspects.csv"

MODEL is a .keras file, with its labels in the run.json beside it or given by --labels; or the folder of a bundle."""

SHOWN = 500
"""Suspects in the picture, at most."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(subparsers, "suspects", "list training crops that look mislabelled", DESCRIPTION)
    parser.add_argument("model", type=Path, metavar="MODEL", help=".keras file or folder of a bundle")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="SPEC", help="data sets, such as tar:crops.tar"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("suspects.csv"),
        metavar="CSV",
        help="the list, with a picture of the same name beside it (default: %(default)s)",
    )
    parser.add_argument(
        "--below",
        type=share,
        default=0.05,
        metavar="P",
        help="the label is less probable than this (default: %(default)s)",
    )
    parser.add_argument(
        "--above",
        type=share,
        default=0.8,
        metavar="P",
        help="another one is more probable than this (default: %(default)s)",
    )
    parser.add_argument("--labels", metavar="ORDER", help="of a .keras file without a run.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write list and picture, print counts.

    Raises:
        ConfigError: Data or labels are wrong, or a data set has no training rows.
        ModelError: The model cannot be used.
    """
    from ocr_edge.contract.quantize import log_softmax  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train import datasets, suspects  # noqa: PLC0415
    from ocr_train.commands.evaluate import open_bundle, open_model  # noqa: PLC0415
    from ocr_train.pictures import draw_sheet  # noqa: PLC0415
    from ocr_train.sources import distinct_names, stack  # noqa: PLC0415

    if args.out.suffix == ".png":
        raise ConfigError(f"--out {args.out}: is the list, a .csv file; the picture gets its name from it")
    names = distinct_names(args.data)
    score, labels = open_bundle(args.model) if args.model.is_dir() else open_model(args.model, args.labels)
    loaded = [datasets.load(spec, labels) for spec in args.data]
    for spec, dataset in zip(args.data, loaded, strict=True):
        if not any(sample.split == "train" for sample in dataset.samples):
            raise ConfigError(f"data {spec!r}: has no row for training, and no other row is ever left out")
    logits = [score(stack([sample.glyph for sample in dataset.samples])) for dataset in loaded]
    temperature = suspects.temperature(loaded, logits)
    found = {}
    for spec, name, dataset, values in zip(args.data, names, loaded, logits, strict=True):
        file, scores = datasets.Spec.parse(spec).path.name, log_softmax(values, temperature)
        found[name] = suspects.find(file, dataset, scores, labels, below=args.below, above=args.above)
    ranked = sorted((s for each in found.values() for s in each), key=lambda s: -s.p_likelier)
    suspects.write(args.out, ranked)
    print(table(suspects.counts(found, labels)))
    if ranked:
        captions = [
            f"{s.label} → {s.likelier}\n{100 * s.p_likelier:.0f} %\nline {line}"
            for line, s in enumerate(ranked[:SHOWN], 2)
        ]
        title = f"{len(ranked)} suspects, {len(captions)} shown: label → likelier, and the line in {args.out.name}"
        glyphs = stack([s.sample.glyph for s in ranked[:SHOWN]])
        draw_sheet(args.out.with_suffix(".png"), glyphs, captions, title=title)
    return 0


def share(text: str) -> float:
    """An argument that must lie between 0 and 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


share.__name__ = "a number from 0 to 1"  # what a wrong value is told
