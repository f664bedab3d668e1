"""``ocr-edge doctor``: what is wrong with this machine, and what to type."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError
from ocr_edge.system.state_dir import SERVICE

if TYPE_CHECKING:
    from ocr_edge.diagnose.probe import Probe

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
    from ocr_edge.diagnose.check import as_json, table  # noqa: PLC0415

    checks = examine.examine(_probe(args.config), examine.CHECKS, tell=_tell)
    _tell("")
    print(as_json(checks) if args.json else table(checks))
    return SAID_NO if any(check.verdict == "fail" for check in checks) else 0


def _tell(name: str) -> None:
    """Show a person at a terminal what is looked at; some checks take a while."""
    if sys.stderr.isatty():
        print(f"\r\033[K{'looking at ' if name else ''}{name}", end="", file=sys.stderr, flush=True)


def _probe(path: Path | None) -> "Probe":
    """The machine with its configuration, whether that can be read or not."""
    from ocr_edge.diagnose.probe import Probe  # noqa: PLC0415 - see commands/__init__.py

    if path is None:
        try:
            path = CONFIG if CONFIG.exists() else None
        except OSError:  # the folder is closed to this user: reading the file will say so
            path = CONFIG
    if path is None:
        return Probe()
    try:
        from ocr_edge.config import load  # noqa: PLC0415 - msgspec may be what is broken

        return Probe(path, load(path))
    except (ConfigError, ImportError) as error:
        return Probe(path, None, str(error))
