"""Makes libcamera's virtual camera pass for one on a Raspberry Pi's ribbon cable, as far as picamera2 can see.

Importing this before ``picamera2`` changes five things, all of them where the virtual camera differs from a real
one; the rest of picamera2, its event loop, allocator and requests, runs as it is.
"""

import sys
import threading
import time
import types

import cv2
import numpy as np

FRAME_RATE = 30
"""Frames a second; the virtual camera itself delivers as fast as it can."""


class _Anything(type):
    """A class with every attribute."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


# 1. picamera2 imports its preview on the bare screen, which wants kms++, a package of Raspberry Pi OS alone.
sys.modules["pykms"] = types.ModuleType("pykms")
sys.modules["pykms"].PixelFormat = _Anything("PixelFormat", (), {})

import libcamera  # noqa: E402
from picamera2 import CompletedRequest, Picamera2  # noqa: E402
from picamera2.allocators import dmaallocator  # noqa: E402


class _Libcamera:
    """libcamera with frame buffers of two planes, which the virtual camera fills as NV12.

    A real Pi takes one plane for the whole picture, as picamera2 makes it.
    """

    Plane = libcamera.FrameBuffer.Plane

    def __getattr__(self, name: str) -> object:
        return getattr(libcamera, name)

    class FrameBuffer:
        Plane = libcamera.FrameBuffer.Plane

        def __new__(cls, planes: list) -> libcamera.FrameBuffer:
            grey, colour = planes[0], libcamera.FrameBuffer.Plane()
            size = grey.length
            grey.length = size * 2 // 3
            colour.fd, colour.offset, colour.length = grey.fd, grey.length, size - grey.length
            return libcamera.FrameBuffer([grey, colour])


# 2. Two planes for each buffer.
dmaallocator.libcamera = _Libcamera()


# 3. There are no raw modes.
Picamera2._get_raw_modes = lambda self: [{"format": "NV12", "size": (1280, 720)}]


# 4. It delivers NV12 alone; here that becomes what was asked for, in the byte order picamera2 documents.
_configure, _make_array = Picamera2.configure_, CompletedRequest.make_array
_CONVERSIONS = {"RGB888": cv2.COLOR_YCrCb2BGR, "BGR888": cv2.COLOR_YCrCb2RGB}


def configure_(self: Picamera2, camera_config: dict) -> None:
    """Configure, and remember the formats that were asked for."""
    self.asked = {
        name: camera_config[name]["format"] for name in ("main", "lores") if camera_config.get(name)
    }
    _configure(self, camera_config)


def make_array(self: CompletedRequest, name: str) -> np.ndarray:
    """The array of a stream in the format that was asked for."""
    array, asked = _make_array(self, name), self.picam2.asked[name]
    height, width = array.shape[0] * 2 // 3, array.shape[1]
    colours = array[height:].reshape(height // 2, width // 2, 2)
    if asked in _CONVERSIONS:  # the virtual camera keeps the full range of its JPEG files, as YCrCb has it
        large = cv2.resize(colours, (width, height))
        return cv2.cvtColor(np.dstack([array[:height], large[:, :, ::-1]]), _CONVERSIONS[asked])
    if asked == "YUV420":  # the colours one after the other and not in turns
        array[height:] = colours.transpose(2, 0, 1).reshape(-1, width)
        return array
    raise RuntimeError(f"the virtual camera cannot pass for one that delivers {asked}")


Picamera2.configure_ = configure_
CompletedRequest.make_array = make_array


# 5. It knows no pace, and it never stops by itself.
_process_requests = Picamera2.process_requests
stall = threading.Event()
"""Set: no more frames come, as when the cable has come off."""
_held: list[CompletedRequest] = []


def resume() -> None:
    """Let frames come again."""
    stall.clear()
    while _held:
        _held.pop().release()


def process_requests(self: Picamera2, display: object) -> None:
    """Handle what was delivered, at the pace of a sensor."""
    if stall.is_set():
        with self._requestslock:
            _held.extend(self._requests)
            self._requests = []
    else:
        time.sleep(1 / FRAME_RATE)
    _process_requests(self, display)


Picamera2.process_requests = process_requests
