r"""Networks side by side: size, time and accuracy on the same held-out characters, against a baseline.

    python benchmarks/networks.py default runs/wide/bundle --baseline original \
        --data tar:chars74k_img.tar?note=good#validation tar:handphoto62.tar#validation --picture networks.png

Everything runs in the device's own recogniser, on one thread. Named is the likeliest of the baseline's texts: that of
what is no character is never said.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lib.networks import bundles, cpu_time, held_out
from lib.networks.bundles import Model, device
from lib.networks.held_out import Right, Source
from lib.plots import network_accuracy
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import gained, mcnemar, wilson
from lib.systems import UnavailableError
from ocr_edge.errors import OcrEdgeError

COSTS = ("network", "kind", "parameters", "MACs", "KiB", "ms", "10 to 90 %", "times as fast")
ACCURACIES = ("mean 62", "case merged", "points", "95 %", "pooled 62", "case merged", "worse in")
TESTS = ("source", "network", "n", "62", "95 %", "case merged", "only baseline", "only this", "p", "")
SURE = 0.05
"""A difference that chance alone makes more rarely than this is called significant."""
POOLED = "all"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine()
    try:
        with tempfile.TemporaryDirectory(prefix="ocr-edge-bench-") as scratch:
            opened, baseline = together(args.networks, args.baseline, Path(scratch))
            sources = held_out.load(args.data, baseline.bundle.manifest.characters[0].texts, args.limit)
            results = measure(opened, baseline, sources, args.rounds)
    except OcrEdgeError as error:
        print(f"networks.py: {error}", file=sys.stderr)
        return error.exit_code
    about = bundles.about(opened)
    text = f"{header(facts, about)}\n\n{formatted(results, baseline.name, held_out.split_of(sources))}"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": about, "baseline": baseline.name, "networks": results})
    try:
        if args.picture:
            network_accuracy.draw(results, args.picture)
        if args.sources_picture:
            network_accuracy.draw_sources(results, args.sources_picture)
    except UnavailableError as error:
        print(f"networks.py: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add(
        "networks", nargs="+", metavar="[NAME=]NETWORK", help="shipped bundle, bundle, .tflite or .keras file"
    )
    add("--baseline", metavar="NETWORK", help="what the others are compared with (default: the first)")
    add("--data", nargs="+", required=True, metavar="SPEC", help="such as tar:crops.tar?note=good#validation")
    add("--limit", type=int, default=0, metavar="N", help="at most N glyphs a source, spread evenly")
    add("--rounds", type=int, default=30, metavar="N", help="turns to time each network (default: 30)")
    add("--json", type=Path, metavar="FILE", help="every number")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    add("--picture", type=Path, metavar="PNG", help="mean accuracy against time")
    add("--sources-picture", type=Path, metavar="PNG", help="the same, a plot a source")
    return result


def together(texts: Sequence[str], baseline: str | None, scratch: Path) -> tuple[list[Model], Model]:
    """All networks, and which of them is the baseline; it comes first where it is not among the others.

    Raises:
        ConfigError: A file cannot be used, or two have the same name.
        ModelError: A bundle is damaged.
    """
    opened = bundles.open_all(texts, scratch)
    if baseline is None:
        return opened, opened[0]
    for model, text in zip(opened, texts, strict=True):
        if baseline in (model.name, text):
            return opened, model
    opened = bundles.open_all([baseline, *texts], scratch)
    return opened, opened[0]


def measure(
    opened: Sequence[Model], baseline: Model, sources: Sequence[Source], rounds: int
) -> list[dict[str, Any]]:
    """Everything about every network, as plain values.

    Raises:
        ConfigError: A network cannot say what the baseline can.
    """
    texts = baseline.bundle.manifest.characters[0].texts
    times = cpu_time.timed(opened, held_out.some(sources, cpu_time.TURN), rounds)
    named = {model.name: named_right(model, sources, texts) for model in opened}
    return [
        model.facts()
        | cpu_time.cost(times[model.name], times[baseline.name])
        | compared(named[model.name], named[baseline.name], [source.name for source in sources])
        for model in opened
    ]


def named_right(model: Model, sources: Sequence[Source], texts: Sequence[str]) -> list[tuple[Right, Right]]:
    """For each source which glyphs are named right, exactly and when case is ignored."""
    chosen, score = bundles.columns(model, texts), device(model.bundle)
    print(f"{model.name}: naming", file=sys.stderr)
    return [held_out.right(score(source.inputs)[:, chosen], source.truth, texts) for source in sources]


def compared(
    named: Sequence[tuple[Right, Right]], baseline: Sequence[tuple[Right, Right]], names: Sequence[str]
) -> dict[str, Any]:
    """A network's accuracy by source, on their mean and pooled, beside the baseline's on the same glyphs.

    Args:
        named: For each source which glyphs it names right, exactly and when case is ignored.
        baseline: The same of the baseline.
        names: The sources'.
    """
    by_source = {
        name: source(*mine, theirs[0]) for name, mine, theirs in zip(names, named, baseline, strict=True)
    }
    points, bounds = gained([(theirs[0], mine[0]) for mine, theirs in zip(named, baseline, strict=True)])
    pooled = [np.concatenate(parts) for parts in zip(*named, strict=True)]
    return {
        "top1": float(np.mean([got["top1"] for got in by_source.values()])),
        "top1_case_merged": float(np.mean([got["top1_case_merged"] for got in by_source.values()])),
        "gain": points,
        "gain_interval": list(bounds),
        "worse_in": [name for name, got in by_source.items() if got["verdict"] == "worse"],
        "sources": by_source,
        "pooled": source(*pooled, np.concatenate([theirs[0] for theirs in baseline])),
    }


def source(exact: Right, merged: Right, baseline: Right) -> dict[str, Any]:
    """One source's figures: McNemar's exact test (1947) of the 62 classes, case kept."""
    n, worse, better = len(exact), int((baseline & ~exact).sum()), int((~baseline & exact).sum())
    p = mcnemar(worse, better)
    verdict = "" if p >= SURE else "worse" if worse > better else "better"
    return {
        "n": n,
        "top1": float(exact.mean()),
        "interval": list(wilson(int(exact.sum()), n)),
        "top1_case_merged": float(merged.mean()),
        "worse": worse,
        "better": better,
        "p": p,
        "verdict": verdict,
    }


def formatted(results: Sequence[dict[str, Any]], baseline: str, split: str) -> str:
    """The tables: what networks cost and how good they are, every source, and the tests."""
    sources = list(results[0]["sources"])
    shown = [name.removesuffix(split) for name in sources]
    n, rounds = results[0]["pooled"]["n"], results[0]["rounds"]
    first = [cost_row(result) for result in results]
    second = [accuracy_row(result, split) for result in results]
    third = [
        [result["name"], *(by_source(result["sources"][name]) for name in sources)] for result in results
    ]
    fourth = [
        [name.removesuffix(split), result["name"], *test_row(got, result["name"] == baseline)]
        for name in [*sources, POOLED]
        for result in results
        for got in [result["pooled"] if name == POOLED else result["sources"][name]]
    ]
    of = f" of the split {split[1:]}" if split else ""
    return f"""\
{table(COSTS, first, names=2)}

