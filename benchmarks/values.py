"""Numbers on the wall: how many are right, and how many wrong ones are believed.

    python benchmarks/values.py [--photos DATA_DIR] [--split test] [--json out.json]

Each thing is shown in five frames to the daemon's own scene of one region that is the whole picture, with the default
settings: 300 drawn displays (``lib/drawn/displays.py``) with a number format each; with ``--photos`` the photographs
of ``field_photos``, with a format where one number is shown and with a pattern where it is a text. *Right* is what was
said and is true; *wrong* is what was said and is not, which is worse than silence.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lib.drawn.displays import COUNT, SEED
from lib.picture_sets import SetError
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import edit_distance, wilson
from lib.value_cases import Case, drawn, photographs
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.load import Bundle
from ocr_edge.config.settings import Config, SourceSettings, Value
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import OcrEdgeError
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

USAGE = 2
INTERVAL_S = 0.5
"""Seconds between frames, as the daemon's default has it."""
START = 1_000.0
"""``time.monotonic`` of the first frame."""
ALIKE = 0.5
"""Share of a text's characters that may differ in a line that is said in its place; another line is another text."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    try:
        bundle = bundles.load(args.bundle) if args.bundle else bundles.load()
        cases: Iterable[Case] = (
            photographs(args.photos, args.split, args.min_lead)
            if args.photos
            else drawn(args.count, args.seed, args.min_lead)
        )
        rows = []
        for case in cases:
            rows.append(row := shown(case, bundle))
            if args.verbose:
                print(row, file=sys.stderr, flush=True)
    except (SetError, OcrEdgeError) as error:
        print(f"values.py: {error}", file=sys.stderr)
        return USAGE
    facts = machine() | {
        "pictures": f"field_photos, {args.split}" if args.photos else f"{len(rows)} drawn, seed {args.seed}",
        "min_lead": f"{args.min_lead:g}",
        "bundle": bundle.manifest.name,
    }
    text = f"{header(facts, {})}\n\n{by_kind(rows)}\n"
    print(text, end="")
    save(args.json, {"machine": facts, "rows": rows})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--count", type=int, default=COUNT, metavar="N", help=f"displays to draw (default: {COUNT})")
    add("--seed", type=int, default=SEED, help=f"another seed is another set (default: {SEED})")
    add("--photos", type=Path, metavar="DATA_DIR", help="read field_photos of this folder instead")
    add("--split", default="test", help="of field_photos (default: test; validation chose the constants)")
    add("--min-lead", type=float, default=Value().min_lead, help="default: that of the daemon")
    add("--json", type=Path, metavar="FILE", help="every picture, what was said and how sure it was")
    add("--verbose", action="store_true", help="a line on stderr for each picture")
    return result


def shown(case: Case, bundle: Bundle) -> dict[str, Any]:
    """What the daemon says of a case: a row of the JSON."""
    config = Config(source=SourceSettings(url="file:x"), region=(case.region,))
    scene = Scene(config, bundle, Counters())
    said: list[Reading] = []
    for number, image in enumerate(case.frames):
        said += scene.look(Frame(image, 0.0, START + number * INTERVAL_S, case.name))
    last = said[-1] if said else None
    believed = [reading for reading in said if not reading.why]
    doubt = last.lines[0].doubt if last and len(last.lines) == 1 else None
    return {
        "file": case.name,
        "kind": case.kind,
        "format": case.region.value.format if case.region.value else case.region.pattern,
        "values": list(case.values),
        "said": [reading.raw or reading.text for reading in said],
        "believed": [_believed(reading) for reading in believed],
        "fate": fate(case, believed),
        "why": last.why if last else "; ".join(scene.problems.values()),
        "confidence": round(last.confidence, 4) if last and last.lines else None,
        "lead": round(doubt.lead, 2) if doubt and math.isfinite(doubt.lead) else None,
        "leftover": doubt.leftover if doubt else None,
    }


def fate(case: Case, believed: Sequence[Reading]) -> str:
    """``right``, ``wrong`` or ``silent``: one wrong value makes a case wrong."""
    if case.region.value:
        values = {reading.value for reading in believed}
        return "silent" if not values else "right" if values == set(case.values) else "wrong"
    lines = {line for reading in believed for line in _lines(reading)}
    missing = [str(value) for value in case.values if str(value) not in lines]
    others = lines - set(map(str, case.values))
    if any(edit_distance(value, line) <= ALIKE * len(value) for value in missing for line in others):
        return "wrong"
    return "silent" if missing else "right"


def _believed(reading: Reading) -> float | list[str]:
    return reading.value if reading.value is not None else _lines(reading)


def _lines(reading: Reading) -> list[str]:
    return ["".join(c for c in line.text if c.isalnum()) for line in reading.lines]


def by_kind(rows: Sequence[dict[str, Any]]) -> str:
    """Rates for each kind and all."""
    result = []
    for kind in [*dict.fromkeys(row["kind"] for row in rows), "all"]:
        fates = Counter(row["fate"] for row in rows if kind in (row["kind"], "all"))
        n = fates.total()
        cells = [
            cell
            for name in ("right", "wrong")
            for cell in (percent(fates[name] / n), interval(wilson(fates[name], n)))
        ]
        result.append([kind, str(n), *cells, percent(fates["silent"] / n)])
    return table(["shown", "n", "right", "95 %", "wrong, believed", "95 %", "silent"], result)


if __name__ == "__main__":
    sys.exit(main())
