"""The body of a camera's HTTP answer: one picture, or many that replace each other (``multipart/x-mixed-replace``)."""

import time
from http.client import HTTPResponse, parse_headers
from typing import BinaryIO, cast

MAX_BYTES = 2**25
"""Largest picture that is read: 32 MiB."""
MAX_DIGITS = 20
"""Of a length: no machine has more bytes."""
CHUNK = 2**16


def read(answer: HTTPResponse, deadline: float, length: int | None = None) -> bytes:
    """Read a body, or so many bytes of it.

    Args:
        answer: Where from.
        deadline: ``time.monotonic()`` until which it must be there.
        length: Bytes wanted; None for all there are.

    Raises:
        OSError: It ends too early, is too large or too slow.
    """
    content = bytearray()
    while length is None or len(content) < length:
        chunk = answer.read1(CHUNK if length is None else min(CHUNK, length - len(content)))
        if not chunk:
            if length is None:
                break
            raise ConnectionError("the stream broke off")
        content += chunk
        _check(len(content), deadline)
    return bytes(content)


class Parts:
    """The pictures of a stream, one after the other.

    Args:
        answer: The open answer; its headers name the line between the parts.
    """

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer
        # Cameras disagree on whether the dashes in front belong to the name.
        self._boundary = (answer.headers.get_boundary() or "").lstrip("-").encode()
        self._at_part = False

    def next(self, deadline: float) -> tuple[str, bytes]:
        """The next part: its content type, empty where it says none, and its content.

        Args:
            deadline: ``time.monotonic()`` until which it must be there.

        Raises:
            OSError: The stream ends, or a part is too large or too slow.
            HTTPException: A part has no sensible headers.
        """
        while not self._at_part:
            self._at_part = self._line(deadline).startswith(b"--")
        self._at_part = False
        about = parse_headers(cast(BinaryIO, self._answer))
        kind = about.get_content_type() if "Content-Type" in about else ""
        length = about.get("Content-Length", "").strip()
        if length.isdecimal():
            # Python makes no number of thousands of digits; leading zeros are nobody's.
            _check(int(length) if len(length) <= MAX_DIGITS else MAX_BYTES + 1, deadline)
            return kind, read(self._answer, deadline, int(length))
        lines: list[bytes] = []
        size = 0
        while not self._is_boundary(line := self._line(deadline)):
            lines.append(line)
            size += len(line)
            _check(size, deadline)
        self._at_part = True
        return kind, b"".join(lines)

    def _line(self, deadline: float) -> bytes:
        line = self._answer.readline(CHUNK)
        if not line:
            raise ConnectionError("the stream broke off")
        _check(0, deadline)
        return line

    def _is_boundary(self, line: bytes) -> bool:
        return line.startswith(b"--") and line.lstrip(b"-").startswith(self._boundary)


def _check(size: int, deadline: float) -> None:
    if size > MAX_BYTES:
        raise OSError(f"more than {MAX_BYTES >> 20} MiB for one picture")
    if time.monotonic() > deadline:
        raise TimeoutError
