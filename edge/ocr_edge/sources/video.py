"""Video files: one frame now and then, or played as a camera."""

import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ocr_edge import MAX_PIXELS
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import headers
from ocr_edge.sources.base import EndOfSource, Frame
from ocr_edge.system.stderr import hush

_LOGGER = logging.getLogger(__name__)

USUAL_FPS = 25.0
"""Frames per second assumed of a file that tells neither its rate nor its frames' times."""

STARTS = {
    0: (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"\x30\x26\xb2\x75", b"\xff\xd8\xff", b"\x47"),
    4: (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"),
    8: (b"AVI ",),
}
"""What a video begins with, by place: Matroska, WebM, MPEG, ASF, JPEGs in a row, a transport stream; MP4, MOV; AVI.
FFmpeg and OpenCV would take more for a video: any still picture, and playlists that name other files and addresses."""

LONGEST_WAIT_S = 0.2
"""Seconds that one ``grab`` waits at most: a video of slow frames is not a hung one."""


def frames(path: Path, every_s: float = 1.0) -> Iterator[tuple[float, Image]]:
    """Frames of a video file, the first one and then one for each ``every_s`` seconds of its time.

    Args:
        path: A video of any format that OpenCV's FFmpeg reads.
        every_s: Seconds of video between frames, above 0; less than the frame time gives every frame.

    Yields:
        Seconds since the start of the video, and the frame: uint8, shape ``(H, W, 3)``, RGB.

    Raises:
        CaptureError: The file is missing, unreadable, not a video or without a frame.
        ValueError: ``every_s`` is not above 0.
    """
    if not every_s > 0:
        raise ValueError(f"every_s {every_s}: must be above 0")
    capture = _open(path)
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        fps = fps if math.isfinite(fps) and fps > 0 else USUAL_FPS
        count, seconds, due = 0, 0.0, 0.0
        while capture.grab():
            seconds = _time(capture, seconds, count, fps)
            count += 1
            if seconds + 0.5 / fps < due:  # nearest frame: times are rounded to the video's own ticks
                continue
            due = (math.floor((seconds + 0.5 / fps) / every_s) + 1) * every_s
            found, frame = capture.retrieve()
            if found:
                yield seconds, np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
        if not count:
            raise CaptureError(f"{path}: no frame in this video can be read")
        _LOGGER.debug("%s: %d frames, %.2f s", path, count, seconds)
    finally:
        capture.release()


class Clip:
    """A video file, played once; frames that nobody wants in time are skipped."""

    separate = False
    drained = True
    more = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.grabbed_at = 0.0
        self._path = path
        self._next: tuple[float, Image] | None = None
        self._current: tuple[float, Image] | None = None

    def __enter__(self) -> "Clip":
        self._frames: Iterator[tuple[float, Image]] = frames(self._path, every_s=1e-6)
        self._next = next(self._frames)
        self._began = time.monotonic()
        return self

    def __exit__(self, *exc: object) -> None:
        del self._frames  # closes the file

    def grab(self) -> bool:
        """Wait until the next frame is due, at most ``LONGEST_WAIT_S``."""
        if self._next is None:
            self._next = next(self._frames, None)
            if self._next is None:
                raise EndOfSource
        due = self._began + self._next[0] - time.monotonic()
        time.sleep(min(max(due, 0), LONGEST_WAIT_S))
        if due > LONGEST_WAIT_S:
            return False
        self._current, self._next = self._next, None
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self) -> Frame:
        """The frame that is due."""
        if self._current is None:
            raise CaptureError(f"{self.name}: no frame was grabbed")
        seconds, image = self._current
        age = time.monotonic() - self.grabbed_at
        return Frame(image, time.time() - age, self.grabbed_at, f"{self.name}#t={seconds:.2f}")


def _open(path: Path) -> cv2.VideoCapture:
    try:
        with path.open("rb") as file:  # OpenCV would not say which of these it was
            start = file.read(16)
    except FileNotFoundError as error:
        raise CaptureError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CaptureError(f"{path}: cannot be opened: {reason}") from error
    if not start:
        raise CaptureError(f"{path}: the file is empty")
    if headers.kind(start) in headers.STILLS or not any(
        start.startswith(magic, at) for at, magics in STARTS.items() for magic in magics
    ):
        raise CaptureError(f"{path}: not a video that can be read")
    try:
        with hush():
            capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
            if not capture.isOpened():
                # A build without FFmpeg may have another reader. Absolute: "0" would open the first camera.
                capture = cv2.VideoCapture(str(path.absolute()))
    except cv2.error as error:
        raise CaptureError(f"{path}: not a video that can be read") from error
    if not capture.isOpened():
        raise CaptureError(f"{path}: not a video that can be read")
    if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > MAX_PIXELS:
        capture.release()
        raise CaptureError(f"{path}: too large, at most {MAX_PIXELS / 1e6:.0f} million pixels are read")
    return capture


def _time(capture: cv2.VideoCapture, before: float, index: int, fps: float) -> float:
    """Seconds of the frame just grabbed: its own time stamp, or its number where there is none."""
    stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    if index and not (math.isfinite(stamp) and stamp > before):
        return before + 1 / fps
    return stamp if math.isfinite(stamp) and stamp > 0 else 0.0
