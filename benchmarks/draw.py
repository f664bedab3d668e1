"""The pictures of the documentation, from what other commands saved with ``--json``; nothing is measured.

    python benchmarks/draw.py accuracy-time out.json --out docs/accuracy-time.png

``accuracy-time`` draws what ``pictures.py`` saved, and puts several files together; ``coverage`` is of
``confidence.py``, ``networks`` and ``network-sources`` are of ``networks.py``, ``sequence`` is of ``sequence.py``,
``soak`` of ``soak.py``.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lib.plots import accuracy_time, coverage, network_accuracy, sequence_accuracy, soak_curves
from lib.systems import UnavailableError

MANY = "accuracy-time"
"""The one kind that is drawn from several files: picture sets are often read one a run."""
KINDS: dict[str, Callable[[list[Any], Path], None]] = {
    MANY: lambda saved, path: accuracy_time.draw(accuracy_time.together(saved), path),
    "coverage": lambda saved, path: coverage.draw(saved[0], path),
    "networks": lambda saved, path: network_accuracy.draw(saved[0]["networks"], path),
    "network-sources": lambda saved, path: network_accuracy.draw_sources(saved[0]["networks"], path),
    "sequence": lambda saved, path: sequence_accuracy.draw(saved[0], path),
    "soak": lambda saved, path: soak_curves.draw(saved[0], path),
}
USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Draw from files; the exit code."""
    command = parser()
    args = command.parse_args(argv)
    if len(args.json) > 1 and args.kind != MANY:
        command.error(f"{args.kind}: is drawn from one file, found {len(args.json)}")
    try:
        KINDS[args.kind]([json.loads(file.read_text("utf-8")) for file in args.json], args.out)
    except (OSError, UnavailableError) as error:
        print(f"draw.py: {error}", file=sys.stderr)
        return USAGE
    except (ValueError, KeyError, TypeError) as error:
        print(f"draw.py: {args.json[0]}: not what {args.kind} is drawn from: {error!r}", file=sys.stderr)
        return USAGE
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("kind", choices=KINDS)
    result.add_argument("json", type=Path, nargs="+", metavar="JSON")
    result.add_argument("--out", type=Path, required=True, metavar="PNG")
    return result


if __name__ == "__main__":
    sys.exit(main())
