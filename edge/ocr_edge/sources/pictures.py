"""Picture files: every kind that a user may hand over becomes upright RGB bytes, or one clear line."""

import logging
import os
import stat
from pathlib import Path

import cv2
import numpy as np

from ocr_edge import MAX_PIXELS
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.quiet import hush
from ocr_edge.sources import LIVE_PIXELS, headers
from ocr_edge.sources.pixels import Pixels, to_rgb

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 2**29
"""Largest picture file that is read: 512 MiB."""
NO_MEMORY = "too large for the memory of this machine"


def load(path: Path, live: bool = False) -> Image:
    """Read one picture file.

    Grey, palette, CMYK, 16-bit, float and transparent pictures are converted (see ``pixels``), EXIF
    orientation is applied, and an animation or a file of several pages gives its first.

    Args:
        path: A picture of any format that OpenCV reads, at most ``MAX_PIXELS`` pixels and ``MAX_BYTES``
            bytes.
        live: Whether it must fit into the memory of a daemon: a JPEG of more than ``LIVE_PIXELS`` is read at half its
            width and height, any other picture so large is refused.

    Returns:
        uint8, shape ``(H, W, 3)``, RGB, contiguous.

    Raises:
        CaptureError: The file is missing, unreadable, empty, too large, damaged, cut short or not a picture.
    """
    return decode(path, whole(path, live), live)


def whole(path: Path, live: bool = False) -> bytes:
    """The content of a picture file, not seen to be bad without decoding it; arguments and errors of ``load``."""
    try:
        data = _content(path)
    except MemoryError as error:
        raise CaptureError(f"{path}: {NO_MEMORY}") from error
    if live:
        try:
            _check_live(data)
        except CaptureError as error:
            raise CaptureError(f"{path}: {error}") from error
    if not headers.is_whole(data):
        raise CaptureError(f"{path}: {_why_not(headers.kind(data))}")
    return data


def decode(path: Path, data: bytes, live: bool = False) -> Image:
    """The pixels of what ``whole`` gave; arguments, result and errors of ``load``."""
    try:
        return _decode(path, data, live)
    except MemoryError as error:
        raise CaptureError(f"{path}: {NO_MEMORY}") from error


def decode_live(data: bytes) -> Image:
    """Decode one picture that a camera sent, at half its size where it has more than ``LIVE_PIXELS``.

    Returns:
        uint8, shape ``(H, W, 3)``, RGB, upright.

    Raises:
        CaptureError: It is damaged, cut short, too large or none at all.
    """
    try:
        _check_live(data)
        raw = _colours(data, live=True) if data else None
    except (cv2.error, MemoryError) as error:
        raise CaptureError("a damaged picture, or too large") from error
    if raw is None:
        raise CaptureError("a damaged picture")
    return headers.turn(raw, headers.orientation(data))


def _decode(path: Path, data: bytes, live: bool) -> Image:
    name = headers.kind(data)
    try:
        with hush() as noise:
            raw = _stored(data, name, live)
            if raw is None and name == "GIF" and not cv2.haveImageWriter("any.gif"):
                raw = _first_frame(path)
            if raw is not None and raw.shape[0] * raw.shape[1] > MAX_PIXELS:
                raise _too_large(path)
        if raw is None or raw.size == 0:
            raise CaptureError(f"{path}: {_why_not(name)}")
        # Depth and transparency take several times their bytes to convert.
        if live and (raw.nbytes > 3 * LIVE_PIXELS or raw.shape[0] * raw.shape[1] > LIVE_PIXELS):
            raise CaptureError(f"{path}: too large while running; save it as JPEG or with 8 bits and opaque")
        image = headers.turn(raw if name == "JPEG" else to_rgb(raw), headers.orientation(data))
    except cv2.error as error:
        if "MAX_IMAGE" in str(error):  # CV_IO_MAX_IMAGE_PIXELS, _WIDTH or _HEIGHT
            raise _too_large(path) from error
        why = NO_MEMORY if error.code == cv2.Error.StsNoMem else _why_not(name)
        raise CaptureError(f"{path}: {why}") from error
    if noise and name == "JPEG":  # other formats complain about trifles, such as a colour profile
        _LOGGER.warning("%s: damaged, read as far as it goes: %s", path, noise[0])
    if name == "TIFF" and headers.has_more_pages(data):
        _LOGGER.warning("%s: several pages, only the first is read", path)
    return image


def _content(path: Path) -> bytes:
    if os.path.isdir(path):
        raise CaptureError(f"{path}: is a folder, expected a picture file")
    try:
        # Without O_NONBLOCK a named pipe that nobody writes to would be waited for before it can be refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise CaptureError(f"{path}: is not a regular file")
            # Room for what is asked is taken at once; the one byte more shows a file that grows.
            data = file.read(min(found.st_size, MAX_BYTES) + 1)
    except FileNotFoundError as error:
        raise CaptureError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CaptureError(f"{path}: cannot be opened: {reason}") from error
    if not data:
        raise CaptureError(f"{path}: the file is empty")
    if len(data) > MAX_BYTES:
        raise CaptureError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
    if len(data) > found.st_size:
        raise CaptureError(f"{path}: is still being written")
    return data


def _stored(data: bytes, name: str, live: bool) -> Pixels | None:
    """The pixels as stored: RGB bytes of a JPEG, grey or BGR with depth and alpha of all others."""
    # A JPEG has neither depth nor alpha to keep; decoded straight to RGB, a large photo needs no second copy.
    if name == "JPEG":
        return _colours(data, live)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def _colours(data: bytes, live: bool) -> Image | None:
    """RGB bytes; of a JPEG that is too large for a daemon, half as wide and high."""
    size = headers.size(data) if live else None
    if size is None or size[0] * size[1] <= LIVE_PIXELS:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    else:
        # A quarter of MAX_PIXELS is LIVE_PIXELS: to halve is always enough.
        flags = cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if raw is not None:
            cv2.cvtColor(raw, cv2.COLOR_BGR2RGB, dst=raw)
    return None if raw is None else np.asarray(raw, np.uint8)


def _check_live(data: bytes) -> None:
    """Refuse what is too large for a daemon and cannot be decoded at half its size."""
    width, height = headers.size(data) or (0, 0)
    if width * height <= LIVE_PIXELS:
        return
    most = f"{width}x{height} is too large, at most {LIVE_PIXELS / 1e6:.0f} million pixels are read"
    if headers.kind(data) != "JPEG":
        raise CaptureError(f"{most} while running; make it smaller or a JPEG")
    if headers.is_progressive(data):
        raise CaptureError(f"{most} of a progressive JPEG while running; make it smaller")
    if width * height > MAX_PIXELS:
        raise CaptureError(f"too large, at most {MAX_PIXELS / 1e6:.0f} million pixels are read")


def _first_frame(path: Path) -> Pixels | None:
    """The first frame of a GIF as FFmpeg sees it: OpenCV 4.11 has no GIF codec of its own."""
    capture = cv2.VideoCapture(str(path))
    try:
        return capture.read()[1]
    finally:
        capture.release()


def _too_large(path: Path) -> CaptureError:
    return CaptureError(f"{path}: too large, at most {MAX_PIXELS / 1e6:.0f} million pixels are read")


def _why_not(name: str) -> str:
    if name == "HEIC":
        return "HEIC pictures cannot be read; save it as JPEG or PNG"
    return f"damaged or cut short {name} file" if name else "not a picture"
