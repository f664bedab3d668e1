"""Accuracy, time and memory on whole pictures, beside peers on the same pictures in the same run.

    python benchmarks/pictures.py DATA_DIR --sets iiit5k_words --limit 20 --peers tesseract,rapidocr

Each system has a process of its own for each set; their turns are interleaved picture by picture. Times are
from pixels to text, without start-up and without decoding the file, after one reading that is not counted.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lib.picture_sets import HELD_OUT, SETS, Example, PictureSet, SetError, present
from lib.report import header, machine, save, table
from lib.set_results import (
    COLUMNS,
    NAMES,
    RATIO_NAMES,
    Run,
    ratio_columns,
    ratios,
    rows,
    summary,
    without_empty,
)
from lib.systems import UnavailableError
from lib.systems.ours import READERS
from lib.systems.peers import PEERS, chosen
from lib.systems.processes import Worker, open_all
from ocr_edge.bundles.load import load as load_bundle
from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.sources import pictures

OURS = "ocr-edge"
ROWS = {"auto": OURS, "characters": f"{OURS}, lattice alone", "line": f"{OURS}, line stage alone"}
"""Ours by what reads lines: both, as the program chooses; only the lattice of characters; only the line stage."""
WITH_PATTERN = f"{OURS}, with a pattern"
OWN = "each picture's own"
SPLITS = ("train", "validation", "test", HELD_OUT, "all")
LOST, USAGE = 1, 2
"""Exit codes: ours could not read a set to its end; the arguments or the data are wrong."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine()
    try:
        labels = load_bundle(args.bundle).manifest.texts
        names = args.sets or present(args.data)
        if not names:
            raise SetError(f"{args.data}: no known set is there; known are {', '.join(SETS)}")
        results = [result for name in names if (result := measure_set(args, name, labels))]
    except (OcrEdgeError, SetError) as error:
        print(f"pictures.py: {error}", file=sys.stderr)
        return USAGE
    abouts = {run["system"]: run["about"] for result in results for run in result["systems"]}
    patterns = {
        f"pattern of {r['set']}": r["pattern"] if r["pattern"] == OWN else f"`{r['pattern']}`"
        for r in results
        if r["pattern"]
    }
    columns, lines = without_empty(COLUMNS, [row for r in results for row in rows(r)])
    text = f"{header(facts | patterns, abouts)}\n\n{table(columns, lines, NAMES)}\n"
    if args.peers:
        faster = [row for r in results for row in ratios(r, OURS, args.peers)]
        text += f"\n{table(ratio_columns(args.peers), faster, RATIO_NAMES)}\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "sets": results})
    wanted = {ROWS[reader] for reader in args.readers}
    return 0 if all(wanted <= {run["system"] for run in result["systems"]} for result in results) else LOST


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("data", type=Path, metavar="DATA_DIR", help="folder with NAME.tar or NAME/ for each set")
    add("--sets", nargs="+", metavar="NAME", help=f"default: those that are there of {', '.join(SETS)}")
    add("--split", choices=SPLITS, help="default: the set's own (see lib/picture_sets.py)")
    add(
        "--limit",
        type=int,
        metavar="N",
        help="at most N pictures a set, spread evenly; 0 for all; default: the set's own, all of most",
    )
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add(
        "--pattern", default="", metavar="P", help="what every line must look like, in place of the set's own"
    )
    add(
        "--readers",
        nargs="+",
        choices=READERS,
        default=["auto"],
        help="what reads lines in ours, a row each: as the program chooses (auto), the lattice of characters,"
        " the line stage",
    )
    add("--peers", type=chosen, default=[], metavar="NAMES", help=f"any of {','.join(PEERS)}")
    add("--peers-python", default=sys.executable, metavar="FILE", help="the Python that has the peers")
    add("--json", type=Path, metavar="FILE", help="every number and what was said about every picture")
    add("--markdown", type=Path, metavar="FILE", help="the table that is printed")
    return result


def measure_set(args: argparse.Namespace, name: str, labels: Sequence[str]) -> dict[str, Any] | None:
    """Everything that is said and measured about one set; None when the split has no pictures."""
    with PictureSet(args.data, name) as opened, ExitStack() as stack:
        rules, split = opened.rules, args.split or opened.rules.split
        examples = opened.examples(split, rules.sample if args.limit is None else args.limit)
        if not examples:
            print(f"{name}: nothing in split {split}", file=sys.stderr)
            return None
        ours = {"system": OURS, "bundle": str(args.bundle or "")}
        wanted = {ROWS[reader]: ours | {"reader": reader} for reader in args.readers}
        pattern = args.pattern or rules.pattern_for(labels)
        if not pattern and rules.own_patterns:
            pattern = OWN
            wanted[WITH_PATTERN] = ours | {"own_patterns": True}
        elif pattern:
            wanted[WITH_PATTERN] = ours | {"pattern": pattern}
        wanted |= {name: {"system": name, "python": args.peers_python} for name in args.peers}
        runs = read_all(open_all(wanted, stack), examples, rules.layout)
    print(f"{name}: {len(examples)} pictures done", file=sys.stderr)
    systems = [summary(run, rules, labels) for run in runs]
    return {"set": name, "split": split, "rules": asdict(rules), "pattern": pattern, "systems": systems}


def read_all(workers: dict[str, Worker], examples: Sequence[Example], layout: str) -> list[Run]:
    """Have every system read every picture, in turns; the first picture once more before anything counts."""
    runs = [Run(name, worker.about) for name, worker in workers.items()]
    for example in examples:
        try:
            image = pictures.load(example.path)
        except CaptureError as error:
            print(f"{example.name}: left out: {error}", file=sys.stderr)
            continue
        for run in list(runs):
            known = {"pattern": example.pattern, "check": example.check}
            try:
                if not run.read:
                    workers[run.system].read(image, layout, **known)
                answer = workers[run.system].read(image, layout, **known)
            except UnavailableError as error:
                print(f"{example.name}: {run.system} is left out of this set: {error}", file=sys.stderr)
                runs.remove(run)
            else:
                run.read.append((example, answer))
                if answer.error:
                    print(f"{example.name}: {run.system} failed: {answer.error}", file=sys.stderr)
    return runs


if __name__ == "__main__":
    sys.exit(main())
