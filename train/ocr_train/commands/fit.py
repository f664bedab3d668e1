"""``ocr-train fit``: train a network by a recipe."""

import argparse
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, count, load_keras, natural

if TYPE_CHECKING:
    from ocr_train.devices import Machines

_LOGGER = logging.getLogger(__name__)

DESCRIPTION = """Train a network that names characters, one that reads lines (stage = "line" in the recipe), or one that
finds text (stage = "detect").

RECIPE is a TOML file, or the name of a recipe that comes with the package, such as lean or line
(docs/training.md). The folder of the run gets model.keras (the best epoch), run.json (recipe, data, versions),
metrics.json, history.png, confusion.png, mistakes.png and a checkpoint. Stopped at any moment, a run goes on with
--resume to the result it would have had.

Several machines train together where TF_CONFIG names them (docs/training.md)."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(subparsers, "fit", "train a network by a recipe", DESCRIPTION)
    parser.add_argument("recipe", metavar="RECIPE", help="TOML file, or the name of a shipped one")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument(
        "--data", default="data", metavar="DIR", help="where the recipe's paths start (default: %(default)s)"
    )
    parser.add_argument("--resume", action="store_true", help="go on after the last finished epoch in --out")
    parser.add_argument(
        "--workers",
        type=natural,
        default=2,
        metavar="N",
        help="processes that prepare data (default: %(default)s)",
    )
    parser.add_argument(
        "--devices",
        type=count,
        default=1,
        metavar="N",
        help="devices that share each batch (default: %(default)s)",
    )
    parser.add_argument(
        "--initial", type=Path, metavar="MODEL.keras", help="start from the weights of this trained network"
    )
    parser.add_argument(
        "--batches",
        type=Path,
        metavar="DIR",
        help="keep prepared batches of characters here (2.5 kB a sample), and use those kept",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=[],
        metavar="MODEL.keras",
        help="trained networks to learn from, where the recipe says distill; needs --batches",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train.

    Raises:
        ConfigError: Recipe, data, folder or devices are wrong.
        KeyboardInterrupt: Ctrl-C, after saying how to go on.
    """
    from ocr_train import recipe as recipes  # noqa: PLC0415 - see commands/__init__.py

    recipe = recipes.find(args.recipe)
    train = _characters
    if not isinstance(recipe, recipes.Recipe):
        train = _lines if recipe.stage == "line" else _scenes
        for flag, value in (("--batches", args.batches), ("--teacher", args.teacher)):
            if value:
                what = "a line stage" if recipe.stage == "line" else "a detector"
                raise ConfigError(f"{flag}: is for character stages, and recipe {args.recipe} trains {what}")
    load_keras()
    from ocr_train.devices import together  # noqa: PLC0415

    machines = together(args.devices, recipe)
    try:
        report = train(recipe, args, machines)
    except KeyboardInterrupt:
        _LOGGER.warning("stopped; go on after the last finished epoch with: %s", _again(args))
        raise
    for line in report:
        _LOGGER.info("%s", line)
    if machines.is_chief:
        print(args.out / "model.keras")
    return 0


def _common(args: argparse.Namespace, machines: "Machines") -> dict[str, Any]:
    """What both kinds of training take."""
    return {
        "data": args.data,
        "resume": args.resume,
        "workers": args.workers,
        "machines": machines,
        "initial": args.initial,
    }


def _characters(recipe: Any, args: argparse.Namespace, machines: "Machines") -> list[str]:
    """Train a character stage; what to say of each data set."""
    from ocr_train.fit import fit  # noqa: PLC0415 - see commands/__init__.py

    results = fit(recipe, args.out, batches=args.batches, teachers=args.teacher, **_common(args, machines))
    return [f"{result.name}: {100 * result.top1:.1f} % of {result.n}" for result in results]


def _lines(recipe: Any, args: argparse.Namespace, machines: "Machines") -> list[str]:
    """Train a line stage; what to say of each data set."""
    from ocr_train.strips.fit import fit  # noqa: PLC0415 - see commands/__init__.py

    results = fit(recipe, args.out, **_common(args, machines))
    return [
        f"{result.name}: {100 * result.exact:.1f} % of {result.n} lines exactly, {100 * result.cer:.1f} %"
        " of the characters wrong"
        for result in results
    ]


def _scenes(recipe: Any, args: argparse.Namespace, machines: "Machines") -> list[str]:
    """Train a detector; what to say of each data set."""
    from ocr_train.scenes.fit import fit  # noqa: PLC0415 - see commands/__init__.py

    results = fit(recipe, args.out, **_common(args, machines))
    return [
        f"{result.name}: F {100 * result.counts.f:.1f} %, precision {100 * result.counts.precision:.1f} %, recall"
        f" {100 * result.counts.recall:.1f} % of {result.counts.there} outlines in {result.n} pictures"
        for result in results
    ]


def _again(args: argparse.Namespace) -> str:
    """The command that goes on with a run."""
    words = ["ocr-train", "fit", args.recipe, "--out", str(args.out), "--resume"]
    for flag, value, default in (
        ("data", args.data, "data"),
        ("workers", args.workers, 2),
        ("devices", args.devices, 1),
        ("initial", args.initial, None),
        ("batches", args.batches, None),
    ):
        words += [f"--{flag}", str(value)] if value != default else []
    words += ["--teacher", *map(str, args.teacher)] if args.teacher else []
    return shlex.join(words)
