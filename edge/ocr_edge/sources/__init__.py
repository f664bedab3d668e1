"""Where pictures come from: files, folders, videos. One file per kind of source.

OpenCV reads these settings once, when it is loaded, so they stand here and ``ocr_edge.cli`` imports this
package before anything else: a picture of more than ``MAX_PIXELS`` is refused before memory is taken for it,
and OpenCV and FFmpeg keep their own opinions off stderr.
"""

import os

MAX_PIXELS = 2**26
"""Largest picture that is read, width times height: 67 million pixels, 192 MiB as RGB."""
LIVE_PIXELS = 2**24
"""Largest picture that the daemon keeps: 17 million pixels, 48 MiB as RGB. Larger ones are halved or refused."""

os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# Over UDP, which OpenCV 4.11 would ask for, every lost packet smears the picture.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
# Seconds until a silent webcam is given up: fewer than the daemon's usual timeout_s, so that it is lost, not hung.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "4")
