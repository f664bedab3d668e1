"""Time and memory on random, adversarial and huge pictures, against a stated budget.

    python benchmarks/hostile.py --json out.json

Each picture is read once in a fresh process, with the limit that the program sets. Time is from pixels to text; memory
is the most the process ever held, Python and libraries included, less the picture's own bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.drawn import adversaries
from lib.report import header, machine, save, table
from lib.systems import UnavailableError
from lib.systems.processes import Worker
from ocr_edge.daemon.region_setup import READ_LIMIT_S

BUDGET_S = 4.0
"""Most seconds of one reading on this machine."""
BUDGET_MIB = 200.0
"""Most memory of a reading, without the picture's own."""
HUGE_PIXELS, BUDGET_HUGE_MIB = 50_000_000, 400.0
"""From so many pixels on, the budget is this."""
PATIENCE_S = 120.0
"""Seconds after which a reading is given up."""
SHOWN = 24
COLUMNS = ("picture", "rows x columns", "s", "peak MiB", "less picture", "of budget", "says")
OVER = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What one reading cost.

    Attributes:
        name: The picture's name.
        size: Its rows and columns.
        s: Seconds from pixels to text; ``PATIENCE_S`` where it was given up.
        peak_mib: Most memory of the process, MiB.
        said: The text.
        error: Why it failed; empty when it did not.
    """

    name: str
    size: tuple[int, int]
    s: float
    peak_mib: float
    said: str
    error: str

    @property
    def own_mib(self) -> float:
        """Memory less that of the picture."""
        return self.peak_mib - 3 * self.size[0] * self.size[1] / 2**20

    @property
    def of_budget(self) -> float:
        """The larger share of time and memory that was used; above 1 it was too much."""
        huge = self.size[0] * self.size[1] >= HUGE_PIXELS
        return max(self.s / BUDGET_S, self.own_mib / (BUDGET_HUGE_MIB if huge else BUDGET_MIB))

    @property
    def is_within(self) -> bool:
        """Whether it ended well and within the budget."""
        return not self.error and self.of_budget <= 1

    def row(self) -> list[str]:
        """A line of the table."""
        said = " ".join(self.said.split())
        shown = f"`{said[:SHOWN]}`" + (f"… ({len(said)})" if len(said) > SHOWN else "") if said else "nothing"
        costs = [
            f"{self.s:.2f}",
            f"{self.peak_mib:.0f}",
            f"{self.own_mib:.0f}",
            f"{100 * self.of_budget:.0f} %",
        ]
        return [self.name, f"{self.size[0]}x{self.size[1]}", *costs, self.error or shown]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    budget = (
        f"{BUDGET_S:g} s; {BUDGET_MIB:g} MiB, from {HUGE_PIXELS // 10**6} megapixels {BUDGET_HUGE_MIB:g} MiB"
    )
    limit = f"{args.limit_s:g} s" if args.limit_s else "none"
    facts = machine() | {"budget": budget, "limit of a reading": limit}
    names = [name for name in adversaries.PICTURES if args.only in name]
    costs: list[Cost] = []
    about: dict[str, dict[str, Any]] = {}
    for name in names:
        cost, parts = measure(name, args)
        about |= {"ocr-edge": parts} if parts else {}
        costs.append(cost)
        print(f"{name}: {cost.s:.2f} s, {cost.own_mib:.0f} MiB", file=sys.stderr)
    within = sum(cost.is_within for cost in costs)
    rows = table(COLUMNS, [cost.row() for cost in costs])
    text = f"{header(facts, about)}\n\n{rows}\n\n{within} of {len(costs)} within the budget.\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": about, "costs": [asdict(cost) for cost in costs]})
    return 0 if within == len(costs) else OVER


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--only", default="", metavar="TEXT", help="pictures whose name holds this")
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--limit-s", type=float, default=READ_LIMIT_S, metavar="S", help="0 for none (default: the daemon's)")
    add("--json", type=Path, metavar="FILE", help="every number and what was said")
    add("--markdown", type=Path, metavar="FILE", help="the table that is printed")
    return result


def measure(name: str, args: argparse.Namespace) -> tuple[Cost, dict[str, Any]]:
    """Read one picture in a fresh process; its cost, and what the reader is."""
    image = adversaries.PICTURES[name]()
    size = (image.shape[0], image.shape[1])
    about: dict[str, Any] = {}
    try:
        with Worker("ocr-edge", bundle=str(args.bundle or ""), limit_s=args.limit_s or None) as worker:
            about = worker.about
            answer = worker.read(image, "photo", PATIENCE_S)
    except UnavailableError as error:
        return Cost(name, size, PATIENCE_S, float("nan"), "", str(error)), about
    return Cost(name, size, answer.ms / 1000, answer.peak_mib, answer.text, answer.error), about


if __name__ == "__main__":
    sys.exit(main())
