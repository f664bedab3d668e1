"""Picture files: every kind that a user may hand over becomes upright RGB bytes, or one clear line."""

import logging
import os
from pathlib import Path

from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import decoder, headers
from ocr_edge.system.regular import opened
from ocr_edge.system.stderr import hush

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 2**28
"""Largest picture file that is read: 256 MiB, more than the largest picture takes without any packing."""


def load(path: Path, live: bool = False) -> Image:
    """Read one picture file.

    Args:
        path: A picture of a format that is read (``headers.READ``), at most ``MAX_PIXELS`` pixels and ``MAX_BYTES``
            bytes.
        live: As ``decoder.decode`` has it.

    Returns:
        uint8, shape ``(H, W, 3)``, RGB, contiguous.

    Raises:
        CaptureError: The file is missing, unreadable, empty, too large, damaged, cut short or not a picture.
    """
    return decode(path, whole(path, live), live)


def whole(path: Path, live: bool = False) -> bytes:
    """The content of a picture file whose header shows nothing wrong; arguments and errors of ``load``."""
    try:
        data = _content(path)
        decoder.judge(data, live)
        return data
    except MemoryError as error:
        raise CaptureError(f"{path}: {decoder.NO_MEMORY}") from error
    except CaptureError as error:
        raise CaptureError(f"{path}: {error}") from error


def decode(path: Path, data: bytes, live: bool = False) -> Image:
    """The pixels of what ``whole`` gave; arguments, result and errors of ``load``."""
    try:
        with hush() as noise:
            image = decoder.decode(data, live)
    except MemoryError as error:
        raise CaptureError(f"{path}: {decoder.NO_MEMORY}") from error
    except CaptureError as error:
        raise CaptureError(f"{path}: {error}") from error
    kind = headers.kind(data)
    if noise and kind == "JPEG":  # other formats complain about trifles, such as a colour profile
        _LOGGER.warning("%s: damaged, read as far as it goes: %s", path, noise[0])
    if kind == "TIFF" and headers.has_more_pages(data):
        _LOGGER.warning("%s: several pages, only the first is read", path)
    return image


def _content(path: Path) -> bytes:
    if os.path.isdir(path):
        raise CaptureError("is a folder, expected a picture file")
    try:
        with opened(path) as file:
            found = os.fstat(file.fileno())
            # Room for what is asked is taken at once; the one byte more shows a file that grows.
            data = file.read(min(found.st_size, MAX_BYTES) + 1)
    except FileNotFoundError as error:
        raise CaptureError("no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CaptureError(f"cannot be opened: {reason}") from error
    if not data:
        raise CaptureError("the file is empty")
    if len(data) > MAX_BYTES:
        raise CaptureError(f"larger than {MAX_BYTES >> 20} MiB")
    if len(data) > found.st_size:
        raise CaptureError("is still being written")
    return data
