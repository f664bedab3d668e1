"""The picamera2 adapter against a fake with picamera2's surface; a real libcamera is tried by tests/proofs."""

import contextlib
import os
import sys
import time
import types

import numpy as np
import pytest

from ocr_edge.config.settings import Camera as CameraSettings
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.sources.camera import Camera
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.opening import open_source, problem


class FakeRequest:
    def __init__(self, camera):
        self.camera = camera

    def get_metadata(self):
        return self.camera.metadata()

    def make_array(self, name):
        if self.camera.broken:
            raise RuntimeError("failed to find buffer")
        width, height = self.camera.configuration[name]["size"]
        if name == "main":
            return np.full((height, width, 3), (200, 100, 50), np.uint8)
        planes = np.zeros((height * 3 // 2, width + 64), np.uint8)  # rows are longer than the picture
        planes[:height, :width] = 77
        return planes


class FakePicamera2:
    """As much of Picamera2 as is used; ``world`` says what is plugged in."""

    world = types.SimpleNamespace(cameras=1, busy=False, controls={})
    made: "list[FakePicamera2]" = []  # noqa: RUF012

    @staticmethod
    def global_camera_info():
        return [{"Num": number} for number in range(FakePicamera2.world.cameras)]

    def __init__(self, camera_num=0):
        FakePicamera2.made.append(self)
        if self.world.busy:
            self.notifyme_w = os.dup(1)  # the real one leaves it open
            raise RuntimeError("Camera __init__ sequence did not complete.") from RuntimeError("in use")
        self.camera_controls = dict.fromkeys(self.world.controls)
        self.sensor_modes = [{"size": (640, 480), "bit_depth": 10}, {"size": (4056, 3040), "bit_depth": 12}]
        self.metadata = lambda: {
            "SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME),
            "ExposureTime": 9000,
        }
        self.out = self.cancelled = self.closed = 0
        self.silent = self.broken = False

    def create_video_configuration(self, **wanted):
        return wanted

    def configure(self, configuration):
        self.configuration = configuration

    def stream_configuration(self, name):
        return self.configuration[name]

    def start(self):
        pass

    @contextlib.contextmanager
    def captured_request(self, wait=None, flush=None):
        if self.silent:
            raise TimeoutError
        self.out += 1
        try:
            yield FakeRequest(self)
        finally:
            self.out -= 1

    def cancel_all_and_flush(self):
        self.cancelled += 1

    def close(self):
        self.closed += 1


def member(name):
    return types.SimpleNamespace(Manual=f"{name}.Manual", Auto=f"{name}.Auto", Continuous=f"{name}.Continuous",
                                 Start=f"{name}.Start")  # fmt: skip


@pytest.fixture
def world(monkeypatch):
    libcamera = types.ModuleType("libcamera")
    libcamera.Transform = lambda hflip=0, vflip=0: (hflip, vflip)
    libcamera.controls = types.SimpleNamespace(AfModeEnum=member("AfMode"), AfTriggerEnum=member("AfTrigger"))
    picamera2 = types.ModuleType("picamera2")
    picamera2.Picamera2 = FakePicamera2
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)
    monkeypatch.setitem(sys.modules, "picamera2", picamera2)
    everything = {
        "FrameDurationLimits",
        "ExposureTime",
        "AnalogueGain",
        "AeEnable",
        "AfMode",
        "LensPosition",
        "AfTrigger",
    }
    monkeypatch.setattr(FakePicamera2, "made", [])
    monkeypatch.setattr(
        FakePicamera2, "world", types.SimpleNamespace(cameras=1, busy=False, controls=everything)
    )
    return FakePicamera2.world


def settings(**camera):
    return SourceSettings(
        url="picamera2:0", timeout_s=1.0, retry_min_s=0.02, retry_max_s=0.05,
        picamera2=CameraSettings(**{"size": (64, 48), "lores": (32, 24)} | camera),
    )  # fmt: skip


def test_a_frame_is_rgb_with_its_small_grey_picture_and_the_time_of_its_exposure(world):
    with Capturer(lambda: open_source(settings()), settings()) as frames:
        camera = FakePicamera2.made
        asked = time.monotonic()
        frame = frames.next(asked, 1)
        assert asked <= frame.monotonic < time.monotonic() - 0.009
    assert frame.image.shape == (48, 64, 3)
    assert tuple(frame.image[0, 0]) == (200, 100, 50)
    assert frame.small.shape == (24, 32)
    assert (frame.small == 77).all()
    assert camera[0].out == 0
    assert camera[0].closed == 1


def test_the_sensors_clock_becomes_ours_whichever_it_is(world, monkeypatch):
    with Camera(0, settings()) as source:
        fake = FakePicamera2.made[0]
        slept_s = {time.CLOCK_BOOTTIME: 1000.0, time.CLOCK_MONOTONIC: 0.0}
        monkeypatch.setattr(time, "clock_gettime", lambda clock: time.monotonic() + slept_s[clock])
        for clock in slept_s:
            stamp = int((time.clock_gettime(clock) - 0.5) * 1e9)
            fake.metadata = lambda stamp=stamp: {"SensorTimestamp": stamp, "ExposureTime": 100_000}
            assert source.grab()
            frame = source.retrieve()
            assert frame.monotonic == pytest.approx(time.monotonic() - 0.6, abs=0.05)
            assert frame.captured_at == pytest.approx(time.time() - 0.6, abs=0.05)
        fake.metadata = dict
        assert source.grab()
        assert source.grabbed_at == pytest.approx(time.monotonic(), abs=0.05)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, {"FrameDurationLimits": (33_333, 100_000), "AfMode": "AfMode.Continuous"}),
        ({"frame_rate": 5.0}, {"FrameDurationLimits": (200_000, 200_000)}),
        ({"exposure_us": 250_000}, {"FrameDurationLimits": (33_333, 250_000), "ExposureTime": 250_000}),
        ({"exposure_us": 9000, "gain": 2.0}, {"ExposureTime": 9000, "AnalogueGain": 2.0, "AeEnable": False}),
        ({"focus": "auto"}, {"AfMode": "AfMode.Auto", "AfTrigger": "AfTrigger.Start"}),
        ({"focus": "fixed", "focus_dioptres": 5.0}, {"AfMode": "AfMode.Manual", "LensPosition": 5.0}),
    ],
)
def test_exposure_rate_and_focus_reach_the_camera(world, wanted, expected):
    with Camera(0, settings(**wanted)):
        controls = FakePicamera2.made[0].configuration["controls"]
    assert controls.items() >= expected.items()


