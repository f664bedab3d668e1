"""``ocr-edge check``: proves configuration, bundle and receivers before the camera opens."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.commands.run import add_config
from ocr_edge.errors import ConfigError

if TYPE_CHECKING:
    from ocr_edge.diagnose.examine import Check

SAID_NO = 1

DESCRIPTION = """Prove a configuration without opening the camera: every key, the regions, marks and patterns, the
bundle with its self-test, the secrets, the folders that are written to, and whether the receivers answer.

A receiver that does not answer now is no reason not to start (exit 1): readings wait for it. A wrong
configuration (exit 2) or bundle (exit 3) is.

With --picture it also says what each region would say of that picture, or why it would say nothing (exit 1);
--draw shows where regions and marks lie in it."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "check",
        help="prove a configuration before the camera opens",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="P",
        help="try the regions on this picture, as the camera would give it",
    )
    parser.add_argument(
        "--draw", type=Path, metavar="OUT.png", help="draw regions and marks on it, and what they say"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, not a table")
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check everything, and print what was found.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        0 when all is well, else the exit code of the worst of what is wrong.

    Raises:
        ConfigError: The configuration file itself is wrong, or the drawing cannot be written.
        CaptureError: The picture cannot be read.
    """
    from ocr_edge.config import load  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.diagnose import examine  # noqa: PLC0415
    from ocr_edge.diagnose.probe import Probe, ourselves  # noqa: PLC0415

    if args.draw and not args.picture:
        raise ConfigError("--draw needs --picture, the picture that is drawn on")
    probe = Probe(args.config, load(args.config))
    if os.geteuid() != 0 or probe.unit.get("LoadState") != "loaded":  # who asks is who would run it
        probe.person = ourselves()
    checks: list[Check] = list(examine.CONFIGURATION)
    if args.picture:
        from ocr_edge.diagnose import picture  # noqa: PLC0415

        checks.append(picture.trial(args.picture, args.draw))
    findings = examine.show(examine.examine(probe, checks), json_wanted=args.json)
    code = max(finding.code for finding in findings)
    if code == SAID_NO and not args.json and any(finding.level == "error" for finding in findings):
        print("The daemon starts all the same, and waits for what is not there yet.")
    return code