CPU ms a character, one thread: median of {rounds} turns of about {cpu_time.TURN} glyphs each, all networks in turns;
times as fast as {baseline}: median over turns.

{table(("network", *ACCURACIES), second)}

Shares of {n:,} held-out characters{of}, {len(sources)} sources; mean: every source counts the same; pooled: every
character does. Points: difference of the mean from that of {baseline}, 95 % by resampled pairs. Worse in: sources in
which it is significantly worse than {baseline} (p < {SURE}).

{table(("network", *shown), third)}

62 classes / case merged, %. ↓ significantly worse than {baseline}, ↑ better (McNemar's exact test, p < {SURE}, case
kept).

{table(TESTS, fourth, names=2)}

Only baseline: characters that {baseline} alone names right; only this: that this network alone does. p: McNemar's test,
two-sided, exact. Characters of one writer or font count as independent, which makes p somewhat too small.
"""


def cost_row(result: dict[str, Any]) -> list[str]:
    """A line of the first table."""
    counts = [f"{count:,}" if count else "-" for count in (result["parameters"], result["macs"])]
    low, high = result["ms_range"]
    times = [f"{result['ms']:.3f}", f"{low:.3f} to {high:.3f}", f"{result['faster']:.2f}"]
    return [result["name"], result["kind"], *counts, f"{result['bytes'] / 1024:.0f}", *times]


def accuracy_row(result: dict[str, Any], split: str) -> list[str]:
    """A line of the second table."""
    pooled = result["pooled"]
    low, high = (100 * end for end in result["gain_interval"])
    gain = [f"{100 * result['gain']:+.2f}", f"{low:+.2f} to {high:+.2f}"] if low or high else ["", ""]
    shares = [percent(part[key]) for part in (result, pooled) for key in ("top1", "top1_case_merged")]
    worse = ", ".join(name.removesuffix(split) for name in result["worse_in"]) or "-"
    return [result["name"], *shares[:2], *gain, *shares[2:], worse]


def by_source(got: dict[str, Any]) -> str:
    """A cell of the third table."""
    mark = {"worse": " ↓", "better": " ↑", "": ""}[got["verdict"]]
    return f"{100 * got['top1']:.1f} / {100 * got['top1_case_merged']:.1f}{mark}"


def test_row(got: dict[str, Any], is_baseline: bool) -> list[str]:
    """The end of a line of the fourth table."""
    shares = [percent(got["top1"]), interval(got["interval"]), percent(got["top1_case_merged"])]
    test = (
        ["", "", "", ""]
        if is_baseline
        else [str(got["worse"]), str(got["better"]), f"{got['p']:.2g}", got["verdict"]]
    )
    return [str(got["n"]), *shares, *test]


if __name__ == "__main__":
    sys.exit(main())
