"""Bytes of a picture become upright RGB: the one place where pictures are decoded, after their header was judged."""

import cv2
import numpy as np

from ocr_edge import MAX_PIXELS
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import LIVE_PIXELS, headers, sizes
from ocr_edge.sources.pixels import Pixels, to_rgb
from ocr_edge.sources.sizes import Size

NO_MEMORY = "too large for the memory of this machine"
MAX_DECODED = 7 * MAX_PIXELS
"""Bytes that decoding and converting may take: 448 MiB, for a transparent picture of ``MAX_PIXELS``, 4 + 3 a pixel.
Depth and transparency, animations and progressive JPEGs take several times the bytes of the picture that comes out."""
MAX_LIVE_WORKING = 6 * LIVE_PIXELS
"""The same of a daemon, besides the picture: coefficients of a progressive JPEG of ``LIVE_PIXELS``, 96 MiB."""
RGB = 3
"""Bytes a pixel of what comes out."""


def decode(data: bytes, live: bool = False) -> Image:
    """Decode a picture of a format that is read (``headers.READ``).

    Grey, palette, CMYK, 16-bit, float and transparent pictures are converted (see ``pixels``), EXIF
    orientation is applied, and an animation or a file of several pages gives its first.

    Args:
        data: The whole file.
        live: Whether it must fit into the memory of a daemon: a JPEG of more than ``LIVE_PIXELS`` is read at half its
            width and height, any other picture so large is refused.

    Returns:
        uint8, shape ``(H, W, 3)``, RGB, contiguous.

    Raises:
        CaptureError: The format is not read, or it is too large, damaged or cut short.
    """
    kind, size = judge(data, live)
    raw_only = kind == "JPEG"
    try:
        raw = _raw(data, kind, live and size.pixels > LIVE_PIXELS)
        if raw is None or raw.size == 0:
            raise CaptureError(_damaged(kind))
        if live and raw.nbytes > RGB * LIVE_PIXELS:  # the header said otherwise
            raise CaptureError("too large while running; save it as JPEG or with 8 bits and opaque")
        return headers.turn(np.asarray(raw, np.uint8) if raw_only else to_rgb(raw), headers.orientation(data))
    except MemoryError as error:
        raise CaptureError(NO_MEMORY) from error
    except cv2.error as error:
        if "MAX_IMAGE" in str(error):  # CV_IO_MAX_IMAGE_WIDTH or _HEIGHT
            raise CaptureError(f"{size.width}x{size.height} is too large") from error
        raise CaptureError(NO_MEMORY if error.code == cv2.Error.StsNoMem else _damaged(kind)) from error


def judge(data: bytes, live: bool = False) -> tuple[str, Size]:
    """What the header says of a picture: its format and size; arguments and errors of ``decode``.

    Raises:
        CaptureError: The header shows that it is not to be decoded.
    """
    kind = headers.kind(data)
    if kind not in headers.READ:
        raise CaptureError(_refusal(kind))
    size = sizes.size(data)
    if size is None or not headers.is_whole(data):
        raise CaptureError(_damaged(kind))
    if live:
        _check_live(kind, size)
    if size.pixels > MAX_PIXELS:
        raise CaptureError(f"too large, at most {MAX_PIXELS / 1e6:.0f} million pixels are read")
    # What the decoder takes besides is given back before the picture is converted.
    if size.pixels * (size.raw + max(size.working, 0 if kind == "JPEG" else RGB)) > MAX_DECODED:
        raise CaptureError(
            f"{size.width}x{size.height} is too large in this form (depth, transparency, animation, several passes);"
            " save it as a plain JPEG"
        )
    return kind, size


def _check_live(kind: str, size: Size) -> None:
    """Refuse what is too large for a daemon and cannot be decoded at half its size."""
    if size.pixels > LIVE_PIXELS:
        most = f"{size.width}x{size.height} is too large, at most {LIVE_PIXELS / 1e6:.0f} million pixels are read"
        if kind != "JPEG":
            raise CaptureError(f"{most} while running; make it smaller or a JPEG")
        if size.working:
            raise CaptureError(f"{most} of a progressive JPEG while running; make it smaller")
    elif size.pixels * size.raw > RGB * LIVE_PIXELS or size.pixels * size.working > MAX_LIVE_WORKING:
        # Depth and transparency take several times their bytes to convert.
        raise CaptureError("too large while running; save it as JPEG or with 8 bits and opaque")


def _raw(data: bytes, kind: str, half: bool) -> Pixels | None:
    """The pixels as stored: RGB bytes of a JPEG, grey or BGR with depth and alpha of all others."""
    content = np.frombuffer(data, np.uint8)
    if half:
        # A quarter of MAX_PIXELS is LIVE_PIXELS: to halve is always enough.
        raw = cv2.imdecode(content, cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION)
        return None if raw is None else cv2.cvtColor(raw, cv2.COLOR_BGR2RGB, dst=raw)
    # A JPEG has neither depth nor alpha to keep; decoded straight to RGB, a large photo needs no second copy.
    jpeg = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(content, jpeg if kind == "JPEG" else cv2.IMREAD_UNCHANGED)


def _refusal(kind: str) -> str:
    if kind:
        return f"{kind} pictures are not read; save it as JPEG or PNG"
    return f"not a picture; {', '.join(headers.READ[:-1])} and {headers.READ[-1]} are read"


def _damaged(kind: str) -> str:
    return f"damaged or cut short {kind} file"
