"""Readings as plain text."""

from typing import TextIO

from ocr_edge.reading import Reading
from ocr_edge.sinks.base import printable


class TextSink:
    """Writes the text alone, or, as ``grep`` does for several files, the source before each line.

    A reading without text writes nothing alone, and ``source:`` with nothing after it among several, so that
    no source is silently missing.

    Attributes:
        stream: Where the lines go.
        named: Whether ``source: `` precedes each line.
    """

    def __init__(self, stream: TextIO, *, named: bool = False) -> None:
        self.stream = stream
        self.named = named

    def publish(self, reading: Reading) -> None:
        """Write one reading, a line for each line read."""
        lines = reading.text.splitlines()
        if self.named:
            source = printable(reading.source)
            lines = [f"{source}: {line}" for line in lines] or [f"{source}:"]
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to finish."""
