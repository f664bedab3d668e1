"""The camera: software, devices, list, memory."""

import pytest

from ocr_edge.diagnose import camera
from ocr_edge.diagnose.probe import Output, Person

PI = {
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "/etc/os-release": "VERSION_CODENAME=bookworm",
}
BINARY = "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88"


def test_picamera2_that_cannot_be_imported_is_explained(machine):
    found = machine(PI, {"import picamera2": Output(1, BINARY)}).only(camera.picamera2)
    assert (found.verdict, "numpy<2" in found.advice) == ("fail", True)


def test_a_camera_that_the_daemon_may_not_open_is_found(machine):
    nodes = dict.fromkeys(["/dev/media0", "/dev/video0", "/dev/dma_heap/cma", "/dev/dma_heap/system"], "")
    probe = machine({**PI, **nodes})
    for node in nodes:
        probe.path(node).chmod(0o666)
    assert probe.only(camera.devices).verdict == "ok"
    probe.path("/dev/dma_heap/system").chmod(0o600)  # of the heaps one is enough
    assert probe.only(camera.devices).verdict == "ok"
    probe.path("/dev/media0").chmod(0o660)
    found = probe.only(camera.devices)
    assert found.found == "user ocr-edge may not open /dev/media0"
    assert "sudo usermod -aG video ocr-edge" in found.advice
    probe.person = Person("ocr-edge", 12345, frozenset({probe.path("/dev/media0").stat().st_gid}))
    assert probe.only(camera.devices).verdict == "ok"


def test_missing_devices_are_named(machine):
    assert "no /dev/media*" in machine(PI).only(camera.devices).found
    assert "no /dev/dma_heap" in machine({**PI, "/dev/media0": ""}).only(camera.devices).found
    usb = machine({"/dev/video2": ""}, config='[source]\nurl="v4l2:/dev/video0"')
    assert usb.only(camera.devices).found == "/dev/video0 is not there; found: /dev/video2"
    pins = machine({"/dev/gpiochip4": ""}, config="[source]\nurl='dir:/x'\n[source.lamp]\nline=3")
    assert pins.only(camera.lines).found == "/dev/gpiochip0 is not there; found: /dev/gpiochip4"


@pytest.mark.parametrize(
    ("answers", "verdict", "word"),
    [
        (
            {"rpicam-hello": "Available cameras\n---\n0 : imx708 [4608x2592] (/base/soc)\n    Modes: "},
            "ok",
            "0: imx708",
        ),
        (
            {"libcamera-hello": "Available cameras\n1 : ov5647 [x]"},
            "fail",
            "asks for camera 0; found 1: ov5647",
        ),
        ({"rpicam-hello": "No cameras available!"}, "fail", "finds no camera"),
        ({"rpicam-hello": Output(None)}, "fail", "hangs"),
        ({"rpicam-hello": Output(1, "symbol lookup error")}, "unknown", "symbol lookup"),
        ({}, "unknown", "not installed"),
    ],
)
def test_the_list_of_cameras_is_understood(answers, verdict, word, machine):
    found = machine(answers=answers, config='[source]\nurl="picamera2:0"').only(camera.seen)
    assert (found.verdict, word in found.found) == (verdict, True)


@pytest.mark.parametrize(
    ("total", "free", "verdict"), [(524288, 400000, "ok"), (32768, 30000, "warn"), (262144, 9000, "warn")]
)
def test_little_camera_memory_is_a_warning(total, free, verdict, machine):
    meminfo = f"MemTotal: 3884356 kB\nCmaTotal:         {total} kB\nCmaFree:          {free} kB\n"
    assert machine({**PI, "/proc/meminfo": meminfo}).only(camera.cma).verdict == verdict
