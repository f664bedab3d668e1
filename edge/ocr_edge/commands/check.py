"""``ocr-edge check``: proves configuration, bundle and receivers before the camera opens."""

import argparse
from typing import TYPE_CHECKING, Any

from ocr_edge.commands.run import add_config
from ocr_edge.errors import OcrEdgeError, one_line

if TYPE_CHECKING:
    from ocr_edge.daemon.build import Builder
    from ocr_edge.daemon.checks import Check

SAID_NO = 1

DESCRIPTION = """Prove a configuration without opening the camera: every key, the regions, marks and patterns, the
bundle with its self-test, the secrets, the folders that are written to, and whether the receivers answer.

A receiver that does not answer now is no reason not to start (exit 1): readings wait for it. A wrong
configuration (exit 2) or bundle (exit 3) is."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "check",
        help="prove a configuration before the camera opens",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check everything, and say each result on a line of its own.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        0 when all is well, else the exit code of the worst of what is wrong.

    Raises:
        ConfigError: The configuration file itself is wrong.
    """
    import msgspec  # noqa: PLC0415 - see commands/__init__.py

    from ocr_edge.config import load  # noqa: PLC0415
    from ocr_edge.daemon import checks  # noqa: PLC0415
    from ocr_edge.daemon.build import Builder  # noqa: PLC0415
    from ocr_edge.daemon.models import Models  # noqa: PLC0415
    from ocr_edge.system.counters import Counters  # noqa: PLC0415
    from ocr_edge.system.health import Health  # noqa: PLC0415
    from ocr_edge.system.state_dir import for_people, state_dir  # noqa: PLC0415

    config = load(args.config)
    config = msgspec.structs.replace(config, state_dir=config.state_dir or for_people())
    health = Health()
    builder = Builder(
        args.config, health, Counters(), Models(state_dir(config.state_dir), health, None), config
    )
    print(f"ok    {'configuration':14} {args.config}")
    worst = 0
    for name, check in checks.of(builder.config):
        worst = max(worst, _tell(name, check, builder))
    return worst


def _tell(name: str, check: "Check", builder: "Builder") -> int:
    """Run one check and print its line; the exit code it stands for."""
    code = 0
    try:
        verdict, what = "ok", check(builder)
    except OcrEdgeError as error:
        verdict, what, code = ("WRONG" if error.exit_code > SAID_NO else "away"), str(error), error.exit_code
    print(f"{verdict:5} {name:14} {one_line(what)}")
    return code
