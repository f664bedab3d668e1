"""Read text in pictures with small networks, on a Raspberry Pi: ``from ocr_edge import Reader``.

OpenCV reads these settings once, when it is loaded, so they stand where every import of ours begins: a picture of more
than ``MAX_PIXELS`` is refused before memory is taken for it, OpenCV and FFmpeg keep their opinions off stderr, and a
workstation rounds as a Pi does.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_edge.reader import Reader

__all__ = ["MAX_PIXELS", "Reader", "__version__"]

__version__ = "0.1.0"
MAX_PIXELS = 2**26
"""Largest picture that is read, width times height: 67 million pixels, 192 MiB as RGB."""

os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if "cv2" not in sys.modules:  # too late otherwise: OpenCV would only say so, in the middle of something else
    # Intel's library, in OpenCV's x86-64 builds alone, rounds otherwise when it enlarges a picture.
    os.environ.setdefault("OPENCV_IPP", "disabled")
# Over UDP, which OpenCV 4.11 would ask for, every lost packet smears the picture.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
# Seconds until a silent webcam is given up: fewer than the daemon's usual timeout_s, so that it is lost, not hung.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "4")

if not TYPE_CHECKING:  # or every name that does not exist would be one of any type

    def __getattr__(name: str) -> Any:
        """``Reader``, loaded when it is first asked for: it brings OpenCV and the interpreter."""
        if name == "Reader":
            from ocr_edge.reader import Reader  # noqa: PLC0415

            return Reader
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
