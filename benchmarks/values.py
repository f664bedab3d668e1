"""Numbers on the wall: how many are right, and how many wrong ones are believed.

    python benchmarks/values.py [--photos DATA_DIR] [--split test] [--json out.json]

Each thing is shown in five frames to the daemon's own scene, with the default settings: 300 drawn displays
(``lib/drawn/displays.py``), each the whole picture, with a number format; with ``--photos`` the photographs of
``field_photos``, a region for each value (``lib/field_corners.json``): a format for numbers, ``rolling`` for counters
of wheels, the set's pattern for texts. *Right* is what was said and is true; *wrong* is what was said and is not, which
is worse than silence.
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
from ocr_edge.config.settings import Config, Region, SourceSettings, Value
from ocr_edge.daemon import region_setup, scene
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
    # The daemon's limits of time would measure how busy this machine is.
    region_setup.READ_LIMIT_S = scene.FRAME_LIMIT_S = math.inf
    try:
        bundle = bundles.load(args.bundle) if args.bundle else bundles.load()
        cases: Iterable[Case] = (
            photographs(args.photos, args.split, args.min_lead, whole=args.whole, rolling=not args.plain)
            if args.photos
            else drawn(args.count, args.seed, args.min_lead)
        )
        rows = []
        for case in cases:
            rows += (more := shown(case, bundle))
            if args.verbose:
                print(*more, sep="\n", file=sys.stderr, flush=True)
    except (SetError, OcrEdgeError) as error:
        print(f"values.py: {error}", file=sys.stderr)
        return USAGE
    facts = machine() | {
        "pictures": f"field_photos, {args.split}{', whole pictures' * args.whole}"
        if args.photos
        else f"{len(rows)} drawn, seed {args.seed}",
        "min_lead": f"{args.min_lead:g}",
        "bundle": bundle.manifest.name,
    }
    if args.photos:
        facts["rolling"] = "off" if args.plain or args.whole else "up"
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
    add("--whole", action="store_true", help="one region that is the whole picture, instead of one a value")
    add("--plain", action="store_true", help="read counters of wheels as any number, without 'rolling'")
    add("--min-lead", type=float, default=Value().min_lead, help="default: that of the daemon")
    add("--json", type=Path, metavar="FILE", help="every picture, what was said and how sure it was")
    add("--verbose", action="store_true", help="a line on stderr for each picture")
    return result


def shown(case: Case, bundle: Bundle) -> list[dict[str, Any]]:
    """What the daemon says of a case: a row of the JSON for each region."""
    daemon = scene.Scene(Config(source=SourceSettings(url="file:x"), region=case.regions), bundle, Counters())
    said: dict[str, list[Reading]] = {region.name: [] for region in case.regions}
    for number, image in enumerate(case.frames):
        for reading in daemon.look(Frame(image, 0.0, START + number * INTERVAL_S, case.name)):
            said[reading.region].append(reading)
    rows = []
    for region, values in zip(case.regions, case.values, strict=True):
        readings = said[region.name]
        believed = [reading for reading in readings if not reading.why]
        last = readings[-1] if readings else None
        doubt = last.lines[0].doubt if last and len(last.lines) == 1 else None
        rows.append(
            {
                "file": case.name,
                "kind": case.kind,
                "format": region.value.format if region.value else region.pattern,
                "values": list(values),
                "said": [reading.raw or reading.text for reading in readings],
                "believed": [_believed(reading) for reading in believed],
                "fate": fate(region, values, believed),
                "why": last.why if last else daemon.problems.get(f"region {region.name}", ""),
                "confidence": round(last.confidence, 4) if last and last.lines else None,
                "lead": round(doubt.lead, 2) if doubt and math.isfinite(doubt.lead) else None,
            }
        )
    return rows


def fate(region: Region, values: Sequence[float | str], believed: Sequence[Reading]) -> str:
    """``right``, ``wrong`` or ``silent``: one wrong value makes all wrong."""
    if region.value:
        numbers = {reading.value for reading in believed}
        return "silent" if not numbers else "right" if numbers == set(values) else "wrong"
    # A plate of two rows is one value.
    lines = {line for reading in believed for line in (*_lines(reading), "".join(_lines(reading)))}
    if set(map(str, values)) <= lines:
        return "right"
    missing = [str(value) for value in values if str(value) not in lines]
    others = lines - set(map(str, values))
    if any(edit_distance(value, line) <= ALIKE * len(value) for value in missing for line in others):
        return "wrong"
    return "silent"


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
