"""Readings as JSON, one object per line."""

from typing import TextIO

import msgspec

from ocr_edge.reading import Reading


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
