"""Time and memory: per character, per picture, at start, and of ``ocr-edge read``.

    python benchmarks/speed.py --bundle B --float F --threads 1 2 --peers tesseract --tflite-python PATH

Every system has a process of its own and they take turns, repetition by repetition; medians are reported.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lib import speed_parts
from lib.drawn import page
from lib.report import header, machine, save, table
from lib.systems.peers import PEERS, chosen
from lib.systems.processes import open_all

OURS = "ocr-edge"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine(args.threads)
    try:
        image, truth = (
            (page.picture(), "".join(page.LINES)) if args.picture is None else (loaded(args.picture), "")
        )
    except (page.NoFontError, ValueError) as error:
        print(f"speed.py: {error}; give a picture with --picture", file=sys.stderr)
        return 2
    facts["picture"] = f"{image.shape[1]}x{image.shape[0]}, pixels' sha256 {page.fingerprint(image)}"
    about: dict[str, dict[str, str]] = {}
    measured = []
    with ExitStack() as stack:
        workers = open_all(networks(args), stack)
        about |= {name: worker.about for name, worker in workers.items()}
        measured.append(speed_parts.characters(workers, args.repetitions))
    with ExitStack() as stack:
        workers = open_all(readers(args), stack)
        about |= {name: worker.about for name, worker in workers.items()}
        measured.append(speed_parts.pictures(workers, image, truth, args.repetitions))
    measured.append(speed_parts.start(readers(args), image, args.starts))
    measured.append(speed_parts.memory(pythons(args), args.bundle, image, args.starts))
    text = f"{header(facts, about)}\n" + "".join(formatted(section) for section in measured)
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": about, "sections": measured})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--bundle", type=Path, metavar="B", help="the int8 bundle (default: the shipped one)")
    add(
        "--float",
        type=Path,
        metavar="F",
        dest="reference",
        help="the same network in float32: bundle or .tflite",
    )
    add("--threads", type=int, nargs="+", default=[1], metavar="N", help="for characters; pictures take 1")
    add("--picture", type=Path, metavar="FILE", help="measure on this instead of the drawn picture")
    add("--peers", type=chosen, default=[], metavar="NAMES", help=f"any of {','.join(PEERS)}")
    add("--tflite-python", metavar="PATH", help="interpreter with tflite-runtime, NumPy 1, OpenCV, msgspec")
    add("--repetitions", type=int, default=50, metavar="N", help="of each measurement (default: 50)")
    add("--starts", type=int, default=5, metavar="N", help="fresh processes to start (default: 5)")
    add("--json", type=Path, metavar="FILE", help="every number and every repetition")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def pythons(args: argparse.Namespace) -> dict[str, str]:
    """The interpreters to run ours in, by what to add to a name."""
    return {"": sys.executable} | ({" (tflite-runtime)": args.tflite_python} if args.tflite_python else {})


def networks(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Arguments of ``Worker`` for every network, runtime and number of threads."""
    paths = {"int8": args.bundle, "float": args.reference}
    return {
        f"{kind}{suffix}, {threads} thread{'s' * (threads > 1)}": {
            "system": "characters",
            "python": python,
            "threads": threads,
            "network": str(path or ""),
        }
        for kind, path in paths.items()
        if path or kind == "int8"
        for suffix, python in pythons(args).items()
        for threads in args.threads
    }


def readers(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Arguments of ``Worker`` for everything that reads whole pictures, one thread each."""
    wanted = {}
    for suffix, python in pythons(args).items():
        wanted[f"{OURS}{suffix}"] = {"system": OURS, "python": python, "bundle": str(args.bundle or "")}
        if args.reference and args.reference.is_dir():
            wanted[f"{OURS} float{suffix}"] = {
                "system": OURS,
                "python": python,
                "bundle": str(args.reference),
            }
    return wanted | {name: {"system": name} for name in args.peers}


def loaded(path: Path) -> page.Image:
    """A picture file as uint8 RGB, shape ``(H, W, 3)``."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"{path}: not a readable picture")
    return np.asarray(image, np.uint8)


def formatted(section: dict[str, Any]) -> str:
    """A section as Markdown: its title, its table, and what the columns mean."""
    return f"\n### {section['title']}\n\n{table(section['columns'], section['rows'])}\n\n{section['note']}\n"


if __name__ == "__main__":
    sys.exit(main())
