"""``ocr-train summary``: what a network is made of."""

import argparse
from typing import Any

from ocr_train.commands.common import add_parser, label_texts, load_keras, table

DESCRIPTION = """List a network's layers with the shape of their output, their parameters (trained numbers)
and their MACs (multiply-adds for one character)."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(
        subparsers, "summary", "layers, parameters and multiply-adds of a network", DESCRIPTION
    )
    parser.add_argument("architecture", metavar="ARCH", help="name of the network, such as dual_branch")
    parser.add_argument(
        "--labels",
        default="0-9A-Za-z",
        metavar="ORDER",
        help="named order or the characters (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        ConfigError: The architecture is unknown, or the labels make no sense.
    """
    labels = label_texts(args.labels)
    load_keras()
    from ocr_train import architectures  # noqa: PLC0415 - see commands/__init__.py

    model = architectures.build(args.architecture, len(labels))
    rows = [("layer", "kind", "output", "parameters", "MACs")]
    total = 0
    for layer in model.layers:
        macs = architectures.macs(layer)
        total += macs
        shape = "x".join(str(side) for side in layer.output.shape[1:])
        rows.append((layer.name, type(layer).__name__, shape, f"{layer.count_params():,}", f"{macs:,}"))
    rows.append(("total", "", "", f"{model.count_params():,}", f"{total:,}"))
    print(table(rows))
    return 0
