"""The ``ocr-train`` command: arguments in, exit code out."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from ocr_edge import __version__
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_train.commands import evaluate, fit, inspect, prepare, summary, suspects, tune

_LOGGER = logging.getLogger(__name__)

COMMANDS = (summary, prepare, inspect, suspects, fit, tune, evaluate)
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell reports for a process ended by Ctrl-C, and by writing to ``head`` after ``head`` has gone."""

EPILOG = """exit codes: 0 fine, 1 nothing gained by tuning, 2 wrong usage, recipe or data, 3 a model or bundle that
cannot be used, 130 stopped by Ctrl-C"""


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
    _configure_logging(logging.DEBUG if args.verbose else logging.INFO)
    try:
        code = int(args.run(args))
        sys.stdout.flush()  # A reader that went away shows here and not at the interpreter's end.
        return code
    except OcrEdgeError as error:
        _LOGGER.error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is None:
            raise
        # A full disk, a folder that may not be written to: loaders name their own errors, this is the rest.
        _LOGGER.error("%s: %s", error.filename, error.strerror)
        return ConfigError.exit_code
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ocr_"):
            raise
        _LOGGER.error("%s is not installed; pip install 'ocr-edge[train]'", error.name)
        return ConfigError.exit_code


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = argparse.ArgumentParser(
        prog="ocr-train", description="Make data, train networks and measure them.", epilog=EPILOG
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = result.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return result


class _OneLine(logging.Formatter):
    """One record, one line, although a file name may hold line breaks; progress stands without its level."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        text = record.message if record.levelno == logging.INFO else f"{record.levelname}: {record.message}"
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _configure_logging(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    for name in ("ocr_train", "ocr_edge"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
