"""What several commands share: arguments, labels, and Keras without its chatter."""

import argparse
import importlib
import os
from collections.abc import Sequence
from typing import Any

from ocr_edge import program
from ocr_edge.errors import ConfigError

BACKENDS = ("tensorflow", "torch", "jax")


def add_parser(subparsers: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """Add a command with ``--verbose``.

    Args:
        subparsers: What the program's or a command's ``add_subparsers`` gave.
        name: The command.
        summary: Its line in the list of commands.
        description: What its own ``--help`` says, laid out as it stands.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, help=summary, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    return parser


def label_texts(order: str) -> tuple[str, ...]:
    """The labels of ``--labels``.

    Raises:
        ConfigError: They make no sense.
    """
    from ocr_edge.contract import labels  # noqa: PLC0415 - see commands/__init__.py

    try:
        return labels.parse(order)
    except ValueError as error:
        raise ConfigError(f"--labels: {error}") from error


def load_keras() -> Any:
    """Import Keras with the backend that ``KERAS_BACKEND`` names, TensorFlow by default.

    Raises:
        ConfigError: There is no such backend.
        ModuleNotFoundError: Keras or the backend is not installed.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in BACKENDS:
        raise ConfigError(f"KERAS_BACKEND is {backend!r}, expected one of {', '.join(BACKENDS)}")
    with program.quietly():  # TensorFlow announces its CPU kernels before any log level is in force.
        return importlib.import_module("keras")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def count(text: str) -> int:
    """An argument that must be a whole number, at least 1."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def natural(text: str) -> int:
    """An argument that must be a whole number, at least 0."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


# argparse puts these names into "invalid ... value: 'x'".
count.__name__, natural.__name__ = "a whole number from 1", "a whole number from 0"