def test_streams_mode_and_transform_reach_the_camera(world):
    with Camera(0, settings(sensor_mode=1, horizontal_flip=True, lores=None)):
        configuration = FakePicamera2.made[0].configuration
    assert configuration["main"] == {"size": (64, 48), "format": "BGR888"}
    assert configuration["lores"] is None
    assert configuration["raw"] is None
    assert configuration["sensor"] == {"output_size": (4056, 3040), "bit_depth": 12}
    assert configuration["transform"] == (True, False)


def test_what_a_camera_lacks_is_left_out(world):
    world.controls = {"FrameDurationLimits"}
    with Camera(0, settings(exposure_us=5000)) as source:
        assert set(FakePicamera2.made[0].configuration["controls"]) == {"FrameDurationLimits"}
        assert source.grab()


def test_a_sensor_mode_it_has_not_is_one_clear_line_and_the_camera_is_given_back(world):
    with (
        pytest.raises(CaptureError, match=r"sensor_mode 7: it has 0 to 1"),
        Camera(0, settings(sensor_mode=7)),
    ):
        pass
    assert FakePicamera2.made[0].closed == 1


def test_silence_is_an_error_that_lets_the_camera_be_closed(world):
    with Capturer(lambda: open_source(settings()), settings()) as frames:
        assert frames.next(0, 1) is not None
        FakePicamera2.made[0].silent = True
        assert frames.next(time.monotonic() - 1e6, 1) is not None
        first, second = FakePicamera2.made
        assert (first.cancelled, first.closed, second.closed) == (1, 1, 0)
        assert frames.status.failures == 1


def test_a_request_is_given_back_after_an_error_too(world):
    with Camera(0, settings()) as source:
        FakePicamera2.made[0].broken = True
        with pytest.raises(CaptureError, match="failed to find buffer"):
            source.grab()
        assert FakePicamera2.made[0].out == 0


def test_a_missing_or_busy_camera_is_tried_again(world):
    world.cameras = 0
    with Capturer(lambda: open_source(settings()), settings()) as frames:
        assert frames.next(0, 0.1) is None
        assert "no camera found" in frames.status.detail
        assert FakePicamera2.made == []
        world.cameras, world.busy = 1, True
        before = len(os.listdir("/proc/self/fd"))
        assert frames.next(0, 0.2) is None
        assert "is busy" in frames.status.detail
        assert "in use" in frames.status.detail
        assert len(FakePicamera2.made) >= 2
        assert len(os.listdir("/proc/self/fd")) <= before + 1
        world.busy = False
        assert frames.next(0, 1) is not None


def test_a_missing_picamera2_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setitem(sys.modules, "libcamera", types.ModuleType("libcamera"))
    with pytest.raises(ConfigError, match=r"apt install python3-picamera2 .* --system-site-packages"):
        open_source(settings())
    assert "python3-picamera2" in problem(settings())
