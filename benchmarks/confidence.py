"""Precision against coverage: whether readings that are asked to be 99 % sure are 99 % right.

    python benchmarks/confidence.py DATA_DIR --json out.json --picture docs/coverage.png

Every picture is read once with ``min_confidence`` 0; what would be said at a threshold is then the lines that are at
least so sure. Thresholds for a wanted precision are chosen on validation pictures and reported on test pictures. With
``--readers``, the last table says for each how many of the lines of words said at 0.9 and at 0.99 are right.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lib import line_claims
from lib.our_lines import Said, open_pipeline, read_set
from lib.picture_sets import PictureSet, Rules, SetError
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import Interval, wilson
from lib.systems import UnavailableError
from lib.systems.ours import READERS, about_bundle
from ocr_edge.errors import OcrEdgeError

GROUPS = {
    "words": line_claims.WORDS,
    "amounts, with a pattern": ("orand_strings",),
    "plates, with a pattern": ("openalpr_us_plate_crops",),
}
"""Sets whose readings are pooled; a group whose name says so is read with the sets' patterns."""
ALL = "all"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99)
WANTED = (0.9, 0.95, 0.99)
ENOUGH = 20
"""Fewest readings that a threshold is chosen by."""
SPLITS = ("validation", "test")
USAGE = 2

Judge = Callable[[float], bool | None]
"""Whether one picture is right at a threshold; None when nothing is said."""


@dataclass(frozen=True, slots=True)
class Point:
    """What happens at one threshold.

    Attributes:
        threshold: ``min_confidence``.
        n: Pictures.
        said: Pictures about which something is said.
        right: Of these, how many are right.
    """

    threshold: float
    n: int
    said: int
    right: int

    @property
    def precision(self) -> float:
        """Share of what is said that is right; NaN when nothing is said."""
        return self.right / self.said if self.said else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the pictures about which something is said; NaN without pictures."""
        return self.said / self.n if self.n else float("nan")

    @property
    def precision_interval(self) -> Interval:
        """95 % interval of the precision (Wilson)."""
        return wilson(self.right, self.said)

    @property
    def coverage_interval(self) -> Interval:
        """95 % interval of the coverage (Wilson)."""
        return wilson(self.said, self.n)


def at(judges: Sequence[Judge], threshold: float) -> Point:
    """What happens to pictures at a threshold."""
    verdicts = [verdict for judge in judges if (verdict := judge(threshold)) is not None]
    return Point(threshold, len(judges), len(verdicts), sum(verdicts))


def choose(judges: Sequence[Judge], candidates: Sequence[float], wanted: float) -> float | None:
    """The lowest threshold at which enough is said and is as precise as wanted; None when there is none."""
    points = (at(judges, threshold) for threshold in sorted(candidates))
    return next(
        (point.threshold for point in points if point.said >= ENOUGH and point.precision >= wanted), None
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine()
    try:
        claimed = line_claims.measure(args.data, args.bundle, args.readers, "test", args.limit)
        result = measure(args) | {"claims": claimed}
    except (OcrEdgeError, SetError) as error:
        print(f"confidence.py: {error}", file=sys.stderr)
        return USAGE
    tables = [curves_table(result), chosen_table(result), line_claims.claims_table(claimed)]
    text = "\n\n".join([header(facts, {"ocr-edge": result["about"]}), *tables]) + "\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, **result})
    if args.picture:
        from lib.plots.coverage import draw

        try:
            draw(result, args.picture)
        except UnavailableError as error:
            print(f"confidence.py: no picture: {error}", file=sys.stderr)
            return USAGE
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("data", type=Path, metavar="DATA_DIR", help="folder with NAME.tar or NAME/ for each set")
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--limit", type=int, default=0, metavar="N", help="at most N pictures a set and split, spread evenly")
    add(
        "--readers",
        nargs="+",
        choices=READERS,
        default=["auto"],
        help="what reads lines, for the last table: as the program chooses (auto), the lattice of characters alone,"
        " the line stage alone",
    )
    add(
        "--picture",
        type=Path,
        metavar="PNG",
        help="precision and coverage over the threshold; needs Matplotlib",
    )
    add("--json", type=Path, metavar="FILE", help="every number, and every line with its confidence")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Every group's curve on test pictures, and thresholds chosen on validation pictures."""
    judges: dict[str, dict[str, list[Judge]]] = {}
    sets = []
    about: Mapping[str, str] = {}
    for group, names in GROUPS.items():
        judges[group] = {split: [] for split in SPLITS}
        for name in names:
            with PictureSet(args.data, name) as opened:
                rules = opened.rules
                pattern = rules.pattern if "pattern" in group else ""
                bundle, pipeline = open_pipeline(args.bundle, pattern)
                about, labels = about_bundle(bundle), bundle.manifest.texts
                for role in SPLITS:
                    for split in splits_of(role, rules):
                        said = list(read_set(opened, split, args.limit, pipeline))
                        judges[group][role] += [judge_of(one, rules, labels) for one in said]
                        values = {"set": name, "split": split, "pattern": pattern}
                        sets.append(values | {"said": [asdict(one) for one in said]})
                        print(f"{name}, {split}: {len(said)} pictures read", file=sys.stderr)
    judges[ALL] = {split: [j for group in GROUPS for j in judges[group][split]] for split in SPLITS}
    groups = [
        {
            "group": group,
            "curve": [point(at(parts["test"], float(t))) for t in fine_thresholds()],
            "table": [point(at(parts["test"], t)) for t in THRESHOLDS],
            "chosen": [chosen(parts, wanted) for wanted in WANTED],
        }
        for group, parts in judges.items()
    ]
    return {"about": about, "groups": groups, "sets": sets}


