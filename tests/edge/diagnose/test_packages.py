"""Python, its environment and its packages."""

from pathlib import Path

import pytest

from ocr_edge.diagnose import packages, python
from ocr_edge.diagnose.check import ok
from ocr_edge.diagnose.probe import Output, Python

PI = {
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "/etc/os-release": "VERSION_CODENAME=bookworm",
}
BINARY = "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88"


@pytest.mark.parametrize(
    ("version", "bits", "processor", "verdict", "word"),
    [
        ((3, 11, 2), 64, "aarch64", "ok", "3.11.2"),
        ((3, 9, 2), 64, "aarch64", "fail", "3.11 or newer"),
        ((3, 11, 2), 32, "armv7l", "fail", "needs a 64-bit OS"),
        ((3, 11, 2), 32, "aarch64", "fail", "needs a 64-bit OS"),
        ((3, 13, 0), 64, "riscv64", "warn", "tested on"),
    ],
)
def test_python_must_be_new_and_wide_enough(version, bits, processor, verdict, word, machine):
    probe = machine()
    probe.python = Python(version, bits, processor)
    found = probe.only(python.interpreter)
    assert (found.verdict, word in found.found) == (verdict, True)


@pytest.mark.parametrize(
    ("text", "verdict", "word"),
    [
        ("home = /usr/bin\ninclude-system-site-packages = true", "ok", ""),
        ("home = /usr/bin\ninclude-system-site-packages = false", "fail", "sudo sed -i"),
        (
            "home = /home/me/.pyenv/bin\ninclude-system-site-packages = true",
            "fail",
            "/usr/bin/python3 -m venv",
        ),
    ],
)
def test_a_venv_must_see_apts_picamera2(text, verdict, word, machine):
    probe = machine({**PI, "/venv/pyvenv.cfg": text})
    probe.python = Python(prefix="/venv", base_prefix="/usr")
    found = probe.only(python.environment)
    assert (found.verdict, word in found.advice) == (verdict, True)
    assert not list(python.environment(machine(config='[source]\nurl="dir:/x"')))


def test_picamera2_from_pip_is_wrong_and_from_apt_right(machine):
    pip = {
        "picamera2": ("0.3.38", Path("/venv/lib/python3.11/site-packages")),
        "rpi-kms": ("1", Path("/venv/lib")),
    }
    assert "uninstall picamera2 rpi-kms" in machine(PI, packages=pip).only(python.from_pip).advice
    apt = {"picamera2": ("0.3.31", Path("/usr/lib/python3/dist-packages"))}
    assert not list(python.from_pip(machine(PI, packages=apt)))


def test_two_opencvs_in_one_folder_are_found(machine):
    both = {"opencv-python": ("4.11", Path("/x")), "opencv-python-headless": ("4.11", Path("/x"))}
    found = machine(PI, packages=both).only(packages.opencv)
    assert found.verdict == "fail"
    assert "uninstall -y opencv-python opencv-python-headless" in found.advice
    assert "'opencv-python-headless<4.12' 'numpy<2'" in found.advice


@pytest.mark.parametrize(
    ("answer", "package", "advice"),
    [
        (Output(1, BINARY), "picamera2", "'numpy<2' 'opencv-python-headless<4.12'"),
        (Output(1, "ImportError: numpy.core.multiarray failed to import"), "ai-edge-litert", "'numpy<2'"),
        (
            Output(1, "ImportError: numpy.core.multiarray failed to import"),
            "tflite-runtime",
            "install 'ai-edge-litert",
        ),
        (Output(1, "ModuleNotFoundError: No module named 'libcamera'"), "picamera2", "sudo apt install"),
        (Output(1, "ModuleNotFoundError: No module named 'paho'"), "paho-mqtt", "install paho-mqtt"),
        (
            Output(1, "ImportError: libGL.so.1: cannot open shared object file"),
            "opencv-python-headless",
            "uninstall -y",
        ),
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
def test_a_failed_import_is_explained(answer, package, advice, machine):
    assert advice in packages.explain(answer, package, machine())


def test_every_import_is_tried_and_how_it_died_is_told(machine):
    answers = {
        "import numpy": "2.4.6",
        "import cv2": Output(-7),
        "import msgspec": "0.2",
        "import paho": Output(None),
    }
    probe = machine(answers=answers, config='[source]\nurl="file:x"\n[mqtt]\nhost="h"')
    found = {check.name: check for check in packages.imports(probe)}
    assert {name: check.verdict for name, check in found.items()} == {
        "numpy": "ok",
        "opencv-python-headless": "fail",
        "msgspec": "ok",
        "paho-mqtt": "fail",
    }
    assert "was ended by SIGBUS" in found["opencv-python-headless"].found
    assert "did not end in time" in found["paho-mqtt"].found


def test_the_runtime_must_run_the_shipped_bundle(tmp_path, machine):
    both = {"ai-edge-litert": ("2.3.0", tmp_path)}
    good = machine(answers={"verify shipped": "shipped: fine; 48 of 48"}, packages=both)
    assert good.only(packages.runtime) == ok("runtime", "ai-edge-litert 2.3.0; 48 of 48")
    bad = machine(answers={"verify shipped": Output(-4)}, packages=both).only(packages.runtime)
    assert (bad.verdict, "SIGILL" in bad.found) == ("fail", True)
    assert "pip install 'ai-edge-litert" in machine().only(packages.runtime).advice


def test_large_pages_are_named(machine):
    assert "16 KiB" in machine(answers={"getconf": "16384\n"}).only(packages.pages).found
    assert not list(packages.pages(machine(answers={"getconf": "4096\n"})))
