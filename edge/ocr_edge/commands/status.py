"""``ocr-edge status``: which bundle is active, and whether the regions still read as they did."""

import argparse
import datetime as dt
import json
from typing import Any

from ocr_edge.commands.options import folder, state_dir

SAID_NO = 1

DESCRIPTION = """Say which bundle is active, and of each region whether its days are still like its first four weeks:
sharpness, light, shift, how sure it is and how often it says nothing. What the running daemon does just now is said by
systemctl status ocr-edge. The exit code is 1 when it is time to act, else 0."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "status",
        help="say whether the regions still read as they did",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    state_dir(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object, not a table")
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it; 1 when it is time to act.

    Raises:
        ConfigError: The state folder is not there, or may not be looked into.
        PublishError: The days cannot be read.
    """
    from ocr_edge.bundles.installed import Installed  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.drift.journal import FILE_NAME, Journal  # noqa: PLC0415
    from ocr_edge.drift.report import report  # noqa: PLC0415

    state = folder(args)
    active = Installed(state).active()
    journal, today = Journal(state / FILE_NAME), dt.date.today()
    known = journal.regions() if journal.path.exists() else []
    reports = [report(region, journal.rows(region), today) for region in known]
    bundle = active.name if active else "shipped"
    if args.json:
        regions = [
            {"region": r.region, "act": r.act, "text": r.text}
            | {"shifts": {s.signal: round(s.strength, 2) for s in r.shifts}}
            for r in reports
        ]
        print(json.dumps({"bundle": bundle, "regions": regions}, indent=1))
    else:
        wide = max((len(r.region) for r in reports), default=6)
        print(f"{'bundle':<{wide}}  {bundle}")
        for each in reports:
            print(f"{each.region:<{wide}}  {each.text}")
        if not reports:
            print("Nothing is known of any day yet.")
    return SAID_NO if any(each.act for each in reports) else 0
