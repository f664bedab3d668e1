"""The ``ocr-train`` command: arguments in, exit code out."""

import argparse
import logging
from collections.abc import Sequence

from ocr_edge import __version__, program
from ocr_edge.system.arguments import Parser
from ocr_train.commands import evaluate, fit, inspect, prepare, summary, suspects, tune

COMMANDS = (summary, prepare, inspect, suspects, fit, tune, evaluate)

EPILOG = """exit codes: 0 fine, 1 nothing gained by tuning or a new class not learned, 2 wrong usage, recipe
or data, 3 a model or bundle that cannot be used, 130 stopped by Ctrl-C"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments after the program's name; None for those of the process.

    Returns:
        The exit code.

    Raises:
        SystemExit: After ``--help`` and ``--version``, and with code 2 for arguments that make no sense.
    """
    args = parser().parse_args(argv)
    level = logging.DEBUG if args.verbose else logging.INFO
    return program.run(lambda: int(args.run(args)), level, workstation=True)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = Parser(
        prog="ocr-train", description="Make data, train networks and measure them.", epilog=EPILOG
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = result.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return result
