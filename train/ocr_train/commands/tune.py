"""``ocr-train tune``: the shipped network, better at your own characters, as a bundle."""

import argparse
import logging
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.errors import ConfigError
from ocr_train.commands.common import add_parser, count, load_keras, natural, table

if TYPE_CHECKING:
    from ocr_train.tune import Outcome
    from ocr_train.tune.blend import Change

_LOGGER = logging.getLogger(__name__)
FEW = 100
"""Validation crops under which a gain may well be luck."""
WEAK = 0.5
"""A new class of which a smaller share is named right is worth a warning."""

DESCRIPTION = """Make the shipped network better at your own characters, without forgetting the others.

MINE is a folder with one folder of crops for each character (mychars/A/*.png, mychars/7/*.png, ...), or any
other data spec. A few hundred crops are a start. Every eighth, by its name, is kept out of the training and
tells how much was gained. Characters rendered from the fonts of this computer, and the sets given with
--keep, are trained along with yours and may not get worse by more than --max-loss.

Where MINE is words:DIR, pictures of whole lines with their texts (12.5.png), the stage that reads lines learns
instead. With --stage line it learns from characters: lines are composed of them.

The bundle is written only where your characters gain, with some of every new class named right, and only when its
int8 network is as good as the float one; else the exit code is 1. The folder of the run keeps the float network,
run.json, tuned.png (before and after) and still-wrong.png."""


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
        help="shipped bundle, of which all networks of characters are tuned, or .keras file (default: default)",
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

    if args.out.exists() and not (args.out / MANIFEST_NAME).is_file():
        raise ConfigError(f"{args.out}: exists and is no bundle; choose another --out")
    folder = args.folder or Path("runs") / args.out.name
    is_line = (args.stage or ("line" if args.mine.startswith("words:") else "character")) == "line"
    if not is_line and args.mine.startswith("words:"):
        raise ConfigError("--stage character: learns from characters, and MINE names lines")
    found = (
        networks.Stages((networks.find(args.network, "line"),)) if is_line else networks.stages(args.network)
    )
    load_keras()
    from ocr_train.tune.data import spec_of  # noqa: PLC0415

    mine, keep = spec_of(args.mine), tuple(spec_of(text) for text in args.keep)
    measured = "lines read exactly, %" if is_line else "named right, %"
    outcomes = []
    for number, network in enumerate(found.networks, 1):
        is_one = len(found.networks) == 1
        run_of = folder if is_one else folder / f"stage-{number}"
        if not is_one:
            _LOGGER.info("stage %d of %d", number, len(found.networks))
        outcomes.append(_tuned(args, mine, keep, network, run_of, folder, is_line=is_line))
        print("" if is_one else f"Stage {number} of {len(found.networks)}", end="" if is_one else "\n")
        print(_as_table(outcomes[-1], measured))
    if refusal := _refusal(args, outcomes):
        _LOGGER.error("%s", refusal)
        return 1
    more = ["--beside", networks.DEFAULT] if is_line else ["--combine", found.combine]
    more += [word for limit in found.escalate_below for word in ("--escalate-below", str(limit))]
    specs = max((outcome.specs for outcome in outcomes), key=len)
    if code := convert([outcome.model for outcome in outcomes], specs, args.out, *more):
        return code
    for outcome in outcomes:
        if outcome.is_gain:
            print(
                f"Pictures: {outcome.model.with_name('tuned.png')}, {outcome.model.with_name('still-wrong.png')}"
            )
    if not is_line:
        print(
            "The bundle reads by characters alone. A stage that reads lines is tuned by itself: --stage line."
        )
    print(f"Try it:   {shlex.join(['ocr-edge', 'read', '--bundle', str(args.out), 'photo.jpg'])}")
    return 0


def _tuned(
    args: argparse.Namespace,
    mine: str,
    keep: tuple[str, ...],
    network: Path,
    folder: Path,
    shared: Path,
    *,
    is_line: bool,
) -> "Outcome":
    """Tune one stage in a folder of its own."""
    from ocr_train.tune import Settings, tune  # noqa: PLC0415 - see commands/__init__.py

    settings = Settings(
        mine=mine,
        network=network,
        keep=keep,
        rendered=args.rendered,
        new_classes=args.new_classes,
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        max_loss=args.max_loss / 100,
        force=args.force,
        workers=args.workers,
        is_line=is_line,
        shared=shared,
    )
    # A stage that is done is only measured again when a later one goes on.
    try:
        return tune(settings, folder, resume=args.resume)
    except KeyboardInterrupt:
        _LOGGER.warning("stopped; go on with the same command and --resume")
        raise


def convert(models: Sequence[Path], specs: Sequence[str], out: Path, *more: str) -> int:
    """Write a verified bundle with ``ocr-convert`` of this environment; its exit code.

    A process and not an import: training knows nothing of conversion, which needs TensorFlow.
    """
    words = ["--quantize", *map(str, models), "--samples", *specs, "--out", str(out), *more]
    _LOGGER.info("ocr-convert %s", shlex.join(words))
    return subprocess.run([sys.executable, "-m", "ocr_convert.cli", *words], check=False).returncode


def _as_table(outcome: "Outcome", measured: str) -> str:
    """Before and after of every set, and what to make of it."""
    blend = outcome.blend
    rows: list[tuple[str, ...]] = [
        (measured, "n", "before", "after", "95 % interval", "fixed", "broken"),
        _row("yours: ", blend.mine),
        *(_row("new: ", change) for change in blend.new),
        *(_row("kept: ", change) for change in blend.kept),
    ]
    notes = [f"Taken in: {100 * blend.share:.0f} % of what was learned."]
    if outcome.is_gain and blend.new:
        rest = notes[0][10:] if blend.share else "nothing else: all other weights are as they were."
        notes = [f"Taken in: the new {'class' if len(blend.new) == 1 else 'classes'}, and {rest}"]
    weak = [change for change in blend.new if change.after < WEAK]
    notes += [
        f"{change.name}: only {round(change.after * change.n)} of {change.n} crops are named right; more crops help"
        for change in weak
    ]
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


def _refusal(args: argparse.Namespace, outcomes: "Sequence[Outcome]") -> str:
    """Why no bundle is written; nothing where one is."""
    more = (
        "more pictures help most, --max-loss allows more forgetting, --force writes the bundle all the same"
    )
    if args.force:
        return ""
    if unlearned := dict.fromkeys(label for outcome in outcomes for label in outcome.blend.unlearned):
        return (
            f"{'class' if len(unlearned) == 1 else 'classes'} {' '.join(unlearned)}: not one held-out crop is named"
            f" right, so nothing was written; {more}"
        )
    has_new = any(outcome.blend.new for outcome in outcomes)
    if all(outcome.blend.mine.after == 1 and not outcome.is_gain for outcome in outcomes):
        return (
            f"all {outcomes[0].blend.mine.n} held-out pictures of yours are right as it is: there is nothing to gain,"
            " and nothing was written; add pictures that are read wrongly, or write the bundle with --force"
        )
    gains = [outcome.is_gain for outcome in outcomes]
    # Stages of one bundle name the same classes: where there are new ones, all must have learned them.
    if all(gains) or (any(gains) and not has_new):
        return ""
    return (
        "no share of what was learned made yours better and kept the others within"
        f" {args.max_loss:g} points, so nothing was written; {more}"
    )


def _points(text: str) -> float:
    """An argument in percentage points."""
    value = float(text)
    if not 0 <= value <= 100:
        raise ValueError
    return value


_points.__name__ = "a number from 0 to 100"
