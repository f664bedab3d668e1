"""The ``ocr-edge`` command: arguments in, exit code out."""

import argparse
import logging
import sys
from collections.abc import Sequence

from ocr_edge import __version__, program
from ocr_edge.commands import bench, bundle, check, doctor, init, read, regions, run, samples, status
from ocr_edge.system.arguments import Parser

COMMANDS = (read, init, regions, check, run, samples, bundle, status, bench, doctor)

DASHED = ("--pattern", "--number-format")
"""Options of which the value may begin with a dash, as a minus does."""

EPILOG = """exit codes: 0 fine, 1 said no (nothing read where something was demanded), 2 wrong usage or
configuration, 3 wrong bundle, 4 an input could not be read"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments after the program's name; None for those of the process.

    Returns:
        The exit code.

    Raises:
        SystemExit: After ``--help`` and ``--version``, and with code 2 for arguments that make no sense.
    """
    args = parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    level = logging.DEBUG if args.verbose else getattr(args, "level", logging.WARNING)
    return program.run(lambda: int(args.run(args)), level)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = Parser(
        prog="ocr-edge",
        description="Read text in pictures: letters, digits, punctuation and signs.",
        epilog=EPILOG,
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = result.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return result


def _joined(argv: Sequence[str]) -> list[str]:
    """The arguments; what begins with a dash is joined to its option: argparse takes it for another option."""
    result: list[str] = []
    for index, argument in enumerate(argv):
        if argument == "--":
            return [*result, *argv[index:]]
        if result and result[-1] in DASHED and argument.startswith("-") and not _is_option(argument):
            result[-1] += f"={argument}"
        else:
            result.append(argument)
    return result


def _is_option(argument: str) -> bool:
    """Whether an argument is an option, so that what the option before it demands was forgotten."""
    return argument.startswith("--") or argument in {"-h", "-v"}
