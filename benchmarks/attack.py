"""Inputs made wrong, thousands of them: pictures, configurations, bundles, networks.

    python benchmarks/attack.py pictures --seeds 10000
    python benchmarks/attack.py configurations --seeds 200 --start 5000

Each seed makes one input (``tests/attack/KIND.py``), which is handed to the program as a user would. It must be taken,
or refused in one clear line with a documented exit code: no traceback, no crash, no more than 10 s and 500 MB.
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import ocr_edge  # noqa: F401 - before anything else loads OpenCV, which reads our settings then
from lib.report import header, machine, table

ROOT = Path(__file__).resolve().parents[1]

SHOWN = 160
"""Characters of a failure in the table."""
PACE_S = 1.0
"""Seconds between two lines of progress."""
COLUMNS = ("kind", "inputs", "read", "refused", "failures", "s", "first of each failure, with its seed")
USAGE, FAILED = 2, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the attack; 0 when every input was handled well, 1 when one was not, 2 for a kind that is not there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", metavar="KIND", nargs="?", default="", help=f"one of: {', '.join(kinds())}")
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="inputs (default: %(default)s)")
    parser.add_argument("--start", type=int, default=0, metavar="S", help="first seed (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the inputs that failed here")
    args = parser.parse_args(argv)
    if args.kind not in kinds():
        what = f"{args.kind}: no such kind" if args.kind else "which kind?"
        print(f"attack.py: {what}; there are {', '.join(kinds())}", file=sys.stderr)
        return USAGE
    sys.path.insert(0, str(ROOT))
    module = importlib.import_module(f"tests.attack.{args.kind}")
    outcomes: Counter[str] = getattr(module, "OUTCOMES", Counter())
    before, began = Counter(outcomes), time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        failures = run(module.attack, range(args.start, args.start + args.seeds), folder)
    seconds, known = time.monotonic() - began, outcomes - before
    read = sum(known.values()) - known["refused"] - known["failed"]
    row = [
        args.kind,
        str(args.seeds),
        *((str(read), str(known["refused"])) if known else ("?", "?")),
        str(len(failures)),
        f"{seconds:.0f}",
        "; ".join(f"{seed}: {what[:SHOWN]}" for what, seed in firsts(failures).items()) or "-",
    ]
    print(f"{header(machine(), {})}\n\n{table(COLUMNS, [row])}")
    return FAILED if failures else 0


def kinds() -> list[str]:
    """The names of what can be attacked: the modules that define ``attack``."""
    paths = sorted((ROOT / "tests" / "attack").glob("*.py"))
    return [path.stem for path in paths if "\ndef attack(" in path.read_text("utf-8")]


def run(attack: Callable[[int, Path], str | None], seeds: range, folder: Path) -> dict[int, str]:
    """Attack with every seed, each in a folder of its own; those that failed and how, also said on stderr at once."""
    failures: dict[int, str] = {}
    told = time.monotonic()
    for count, seed in enumerate(seeds, 1):
        own = folder / str(seed)
        own.mkdir(exist_ok=True)
        what = attack(seed, own)
        if what is None:
            shutil.rmtree(own)
        else:
            failures[seed] = what
            print(f"\rseed {seed}: {what}", file=sys.stderr)
        if time.monotonic() - told > PACE_S or count == len(seeds):
            told = time.monotonic()
            end = "\n" if count == len(seeds) else ""
            print(
                f"\r{count} of {len(seeds)}, {len(failures)} failures", end=end, file=sys.stderr, flush=True
            )
    return failures


def firsts(failures: dict[int, str]) -> dict[str, int]:
    """Each failure once, with the first seed that showed it; numbers in it do not make it another one."""
    seen: dict[str, tuple[str, int]] = {}
    for seed, what in failures.items():
        seen.setdefault("".join(c for c in what if not c.isdigit()), (what, seed))
    return dict(seen.values())


if __name__ == "__main__":
    sys.exit(main())
