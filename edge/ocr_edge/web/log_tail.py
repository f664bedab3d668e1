"""The newest lines of the log, kept in memory for the page."""

import logging
from collections import deque

from ocr_edge.errors import one_line

LINES = 200
"""Lines that are kept: an hour of trouble, and 200 kB of memory at most."""


class LogTail(logging.Handler):
    """Keeps what the program logs; ``with`` begins and ends it.

    Attributes:
        lines: ``{"time", "level", "text"}`` of each, oldest first.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: deque[dict[str, object]] = deque(maxlen=LINES)

    def __enter__(self) -> "LogTail":
        logging.getLogger("ocr_edge").addHandler(self)
        return self

    def __exit__(self, *exc: object) -> None:
        logging.getLogger("ocr_edge").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; the traceback of an error stays in the journal."""
        text = one_line(record.getMessage())
        self.lines.append({"time": record.created, "level": record.levelname, "text": text})
