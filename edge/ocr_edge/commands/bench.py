"""``ocr-edge bench``: how fast the bundles are on this machine, and with how many threads."""

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

DESCRIPTION = """Measure the bundles that ship with the program, or others, on this machine: milliseconds for one
character, frames per second, memory, load time. It says how many threads to configure. Stop other programs first."""

QUIET_S = 2.0
"""Until the first line: what is done by then needs none."""
EVERY_S = 10.0
"""Between lines where nobody watches: a log."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "bench",
        help="measure how fast the bundles are here, and pick the number of threads",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--bundle",
        action="extend",
        nargs="+",
        type=Path,
        metavar="NAME|PATH",
        help="names of shipped bundles, or bundles' folders (default: all that ship)",
    )
    parser.add_argument(
        "--threads",
        type=_counts,
        metavar="N,N",
        help="CPU threads to try (default: 1 to the cores, at most 4)",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=3.0,
        metavar="S",
        help="to measure each bundle with each number of threads; at least 3 frames are read (default: 3)",
    )
    parser.add_argument(
        "--picture",
        default="",
        metavar="FILE",
        help="picture to read, or: drawn (default: examples/page.png in a checkout, else drawn)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, not tables")
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        0.

    Raises:
        ModelError: A bundle is not there, is wrong, or fails its self-test here.
        CaptureError: The picture cannot be read, or has no text.
    """
    from ocr_edge.bench import machine, measure, picture, report, start  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.bundles.builtin import named, shipped_names  # noqa: PLC0415
    from ocr_edge.diagnose.probe import Probe  # noqa: PLC0415

    wanted = {str(path): named(path) for path in args.bundle or map(Path, shipped_names())}
    threads = args.threads or range(1, min(machine.cores(), 4) + 1)
    name, image = picture.chosen(args.picture)
    progress = Progress("measuring")
    try:
        probe = Probe()
        cells = measure.open_cells(wanted, threads)
        facts = machine.facts(cells[0].bundle.runtime, probe)
        starts = {given: start.measure(path, args.picture) for given, path in wanted.items()}
        before = machine.temperature(probe)
        measure.run(cells, name, image, args.seconds, progress.tell)
    finally:
        progress.done()
    found = report.results(cells, starts)
    measured = {
        "machine": facts,
        "temperature": {"before": before, "after": machine.temperature(probe)},
        "notes": machine.notes(probe, facts["load_before"]) + report.restless(found),
        "picture": {"name": name, "width": image.shape[1], "height": image.shape[0]},
        "bundles": found,
    }
    print(json.dumps(measured, indent=1, ensure_ascii=False) if args.json else report.text(measured))
    return 0


class Progress:
    """Says how far it is: one line that is rewritten on a terminal, else a line now and then.

    Args:
        what: What is going on.
    """

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, False
        self._next = time.monotonic() + QUIET_S
        self._terminal = sys.stderr.isatty()

    def tell(self, share: float) -> None:
        """Say that a share, 0 to 1, is done."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else EVERY_S)
        self._shown = True
        line = f"{self._what}: {share:.0%}"
        print(
            f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )
        sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._shown and self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _counts(text: str) -> tuple[int, ...]:
    values = sorted({int(word) for word in text.split(",")})
    if not 1 <= values[0] <= values[-1] <= 64:
        raise ValueError
    return tuple(values)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError
    return value


# What a wrong value is told that was expected.
_counts.__name__, _seconds.__name__ = "whole numbers from 1 to 64, such as 1,2", "seconds, above 0"
