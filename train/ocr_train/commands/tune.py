"""``ocr-train tune``: the shipped network, better at your own characters, as a bundle."""

import argparse
import logging
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.contract.manifest import FILE_NAME
from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, count, load_keras, natural, table

if TYPE_CHECKING:
    from ocr_train.tune import Outcome
    from ocr_train.tune.blend import Change

_LOGGER = logging.getLogger(__name__)
FEW = 100
"""Validation crops under which a gain may well be luck."""

DESCRIPTION = """Make the shipped network better at your own characters, without forgetting the others.

MINE is a folder with one folder of crops for each character (mychars/A/*.png, mychars/7/*.png, ...), or any
other data spec. A few hundred crops are a start. Every eighth, by its name, is kept out of the training and
tells how much was gained. Characters rendered from the fonts of this computer, and the sets given with
--keep, are trained along with yours and may not get worse by more than --max-loss.

Where MINE is words:DIR, pictures of whole lines with their texts (12.5.png), the stage that reads lines learns
instead. With --stage line it learns from characters: lines are composed of them.

The bundle is written only where your characters gain, and only when its int8 network is as good as the float
one; else the exit code is 1. The folder of the run keeps the float network, run.json, tuned.png (before and
after) and still-wrong.png."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(subparsers, "tune", "teach the shipped network your own characters", DESCRIPTION)
    parser.add_argument("mine", metavar="MINE", help="folder of your crops, or a spec such as tar:mine.tar")
    parser.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="the bundle to write")
    parser.add_argument(
        "--stage",
        choices=("character", "line"),
        help="which kind of stage learns (default: line where MINE is words:..., else character)",
    )
    parser.add_argument(
        "--network",
        default="default",
        metavar="NAME",
        help="shipped network or .keras file (default: default)",
    )
    parser.add_argument(
        "--keep", nargs="+", default=[], metavar="SPEC", help="data sets that must not get worse"
    )
    parser.add_argument(
        "--max-loss",
        type=_points,
        default=0.5,
        metavar="POINTS",
        help="most that a kept set may lose, in percentage points (default: %(default)s)",
    )
    parser.add_argument(
        "--new-classes", action="store_true", help="teach characters that the network does not know"
    )
    parser.add_argument(
        "--rendered",
        type=natural,
        default=20_000,
        metavar="N",
        help="characters to render and train along (default: %(default)s; 0: none; lines: 0 or any other number)",
    )
    parser.add_argument(
        "--epochs", type=count, default=6, metavar="N", help="of 5,000 samples (default: %(default)s)"
    )
    parser.add_argument(
        "--learning-rate", type=float, default=3e-4, metavar="X", help="at its peak (default: %(default)s)"
    )
    parser.add_argument("--run", type=Path, metavar="DIR", dest="folder", help="default: runs/NAME of --out")
    parser.add_argument("--resume", action="store_true", help="go on with the training that --run holds")
    parser.add_argument("--force", action="store_true", help="write a bundle even where nothing got better")
    parser.add_argument(
        "--workers", type=natural, default=2, metavar="N", help="processes that prepare data (default: 2)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Tune, convert and say what came of it.

    Raises:
        ConfigError: Data, network or folders are wrong.
        ModelError: The network cannot be used.
        KeyboardInterrupt: Ctrl-C, after saying how to go on.
    """
    from ocr_train import networks  # noqa: PLC0415 - see commands/__init__.py

    if args.out.exists() and not (args.out / FILE_NAME).is_file():
        raise ConfigError(f"{args.out}: exists and is no bundle; choose another --out")
    folder = args.folder or Path("runs") / args.out.name
    is_line = (args.stage or ("line" if args.mine.startswith("words:") else "character")) == "line"
    if is_line and args.new_classes:
        raise ConfigError("--new-classes: is for character stages")
    if not is_line and args.mine.startswith("words:"):
        raise ConfigError("--stage character: learns from characters, and MINE names lines")
    network = networks.find(args.network, "line" if is_line else "model")
    load_keras()
    from ocr_train.tune import Settings, tune  # noqa: PLC0415
    from ocr_train.tune.data import spec_of  # noqa: PLC0415

    settings = Settings(
        mine=spec_of(args.mine),
        network=network,
        keep=tuple(spec_of(text) for text in args.keep),
        rendered=args.rendered,
        new_classes=args.new_classes,
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        max_loss=args.max_loss / 100,
        force=args.force,
        workers=args.workers,
        is_line=is_line,
    )
    try:
        outcome = tune(settings, folder, resume=args.resume)
    except KeyboardInterrupt:
        _LOGGER.warning("stopped; go on with the same command and --resume")
        raise
    print(_as_table(outcome, "lines read exactly, %" if is_line else "named right, %"))
    if not outcome.blend.share:
        _LOGGER.error("%s", _nothing(args))
        return 1
    beside = [networks.DEFAULT] if is_line else []
    if code := convert(folder / "model.keras", outcome.specs, args.out, *beside):
        return code
    print(f"Pictures: {folder / 'tuned.png'}, {folder / 'still-wrong.png'}")
    print(f"Try it:   {shlex.join(['ocr-edge', 'read', '--bundle', str(args.out), 'photo.jpg'])}")
    return 0


def convert(model: Path, specs: Sequence[str], out: Path, *beside: str) -> int:
    """Write a verified bundle with ``ocr-convert`` of this environment; its exit code.

    A process and not an import: training knows nothing of conversion, which needs TensorFlow.
    """
    words = ["--quantize", str(model), "--samples", *specs, "--out", str(out)]
    words += ["--beside", *beside] if beside else []
    _LOGGER.info("ocr-convert %s", shlex.join(words))
    return subprocess.run([sys.executable, "-m", "ocr_convert.cli", *words], check=False).returncode


def _as_table(outcome: "Outcome", measured: str) -> str:
    """Before and after of every set, and what to make of it."""
    blend = outcome.blend
    rows: list[tuple[str, ...]] = [
        (measured, "n", "before", "after", "95 % interval", "fixed", "broken"),
        _row("yours: ", blend.mine),
        *(_row("kept: ", change) for change in blend.kept),
    ]
    notes = [f"Taken in: {100 * blend.share:.0f} % of what was learned."]
    if blend.mine.n < FEW:
        notes.append(f"{blend.mine.n} pictures of yours are few to judge by: the interval says how few.")
    return "\n".join([table(rows), *notes])


def _row(kind: str, change: "Change") -> tuple[str, ...]:
    low, high = (100 * end for end in change.interval)
    shares = f"{100 * change.before:.1f}", f"{100 * change.after:.1f}"
    return (
        kind + change.name,
        f"{change.n:,}",
        *shares,
        f"{low:.1f} - {high:.1f}",
        *map(str, (change.fixed, change.broken)),
    )


def _nothing(args: argparse.Namespace) -> str:
    return (
        "no share of what was learned made yours better and kept the others within"
        f" {args.max_loss:g} points, so nothing was written; more pictures help most, --max-loss allows more"
        " forgetting, --force writes the bundle all the same"
    )


def _points(text: str) -> float:
    """An argument in percentage points."""
    value = float(text)
    if not 0 <= value <= 100:
        raise ValueError
    return value


_points.__name__ = "POINTS (0 to 100)"