def splits_of(role: str, rules: Rules) -> tuple[str, ...]:
    """The splits that play a role; all but validation are reported of a set that is too small for one alone."""
    return ("train", "test") if role == "test" and rules.split == "all" else (role,)


def judge_of(said: Said, rules: Rules, labels: Sequence[str]) -> Judge:
    """A picture's verdict by threshold."""
    return lambda threshold: said.right(threshold, rules, labels)


def fine_thresholds() -> list[float]:
    """0 to 0.999, closer to each other near 1, where sure readings are."""
    doubts = np.concatenate([np.linspace(1, 0.1, 46), np.geomspace(0.1, 0.001, 41)[1:]])
    return [round(1 - float(doubt), 4) for doubt in doubts]


def chosen(parts: Mapping[str, Sequence[Judge]], wanted: float) -> dict[str, Any]:
    """A threshold chosen on validation pictures, and what it does there and on test pictures."""
    threshold = choose(parts["validation"], fine_thresholds(), wanted)
    values: dict[str, Any] = {"wanted": wanted, "threshold": threshold}
    if threshold is not None:
        values |= {split: point(at(parts[split], threshold)) for split in SPLITS}
    return values


def point(of: Point) -> dict[str, Any]:
    """A point as plain values, its shares and intervals too."""
    return asdict(of) | {
        "precision": of.precision,
        "precision_interval": of.precision_interval,
        "coverage": of.coverage,
        "coverage_interval": of.coverage_interval,
    }


def curves_table(result: Mapping[str, Any]) -> str:
    """Precision and coverage on test pictures at some thresholds."""
    columns = ("texts", "min_confidence", "n", "said", "right of these", "95 %", "coverage", "95 %")
    rows = [
        [group["group"], f"{p['threshold']:g}", str(p["n"]), str(p["said"]), *shares(p)]
        for group in result["groups"]
        for p in group["table"]
    ]
    return table(columns, rows)


def chosen_table(result: Mapping[str, Any]) -> str:
    """Thresholds chosen on validation pictures, and what they give on test pictures."""
    columns = (
        "texts",
        "wanted",
        "min_confidence",
        "on validation",
        "n",
        "said",
        "on test",
        "95 %",
        "coverage",
        "95 %",
    )
    rows = []
    for group in result["groups"]:
        for one in group["chosen"]:
            row = [group["group"], percent(one["wanted"])]
            if one["threshold"] is None:
                rows.append([*row, "not reached", *["-"] * 7])
                continue
            on = one["test"]
            there = percent(one["validation"]["precision"])
            rows.append([*row, f"{one['threshold']:.3f}", there, str(on["n"]), str(on["said"]), *shares(on)])
    return table(columns, rows)


def shares(values: Mapping[str, Any]) -> list[str]:
    """Precision and coverage with their intervals; none where nothing was said."""
    if not values["said"]:
        return ["-", "", percent(values["coverage"]), interval(values["coverage_interval"])]
    return [
        percent(values["precision"]),
        interval(values["precision_interval"]),
        percent(values["coverage"]),
        interval(values["coverage_interval"]),
    ]


if __name__ == "__main__":
    sys.exit(main())
