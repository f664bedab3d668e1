"""Readings as JSON, one object per line."""

from typing import TextIO

import msgspec

from ocr_edge.reading import Reading
from ocr_edge.sinks.base import decodable


class JsonSink:
    """Writes the published form of each reading (``Reading.as_dict``) on a line of its own.

    Attributes:
        stream: Where the lines go; its encoding should be UTF-8.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def publish(self, reading: Reading) -> None:
        """Write one reading as one line."""
        values = reading.as_dict() | {"source": decodable(reading.source)}
        self.stream.write(msgspec.json.encode(values).decode() + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to finish."""
