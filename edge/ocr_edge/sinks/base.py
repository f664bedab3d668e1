"""What every sink has in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading

RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0
"""Seconds between two attempts at what is away: each is twice as long as the one before."""


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


@dataclass(frozen=True, slots=True)
class ReceiverStats:
    """What a receiver got since the start.

    Attributes:
        name: The receiver.
        queued: Readings that wait, those in the store included.
        delivered: Readings that the receiver has taken.
        dropped: Readings that it will never get: refused by it, or pushed out of a full queue.
        last_error: Why the last attempt failed; empty when it did not.
    """

    name: str
    queued: int = 0
    delivered: int = 0
    dropped: int = 0
    last_error: str = ""


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
