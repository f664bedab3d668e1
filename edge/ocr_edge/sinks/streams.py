"""Sinks by the name of their format, on stdout or in one file per input; plain text and JSON themselves."""

import io
import sys
from pathlib import Path
from typing import TextIO

import msgspec

from ocr_edge.reading import Reading
from ocr_edge.sinks.base import Sink, printable, writing
from ocr_edge.sinks.xml import XmlSink

ENDINGS = {"text": ".txt", "json": ".json", "xml": ".xml"}
"""Of the files that ``--out`` writes."""


class TextSink:
    """Writes the text alone, or, as ``grep`` does for several files, the source before each line.

    A reading without text writes nothing alone, and ``source:`` with nothing after it among several, so that
    no source is silently missing.

    Attributes:
        stream: Where the lines go.
        named: Whether ``source: `` precedes each line.
        sure: Whether a tab and the line's confidence follow it.
    """

    def __init__(self, stream: TextIO, *, named: bool = False, sure: bool = False) -> None:
        self.stream = stream
        self.named, self.sure = named, sure

    def publish(self, reading: Reading) -> None:
        """Write one reading, a line for each line read; of a number its value."""
        said = [(line.text, line.confidence) for line in reading.lines]
        if reading.value is not None:
            said = [(f"{reading.value:.15g}", reading.confidence)]
        lines = [f"{text}\t{confidence:.2f}" if self.sure else text for text, confidence in said]
        if self.named:
            source = printable(reading.source)
            lines = [f"{source}: {line}" for line in lines] or [f"{source}:"]
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to finish."""


class JsonSink:
    """Writes the published form of each reading (``Reading.as_dict``) on a line of its own.

    Attributes:
        stream: Where the lines go; its encoding should be UTF-8.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def publish(self, reading: Reading) -> None:
        """Write one reading as one line."""
        self.stream.write(msgspec.json.encode(reading.as_dict()).decode() + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to finish."""


def make(form: str, stream: TextIO, *, named: bool = False, sure: bool = False) -> Sink:
    """The sink of a format.

    Args:
        form: ``text``, ``json`` or ``xml``.
        stream: Where it writes.
        named: Text only: the source precedes each line.
        sure: Text only: the confidence follows it.

    Raises:
        ValueError: There is no such format.
    """
    if form == "text":
        return TextSink(stream, named=named, sure=sure)
    if form == "json":
        return JsonSink(stream)
    if form == "xml":
        return XmlSink(stream)
    raise ValueError(f"format {form!r}: expected one of {', '.join(ENDINGS)}")


class StdoutSink:
    """A format on stdout. JSON is UTF-8 whatever the locale; text that the locale lacks is escaped."""

    def __init__(self, form: str, *, named: bool = False, sure: bool = False) -> None:
        stream = sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if form == "json" else None, errors="backslashreplace")
        # A process started with stdout closed has None here: it is run for its files.
        self._sink = make(form, stream or io.StringIO(), named=named, sure=sure)

    def publish(self, reading: Reading) -> None:
        """Write one reading."""
        with writing("standard output"):
            self._sink.publish(reading)

    def close(self) -> None:
        """End the document."""
        with writing("standard output"):
            self._sink.close()


class NoSink:
    """Nowhere."""

    def publish(self, reading: Reading) -> None:
        """Forget the reading."""

    def close(self) -> None:
        """Nothing is left to finish."""


class FileSink:
    """A format in a file of its own, which appears with the first reading.

    Attributes:
        path: The file; one that exists is replaced.
    """

    def __init__(self, form: str, path: Path, *, named: bool = False, sure: bool = False) -> None:
        self.path = path
        self._form = form
        self._named, self._sure = named, sure
        self._stream: TextIO | None = None
        self._sink: Sink | None = None

    def publish(self, reading: Reading) -> None:
        """Write one reading."""
        with writing(self.path):
            if self._sink is None:
                self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
                self._sink = make(self._form, self._stream, named=self._named, sure=self._sure)
            self._sink.publish(reading)

    def close(self) -> None:
        """End the document and close the file; nothing to do when nothing was published."""
        if self._stream is None or self._sink is None:
            return
        with writing(self.path):
            try:
                self._sink.close()
            finally:
                self._stream.close()
