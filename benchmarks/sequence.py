r"""Networks in sequence: accuracy against mean time for every threshold, beside the same networks alone.

    python benchmarks/sequence.py default runs/wide/bundle --single original \
        --data tar:chars74k_img.tar?note=good#validation tar:handphoto62.tar#validation --picture sequence.png

Every network names every character once, calibrated with its bundle's temperature; what a sequence of them would say
and cost follows from that. Thresholds are chosen on one half of the data and measured on the other, both ways.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lib.networks import bundles, held_out
from lib.networks.naming import Named, check, name_all
from lib.networks.sequences import GRID, Choice, best, choices, grid
from lib.plots import sequence_accuracy
from lib.report import header, machine, percent, save, table
from lib.scoring import gained
from lib.systems import UnavailableError
from ocr_edge.errors import OcrEdgeError

COLUMNS = (
    "at the cost of",
    "ms at most",
    "the best alone",
    "ms",
    "62",
    "in sequence",
    "ms",
    "62",
    "points",
    "95 %",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine()
    try:
        with tempfile.TemporaryDirectory(prefix="ocr-edge-bench-") as scratch:
            opened = bundles.open_all([*args.stages, *args.single], Path(scratch))
            stages = opened[: len(args.stages)]
            check(stages)
            sources = held_out.load(args.data, stages[0].bundle.manifest.characters[0].texts, args.limit)
            named = name_all(opened, stages, sources, args.rounds)
    except OcrEdgeError as error:
        print(f"sequence.py: {error}", file=sys.stderr)
        return error.exit_code
    result = measure(named)
    about = bundles.about(opened)
    text = f"{header(facts, about)}\n\n{formatted(result, held_out.split_of(sources))}"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": about, **result})
    try:
        if args.picture:
            sequence_accuracy.draw(result, args.picture)
    except UnavailableError as error:
        print(f"sequence.py: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("stages", nargs="+", metavar="[NAME=]STAGE", help="networks in the order they run, two or more")
    add("--single", nargs="+", default=[], metavar="[NAME=]NETWORK", help="more networks to show alone")
    add("--data", nargs="+", required=True, metavar="SPEC", help="such as tar:crops.tar?note=good#validation")
    add("--limit", type=int, default=0, metavar="N", help="at most N glyphs a source, spread evenly")
    add("--rounds", type=int, default=30, metavar="N", help="turns to time each network (default: 30)")
    add("--json", type=Path, metavar="FILE", help="every number")
    add("--markdown", type=Path, metavar="FILE", help="the table that is printed")
    add("--picture", type=Path, metavar="PNG", help="accuracy against mean time")
    return result


def measure(named: Named) -> dict[str, Any]:
    """The curves, the networks alone, and the best at the cost of each, as plain values."""
    ms = [named.ms[name] for name in named.stages]
    tried = choices(named.levels, ms, named.parts, list(grid(len(ms))))
    line = choices(named.levels, ms, named.parts, [(value,) * (len(ms) - 1) for value in GRID])
    alone = {
        name: Choice("", (), named.parts.means(right), np.full_like(named.parts.means(right), named.ms[name]))
        for name, right in named.alone.items()
    }
    budgets = {**named.ms, "any": math.inf}
    return {
        "stages": list(named.stages),
        "n": len(named.parts.half),
        "sources": int(named.parts.source.max()) + 1,
        "tried": len(tried),
        "alone": [{"name": name, **point(choice)} for name, choice in alone.items()],
        "line": [point(choice) for choice in line],
        "at_cost": [
            at_cost(named, tried, alone, name, budget)
            for name, budget in sorted(budgets.items(), key=lambda item: item[1])
        ],
    }


def point(choice: Choice) -> dict[str, Any]:
    """A choice on all data: the mean of the sources."""
    return {
        "combine": choice.combine,
        "thresholds": list(choice.thresholds),
        "ms": float(np.nanmean(choice.ms)),
        "top1": float(np.nanmean(choice.right)),
    }


def at_cost(
    named: Named, tried: Sequence[Choice], alone: dict[str, Choice], name: str, budget: float
) -> dict[str, Any]:
    """The best sequence and the best network alone within a budget.

    Thresholds are chosen on each half and measured on the other; those for use, and the network alone, on all data.
    """
    rows = {"name": name, "budget": budget, "alone": "", "combine": "", "thresholds": [], "top1": math.nan}
    final = best(tried, budget, (0, 1))
    if final is None:
        return rows
    single = best(list(alone.values()), budget, (0, 1))
    single_name = next(key for key, value in alone.items() if value is single)
    before, after, ms = named.alone[single_name], np.zeros(len(named.parts.half), bool), []
    for chosen, measured in ((0, 1), (1, 0)):
        sequence = best(tried, budget, [chosen]) or final
        mine = named.parts.half == measured
        after[mine] = named.right(sequence)[mine]
        ms.append(float(np.nanmean(sequence.ms[measured])))
    sources = [named.parts.source == index for index in range(int(named.parts.source.max()) + 1)]
    points, bounds = gained([(before[mine], after[mine]) for mine in sources])
    return {
        "name": name,
        "budget": budget,
        "alone": single_name,
        "alone_ms": named.ms[single_name],
        "alone_top1": float(np.mean([before[mine].mean() for mine in sources])),
        "combine": final.combine,
        "thresholds": list(final.thresholds),
        "ms": float(np.mean(ms)),
        "top1": float(np.mean([after[mine].mean() for mine in sources])),
        "gain": points,
        "gain_interval": list(bounds),
    }


def formatted(result: dict[str, Any], split: str) -> str:
    """The table and what it means."""
    of = f" of the split {split[1:]}" if split else ""
    names = " → ".join(result["stages"])
    return f"""\
### {names}

{table(COLUMNS, [cost_row(row) for row in result["at_cost"]])}

Mean of {result["sources"]} sources, {result["n"]:,} held-out characters{of}. Thresholds: a character less sure goes on
to the next network; {result["tried"]} choices were tried. Choices are made on one half of the characters and measured
on the other, both ways, writers and fonts kept together; the thresholds shown are the best on all. ms: CPU, mean a
character, one thread. Points: sequence against the best network alone at that cost, 95 % by resampled pairs.
"""


def cost_row(row: dict[str, Any]) -> list[str]:
    """A line of the table."""
    budget = "-" if math.isinf(row["budget"]) else f"{row['budget']:.3f}"
    if not row["combine"]:
        return [row["name"], budget, *["-"] * (len(COLUMNS) - 2)]
    low, high = (100 * end for end in row["gain_interval"])
    return [
        row["name"],
        budget,
        row["alone"],
        f"{row['alone_ms']:.3f}",
        percent(row["alone_top1"]),
        described(row),
        f"{row['ms']:.3f}",
        percent(row["top1"]),
        f"{100 * row['gain']:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
    ]


def described(row: dict[str, Any]) -> str:
    """A way to combine and its thresholds in words."""
    if not any(row["thresholds"][:1]):
        return "first alone"
    return f"{row['combine']}, {', '.join(f'{value:g}' for value in row['thresholds'])}"


if __name__ == "__main__":
    sys.exit(main())
