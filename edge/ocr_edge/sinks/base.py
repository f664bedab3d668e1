"""What every sink has in common."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading
from ocr_edge.system.health import State


class Sink(Protocol):
    """Takes readings, one after the other."""

    def publish(self, reading: Reading) -> None:
        """Pass one reading on; it is out of our hands (flushed, acknowledged) when this returns.

        Raises:
            PublishError: The receiver did not take it now; the daemon offers it again.
            ConfigError: It cannot be written; ``read`` ends.
        """

    def close(self) -> None:
        """Finish what readings were written into; the stream itself stays its owner's."""


class StateSink(Sink, Protocol):
    """A sink that also wants to know how the daemon is."""

    def report(self, state: State) -> None:
        """Pass on how the daemon is; the errors of ``publish``."""


@contextmanager
def writing(target: object) -> Iterator[None]:
    """Turn what goes wrong while writing into one clear line.

    Args:
        target: The name of what is written to.

    Raises:
        ConfigError: The disk is full, the folder may not be written to, and the like.
        BrokenPipeError: The reader of our output went away, which is no mistake.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror or error}") from error


def printable(text: str) -> str:
    r"""The text on one line: control characters become escapes such as ``\n`` and ``\x1b``."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def give_up_stdout() -> None:
    """Let whatever is still buffered for a broken stdout vanish, so that the interpreter ends in silence."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
