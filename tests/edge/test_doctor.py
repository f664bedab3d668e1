"""``ocr-edge doctor``: checks fed with a made-up machine, and the command on this one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_edge.cli import main
from ocr_edge.config.load import parse
from ocr_edge.doctor import board, camera, clock, examine, packages, python, report, service, settings, storage
from ocr_edge.doctor.check import Check, fail, ok, unknown, warn
from ocr_edge.doctor.probe import Output, Person, Probe, Python, Space

PI = {"/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0", "/etc/os-release": "VERSION_CODENAME=bookworm"}
BINARY = "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88"


class Machine(Probe):
    """A machine made of files, answers to commands by their beginning, and Python packages."""

    def __init__(self, root, files=(), answers=(), found=(), config=""):
        super().__init__(root=root, config=parse(config, Path("/c.toml")) if config else None)
        self.answers, self.found = dict(answers), dict(found)
        self.person = Person("ocr-edge", 12345, frozenset({54321}))
        for name, text in dict(files).items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(text)

    def run(self, *command, timeout_s=10.0):
        line = " ".join(command)
        found = [answer for start, answer in self.answers.items() if start in line]
        return Output(0, found[0]) if found and isinstance(found[0], str) else found[0] if found else None

    def packages(self):
        return self.found

    @property
    def state(self):
        return self.root / "state"


def only(check, probe):
    (found,) = check(probe)
    return found


@pytest.mark.parametrize(
    ("version", "bits", "machine", "verdict", "word"),
    [
        ((3, 11, 2), 64, "aarch64", "ok", "3.11.2"),
        ((3, 9, 2), 64, "aarch64", "fail", "3.11 or newer"),
        ((3, 11, 2), 32, "armv7l", "fail", "needs a 64-bit OS"),
        ((3, 11, 2), 32, "aarch64", "fail", "needs a 64-bit OS"),
        ((3, 13, 0), 64, "riscv64", "warn", "tested on"),
    ],
)
def test_python_must_be_new_and_wide_enough(version, bits, machine, verdict, word, tmp_path):
    probe = Machine(tmp_path)
    probe.python = Python(version, bits, machine)
    found = only(python.interpreter, probe)
    assert (found.verdict, word in found.found) == (verdict, True)


@pytest.mark.parametrize(
    ("text", "verdict", "word"),
    [
        ("home = /usr/bin\ninclude-system-site-packages = true", "ok", ""),
        ("home = /usr/bin\ninclude-system-site-packages = false", "fail", "sudo sed -i"),
        ("home = /home/me/.pyenv/bin\ninclude-system-site-packages = true", "fail", "/usr/bin/python3 -m venv"),
    ],
)
def test_a_venv_must_see_apts_picamera2(text, verdict, word, tmp_path):
    probe = Machine(tmp_path, {**PI, "/venv/pyvenv.cfg": text})
    probe.python = Python(prefix="/venv", base_prefix="/usr")
    found = only(python.environment, probe)
    assert (found.verdict, word in found.advice) == (verdict, True)
    assert not list(python.environment(Machine(tmp_path, config='[source]\nurl="dir:/x"')))


def test_picamera2_from_pip_is_wrong_and_from_apt_right(tmp_path):
    pip = {"picamera2": ("0.3.38", Path("/venv/lib/python3.11/site-packages")), "rpi-kms": ("1", Path("/venv/lib"))}
    assert "uninstall picamera2 rpi-kms" in only(python.from_pip, Machine(tmp_path, PI, found=pip)).advice
    apt = {"picamera2": ("0.3.31", Path("/usr/lib/python3/dist-packages"))}
    assert not list(python.from_pip(Machine(tmp_path, PI, found=apt)))


def test_two_opencvs_in_one_folder_are_found(tmp_path):
    both = {"opencv-python": ("4.11", Path("/x")), "opencv-python-headless": ("4.11", Path("/x"))}
    found = only(packages.opencv, Machine(tmp_path, PI, found=both))
    assert found.verdict == "fail"
    assert "uninstall -y opencv-python opencv-python-headless" in found.advice
    assert "'opencv-python-headless<4.12' 'numpy<2'" in found.advice


@pytest.mark.parametrize(
    ("answer", "package", "advice"),
    [
        (Output(1, BINARY), "picamera2", "'numpy<2' 'opencv-python-headless<4.12'"),
        (Output(1, "ImportError: numpy.core.multiarray failed to import"), "ai-edge-litert", "'numpy<2'"),
        (Output(1, "ImportError: numpy.core.multiarray failed to import"), "tflite-runtime", "install 'ai-edge-litert"),
        (Output(1, "ModuleNotFoundError: No module named 'libcamera'"), "picamera2", "sudo apt install"),
        (Output(1, "ModuleNotFoundError: No module named 'paho'"), "paho-mqtt", "install paho-mqtt"),
        (Output(1, "ImportError: libGL.so.1: cannot open shared object file"), "opencv-python-headless", "uninstall -y"),
        (Output(1, "x.so: ELF load command address/offset not page-aligned"), "numpy", "kernel=kernel8.img"),
        (Output(1, "libc.so.6: version `GLIBC_2.38' not found"), "ai-edge-litert", "Bookworm or newer"),
        (Output(1, "x.so: wrong ELF class: ELFCLASS32"), "numpy", "another processor"),
        (Output(1, "cannot allocate memory in static TLS block"), "opencv-python-headless", "LD_PRELOAD="),
        (Output(-4), "ai-edge-litert", "another processor"),
        (Output(-7), "ai-edge-litert", "kernel8.img"),
        (Output(-9), "ai-edge-litert", "memory ran out"),
        (Output(None), "numpy", "SD card slow"),
        (Output(1, "something new"), "numpy", "--force-reinstall numpy"),
    ],
)
def test_a_failed_import_is_explained(answer, package, advice, tmp_path):
    assert advice in packages.explain(answer, package, Machine(tmp_path))


def test_every_import_is_tried_and_how_it_died_is_told(tmp_path):
    answers = {"import numpy": "2.4.6", "import cv2": Output(-7), "import msgspec": "0.2", "import paho": Output(None)}
    probe = Machine(tmp_path, answers=answers, config='[source]\nurl="file:x"\n[mqtt]\nhost="h"')
    found = {check.name: check for check in packages.imports(probe)}
    assert {name: check.verdict for name, check in found.items()} == {
        "numpy": "ok",
        "opencv-python-headless": "fail",
        "msgspec": "ok",
        "paho-mqtt": "fail",
    }
    assert "was ended by SIGBUS" in found["opencv-python-headless"].found
    assert "did not end in time" in found["paho-mqtt"].found


def test_the_runtime_must_run_the_shipped_bundle(tmp_path):
    both = {"ai-edge-litert": ("2.3.0", tmp_path)}
    good = only(packages.runtime, Machine(tmp_path, answers={"verify shipped": "shipped: fine; 48 of 48"}, found=both))
    assert good == ok("runtime", "ai-edge-litert 2.3.0; 48 of 48")
    bad = only(packages.runtime, Machine(tmp_path, answers={"verify shipped": Output(-4)}, found=both))
    assert (bad.verdict, "SIGILL" in bad.found) == ("fail", True)
    assert "pip install 'ai-edge-litert" in only(packages.runtime, Machine(tmp_path)).advice


def test_large_pages_are_named(tmp_path):
    assert "16 KiB" in only(packages.pages, Machine(tmp_path, answers={"getconf": "16384\n"})).found
    assert not list(packages.pages(Machine(tmp_path, answers={"getconf": "4096\n"})))


def test_picamera2_that_cannot_be_imported_is_explained(tmp_path):
    found = only(camera.picamera2, Machine(tmp_path, PI, {"import picamera2": Output(1, BINARY)}))
    assert (found.verdict, "numpy<2" in found.advice) == ("fail", True)


def test_a_camera_that_the_daemon_may_not_open_is_found(tmp_path):
    nodes = dict.fromkeys(["/dev/media0", "/dev/video0", "/dev/dma_heap/cma", "/dev/dma_heap/system"], "")
    probe = Machine(tmp_path, {**PI, **nodes})
    for node in nodes:
        probe.path(node).chmod(0o666)
    assert only(camera.devices, probe).verdict == "ok"
    probe.path("/dev/dma_heap/system").chmod(0o600)  # of the heaps one is enough
    assert only(camera.devices, probe).verdict == "ok"
    probe.path("/dev/media0").chmod(0o660)
    found = only(camera.devices, probe)
    assert found.found == "user ocr-edge may not open /dev/media0"
    assert "sudo usermod -aG video ocr-edge" in found.advice
    probe.person = Person("ocr-edge", 12345, frozenset({probe.path("/dev/media0").stat().st_gid}))
    assert only(camera.devices, probe).verdict == "ok"


def test_missing_devices_are_named(tmp_path):
    assert "no /dev/media*" in only(camera.devices, Machine(tmp_path / "a", PI)).found
    assert "no /dev/dma_heap" in only(camera.devices, Machine(tmp_path / "b", {**PI, "/dev/media0": ""})).found
    usb = Machine(tmp_path / "c", {"/dev/video2": ""}, config='[source]\nurl="v4l2:/dev/video0"')
    assert only(camera.devices, usb).found == "/dev/video0 is not there; found: /dev/video2"
    pins = Machine(tmp_path / "d", {"/dev/gpiochip4": ""}, config='[source]\nurl="dir:/x"\n[source.lamp]\nline=3')
    assert only(camera.lines, pins).found == "/dev/gpiochip0 is not there; found: /dev/gpiochip4"


@pytest.mark.parametrize(
    ("answers", "verdict", "word"),
    [
        ({"rpicam-hello": "Available cameras\n---\n0 : imx708 [4608x2592] (/base/soc)\n    Modes: "}, "ok", "0: imx708"),
        ({"libcamera-hello": "Available cameras\n1 : ov5647 [x]"}, "fail", "asks for camera 0; found 1: ov5647"),
        ({"rpicam-hello": "No cameras available!"}, "fail", "finds no camera"),
        ({"rpicam-hello": Output(None)}, "fail", "hangs"),
        ({"rpicam-hello": Output(1, "symbol lookup error")}, "unknown", "symbol lookup"),
        ({}, "unknown", "not installed"),
    ],
)
def test_the_list_of_cameras_is_understood(answers, verdict, word, tmp_path):
    found = only(camera.seen, Machine(tmp_path, answers=answers, config='[source]\nurl="picamera2:0"'))
    assert (found.verdict, word in found.found) == (verdict, True)


@pytest.mark.parametrize(
    ("total", "free", "verdict"), [(524288, 400000, "ok"), (32768, 30000, "warn"), (262144, 9000, "warn")]
)
def test_little_camera_memory_is_a_warning(total, free, verdict, tmp_path):
    meminfo = f"MemTotal: 3884356 kB\nCmaTotal:         {total} kB\nCmaFree:          {free} kB\n"
    assert only(camera.cma, Machine(tmp_path, {**PI, "/proc/meminfo": meminfo})).verdict == verdict
