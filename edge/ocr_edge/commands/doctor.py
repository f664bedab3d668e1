"""``ocr-edge doctor``: what is wrong with this machine, and what to type."""

import argparse
from pathlib import Path
from typing import Any

from ocr_edge.system.state_dir import SERVICE

SAID_NO = 1
CONFIG = SERVICE / "config.toml"

DESCRIPTION = """Look for what keeps ocr-edge from working here: Python and its packages, camera, power, disk, clock,
network, configuration and service. Nothing is changed. With sudo it sees more. The exit code is 1 when
something is wrong; 0 when nothing is, or when there are only warnings."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what is wrong with this machine, and what to type",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the configuration (default: {CONFIG} if it is there)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, not a table")
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine this machine and print what was found; 1 when something is wrong, else 0."""
    from ocr_edge.diagnose import examine  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.diagnose.probe import look  # noqa: PLC0415

    probe = look(args.config or _installed())
    findings = examine.show(examine.examine(probe, examine.MACHINE), json_wanted=args.json)
    return SAID_NO if any(finding.level == "error" for finding in findings) else 0


def _installed() -> Path | None:
    """The service's configuration, if it is there."""
    try:
        return CONFIG if CONFIG.exists() else None
    except OSError:  # the folder is closed to this user: reading the file will say so
        return CONFIG
