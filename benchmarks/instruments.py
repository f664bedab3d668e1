"""Displays and labels read as ``ocr-edge read`` reads them: is the number a line, and the unit beside it?

    python benchmarks/instruments.py [--seed 4] [--save DIR]

240 drawn pictures, without a region or a pattern (``lib/drawn/instruments.py``). *Right* is a line that is the number,
alone or with its unit; *unit too*, of those that have one, where that is said as well; *wrong* another line with digits
that is 70 % sure.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2

from lib.drawn.instruments import COUNT, MAKER, SEED, Instrument, instruments
from lib.report import header, interval, machine, percent, table
from lib.scoring import wilson
from ocr_edge import Reader
from ocr_edge.errors import OcrEdgeError
from ocr_edge.reading import Reading

USAGE = 2
SURE = 0.7


def judged(one: Instrument, reading: Reading) -> list[str]:
    """What of ``right``, ``unit too``, ``wrong`` and ``silent`` a reading is."""
    lines = [line.text.replace(" ", "") for line in reading.lines]
    if one.number in lines or one.number + one.unit in lines:
        has_unit = one.unit and {one.unit, one.number + one.unit} & set(lines)
        return ["right", "unit too"] if has_unit else ["right"]
    sure = [
        line.confidence for line in reading.lines if line.text != MAKER and any(map(str.isdigit, line.text))
    ]
    return ["wrong"] if max(sure, default=0.0) >= SURE else ["silent"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", help="name or folder (default: the shipped one)")
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=f"pictures (default: {COUNT})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"another seed is another set ({SEED})")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the pictures that are not right")
    args = parser.parse_args(argv)
    try:
        reader = Reader(args.bundle)
    except OcrEdgeError as error:
        print(f"instruments.py: {error}", file=sys.stderr)
        return USAGE
    found: dict[str, Counter[str]] = {}
    for index, one in enumerate(instruments(args.count, args.seed)):
        reading = reader.read(one.image)
        verdict = judged(one, reading)
        for kind in (one.kind, "all"):
            found.setdefault(kind, Counter()).update(["n", *["has unit"] * bool(one.unit), *verdict])
        if args.save and "right" not in verdict:
            args.save.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(args.save / f"{index:03d}-{one.kind}.png"), one.image[..., ::-1])
            print(f"{index:03d}-{one.kind}: {one.number} {one.unit}: {reading.text!r}", file=sys.stderr)
    print(header(machine() | {"drawn": f"{args.count}, seed {args.seed}"}, {}))
    heads = ["shown", "n", "right", "95 %", "unit too", "wrong", "else"]
    print(f"\n{table(heads, [_row(kind, counts) for kind, counts in _all_last(found).items()])}")
    return 0


def _all_last(found: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    return {kind: found[kind] for kind in [*(kind for kind in found if kind != "all"), "all"]}


def _row(kind: str, counts: Counter[str]) -> list[str]:
    n = counts["n"]
    unit = percent(counts["unit too"] / counts["has unit"]) if counts["has unit"] else "-"
    rates = [percent(counts[name] / n) for name in ("wrong", "silent")]
    return [kind, str(n), percent(counts["right"] / n), interval(wilson(counts["right"], n)), unit, *rates]


if __name__ == "__main__":
    sys.exit(main())
