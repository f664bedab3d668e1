"""Cameras that OpenCV opens: webcams through V4L2, RTSP streams through FFmpeg."""

import logging
import os
import time

import cv2

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources import LIVE_PIXELS
from ocr_edge.sources.base import Frame
from ocr_edge.sources.pixels import to_rgb

_LOGGER = logging.getLogger(__name__)

PATIENCE = 0.9
"""Share of ``timeout_s`` after which FFmpeg gives up by itself, so that silence counts as lost and not as hung."""


class Stream:
    """A stream of frames that is read all the time; a frame is converted only when it is wanted.

    Args:
        address: Path of the device or URL, with credentials.
        name: The same as it may be shown.
        settings: Where from and how patiently.
    """

    separate = False
    drained = True
    more = False

    def __init__(self, address: str, name: str, settings: SourceSettings) -> None:
        self.name = name
        self.grabbed_at = 0.0
        self._address = address
        self._settings = settings
        self._limit_s = settings.timeout_s * PATIENCE
        self._local = address.startswith("/")

    def __enter__(self) -> "Stream":
        self._capture = self._open_device() if self._local else self._open_network()
        # Not among the parameters of opening: FFmpeg refuses to open where it does not know one.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return self

    def __exit__(self, *exc: object) -> None:
        self._capture.release()

    def grab(self) -> bool:
        """Wait for the next frame of the stream."""
        began = time.monotonic()
        if not self._capture.grab():
            waited = time.monotonic() - began
            why = f"no picture in {waited:.1f} s" if waited > self._limit_s / 2 else "the stream broke off"
            raise CaptureError(f"{self.name}: {why}")
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self) -> Frame:
        """The frame, converted to RGB."""
        found, raw = self._capture.retrieve()
        if not found or raw is None or raw.size == 0:
            raise CaptureError(f"{self.name}: a damaged picture")
        age = time.monotonic() - self.grabbed_at
        return Frame(to_rgb(raw), time.time() - age, self.grabbed_at, self.name)

    def _open_network(self) -> cv2.VideoCapture:
        limit_ms = round(self._limit_s * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
        # One thread: with more, some decoders hand out a frame only when as many others have come.
        began = time.monotonic()
        capture = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, [*limits, cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            slow = time.monotonic() - began > self._limit_s / 2
            why = "does not answer" if slow else "cannot be opened; check address, user name and password"
            raise CaptureError(f"{self.name}: {why}")
        width, height = (
            int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width * height > LIVE_PIXELS:
            capture.release()
            most = f"{LIVE_PIXELS / 1e6:.0f} million pixels"
            raise CaptureError(
                f"{self.name}: gives {width}x{height}, at most {most} are read; take a smaller stream"
            )
        return capture

    def _open_device(self) -> cv2.VideoCapture:
        if not os.path.exists(self._address):
            raise CaptureError(f"{self.name}: no such device; is the camera plugged in?")
        if not os.access(self._address, os.R_OK | os.W_OK):
            raise CaptureError(f"{self.name}: no permission; add the user to the group video")
        capture = cv2.VideoCapture(self._address, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise CaptureError(f"{self.name}: is busy or not a camera")
        if self._settings.size:
            wanted = self._settings.size
            # Uncompressed, USB 2 carries only a few large frames a second.
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted[1])
            given = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
            if given != wanted:
                _LOGGER.warning("%s: asked for %dx%d, the camera gives %dx%d", self.name, *wanted, *given)
        return capture
