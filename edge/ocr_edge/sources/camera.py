"""A camera on the ribbon cable, through picamera2."""

import contextlib
import logging
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ocr_edge.config.settings import SourceSettings
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.sources.base import Frame

_LOGGER = logging.getLogger(__name__)

BUFFERS = 3
"""Frames the camera fills in turn; each takes memory that cameras share (CMA)."""
USUAL_FRAME_US = 33_333
"""Shortest time between frames unless ``frame_rate`` asks for another."""
HINT = (
    "sudo apt install python3-picamera2 --no-install-recommends, and make the virtual environment with"
    " --system-site-packages"
)


class Camera:
    """One camera, opened once; every request is given back before ``grab`` returns.

    Args:
        index: Number of the camera, as ``rpicam-hello --list-cameras`` shows it.
        settings: ``picamera2`` holds what is asked of it.

    Raises:
        ConfigError: picamera2 or libcamera is not installed or does not load.
    """

    separate = False
    drained = False
    more = False

    def __init__(self, index: int, settings: SourceSettings) -> None:
        self.name = f"picamera2:{index}"
        self.grabbed_at = 0.0
        self._index = index
        self._settings = settings
        self._frame: Frame | None = None
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")
        try:
            import libcamera  # noqa: PLC0415
            from picamera2 import Picamera2  # noqa: PLC0415
        except ImportError as error:
            raise ConfigError(f"{self.name}: {error.name or error} is not installed: {HINT}") from error
        except Exception as error:  # a NumPy that it was not built for raises whatever it likes
            raise ConfigError(
                f"{self.name}: picamera2 does not load: {error}; ocr-edge doctor says more"
            ) from error
        self._libcamera, self._maker = libcamera, Picamera2

    def __enter__(self) -> "Camera":
        self._camera = self._open()
        try:
            self._configure()
            self._camera.start()
            self.grab()
        except CaptureError:
            self._camera.close()
            raise
        except Exception as error:
            self._camera.close()
            raise CaptureError(f"{self.name}: cannot be set up: {_reason(error)}") from error
        return self

    def __exit__(self, *exc: object) -> None:
        self._camera.close()

    def grab(self) -> bool:
        """Take the next frame; its exposure may have begun before this was called."""
        small = self._settings.picamera2.lores is not None
        try:
            with self._camera.captured_request(wait=self._settings.timeout_s * 0.9) as request:
                exposed_at = _began(request.get_metadata())
                image = np.asarray(request.make_array("main"), np.uint8)
                grey = self._grey(request.make_array("lores")) if small else None
        except TimeoutError as error:
            # The job that timed out would be waited for by close(), which has no limit.
            self._camera.cancel_all_and_flush()
            raise CaptureError(
                f"{self.name}: no picture in {self._settings.timeout_s * 0.9:.1f} s"
            ) from error
        except RuntimeError as error:
            raise CaptureError(f"{self.name}: {_reason(error)}") from error
        epoch = time.time() - (time.monotonic() - exposed_at)
        self._frame = Frame(image, epoch, exposed_at, self.name, grey)
        self.grabbed_at = exposed_at
        return True

    def retrieve(self) -> Frame:
        """The frame that was taken last."""
        if self._frame is None:
            raise CaptureError(f"{self.name}: no picture was grabbed")
        frame, self._frame = self._frame, None
        return frame

    def _open(self) -> Any:
        # Asked first: each Picamera2 that fails to open keeps a file descriptor for good.
        count = len(self._maker.global_camera_info())
        if self._index >= count:
            raise CaptureError(
                f"{self.name}: {count or 'no'} camera{'s' * (count > 1)} found; check the cable, and"
                " rpicam-hello --list-cameras"
            )
        camera = self._maker.__new__(self._maker)
        try:
            camera.__init__(self._index)
        except Exception as error:
            with contextlib.suppress(AttributeError, OSError):
                os.close(camera.notifyme_w)
            raise CaptureError(f"{self.name}: is busy or does not answer: {_reason(error)}") from error
        return camera

    def _configure(self) -> None:
        wanted = self._settings.picamera2
        sensor = {}
        if wanted.sensor_mode is not None:
            modes = self._camera.sensor_modes
            if wanted.sensor_mode >= len(modes):
                raise CaptureError(
                    f"{self.name}: sensor_mode {wanted.sensor_mode}: it has 0 to {len(modes) - 1}"
                )
            mode = modes[wanted.sensor_mode]
            sensor = {"output_size": mode["size"], "bit_depth": mode["bit_depth"]}
        transform = self._libcamera.Transform(hflip=wanted.horizontal_flip, vflip=wanted.vertical_flip)
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": wanted.size, "format": "BGR888"},  # which means bytes in the order R, G, B
                lores={"size": wanted.lores, "format": "YUV420"} if wanted.lores else None,
                raw=None,  # full sensor frames that nobody looks at
                transform=transform,
                buffer_count=BUFFERS,
                controls=self._known(self._controls()),
                sensor=sensor,
                queue=False,  # a frame held back would be an old one
                display=None,
                encode=None,
            )
        )

    def _controls(self) -> dict[str, Any]:
        """What is asked of sensor and lens, by libcamera's names."""
        wanted, enums = self._settings.picamera2, self._libcamera.controls
        shortest = round(1e6 / wanted.frame_rate) if wanted.frame_rate else USUAL_FRAME_US
        # An exposure never takes longer than its frame.
        longest = wanted.exposure_us or wanted.max_exposure_us
        controls: dict[str, Any] = {"FrameDurationLimits": (shortest, max(shortest, longest))}
        if wanted.exposure_us:
            controls["ExposureTime"] = wanted.exposure_us
        if wanted.gain:
            controls["AnalogueGain"] = wanted.gain
        if wanted.exposure_us and wanted.gain:
            controls["AeEnable"] = False
        if wanted.focus == "continuous":
            controls["AfMode"] = enums.AfModeEnum.Continuous
        elif wanted.focus == "auto":
            controls |= {"AfMode": enums.AfModeEnum.Auto, "AfTrigger": enums.AfTriggerEnum.Start}
        else:
            controls |= {"AfMode": enums.AfModeEnum.Manual, "LensPosition": wanted.focus_dioptres}
        return controls

    def _known(self, controls: dict[str, Any]) -> dict[str, Any]:
        """The controls this camera has; picamera2 would refuse all of them for one it lacks."""
        missing = [name for name in controls if name not in self._camera.camera_controls]
        # Most cameras cannot focus, and to ask for it is the default.
        if missing and missing != ["AfMode"]:
            _LOGGER.warning("%s: this camera has no %s; left out", self.name, ", ".join(missing))
        return {name: value for name, value in controls.items() if name not in missing}

    def _grey(self, planes: Image) -> Image:
        """The Y plane without the bytes that fill up its rows."""
        width, height = self._camera.stream_configuration("lores")["size"]
        return np.ascontiguousarray(planes[:height, :width], np.uint8)


def _began(metadata: Mapping[str, Any]) -> float:
    """``time.monotonic()`` at which the exposure of a frame began."""
    now = time.monotonic()
    stamp = metadata.get("SensorTimestamp")
    if stamp is None:
        return now
    # libcamera documents CLOCK_BOOTTIME; where a driver uses the monotonic clock, the other age is negative or
    # longer by the time the machine was suspended.
    ages = (time.clock_gettime(clock) - stamp / 1e9 for clock in (time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC))
    age = min((age for age in ages if age >= 0), default=0.0)
    exposure_us: float = metadata.get("ExposureTime", 0)
    return now - age - exposure_us / 1e6


def _reason(error: BaseException) -> str:
    """An error's own words, with those of its cause."""
    words = str(error) or type(error).__name__
    return f"{words} ({error.__cause__})" if error.__cause__ else words
