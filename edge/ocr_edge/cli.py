"""The ``ocr-edge`` command: arguments in, exit code out."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from ocr_edge import __version__
from ocr_edge.commands import bench, bundle, check, doctor, read, run
from ocr_edge.errors import OcrEdgeError, one_line

_LOGGER = logging.getLogger(__name__)

COMMANDS = (read, run, check, bundle, bench, doctor)
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell reports for a process ended by Ctrl-C, and by writing to ``head`` after ``head`` has gone."""

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
    args = parser().parse_args(_with_pattern(sys.argv[1:] if argv is None else argv))
    _configure_logging(logging.DEBUG if args.verbose else getattr(args, "level", logging.WARNING))
    try:
        return int(args.run(args))
    except OcrEdgeError as error:
        _LOGGER.error("%s", error)
        _drop_stdout_if_broken()
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout_if_broken()
        return PIPE_CLOSED


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = argparse.ArgumentParser(
        prog="ocr-edge", description="Read letters and digits in pictures.", epilog=EPILOG
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = result.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return result


def _with_pattern(argv: Sequence[str]) -> list[str]:
    """The arguments, a pattern that begins with a dash joined to its option: argparse takes it for another option."""
    result: list[str] = []
    for index, argument in enumerate(argv):
        if argument == "--":
            return [*result, *argv[index:]]
        if result and result[-1] == "--pattern" and argument.startswith("-") and not _is_option(argument):
            result[-1] = f"--pattern={argument}"
        else:
            result.append(argument)
    return result


def _is_option(argument: str) -> bool:
    """Whether an argument is an option, so that a pattern was forgotten before it."""
    return argument.startswith("--") or argument in {"-h", "-v"}


_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _OneLine(logging.Formatter):
    """One record, one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        text = super().formatMessage(record)
        if "JOURNAL_STREAM" in os.environ:  # the journal takes the level from a prefix, sd-daemon(3)
            text = f"<{_SYSLOG.get(record.levelno, 6)}>{record.getMessage()}"
        return one_line(text)


def _configure_logging(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s: %(message)s"))
    logger = logging.getLogger("ocr_edge")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def _drop_stdout_if_broken() -> None:
    """Forget what a broken stdout still buffers, or the interpreter would complain about it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
