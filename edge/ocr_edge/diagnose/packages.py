"""NumPy, OpenCV and the interpreter of the networks: clashes show only when they are really used."""

import re
from collections.abc import Iterator, Sequence

from ocr_edge.diagnose.finding import Finding, error, ok, unknown
from ocr_edge.diagnose.probe import Output, Probe

SLOW_S = 60.0
"""Seconds for an import: a cold SD card and a Pi Zero 2 W."""

RUNTIMES = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
LITERT = "'ai-edge-litert>=2.1,<3'"
OPENCV = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)


def opencv(probe: Probe) -> Iterator[Finding]:
    """Whether one OpenCV is installed, and not several into the same folder."""
    found = [name for name in OPENCV if name in probe.packages()]
    # apt's python3-opencv calls itself opencv and lies elsewhere.
    if len(found) > 1:
        wanted = _wanted("opencv-python-headless", probe)
        yield error(
            "opencv",
            f"{' and '.join(found)} are both installed and overwrite each other",
            f"{probe.pip} uninstall -y {' '.join(found)}; {probe.pip} install {wanted}",
        )


def imports(probe: Probe) -> Iterator[Finding]:
    """Whether what the program needs can be imported, tried in a process of its own."""
    for module, package in _needed(probe).items():
        top = module.partition(".")[0]
        code = f"import {module}; import {top} as m; print(getattr(m, '__version__', 'works'))"
        done = probe.run(probe.python.executable, "-c", code, timeout_s=SLOW_S)
        yield outcome(package, done, f"import {module}", package, probe)


def runtime(probe: Probe) -> Iterator[Finding]:
    """Whether the interpreter of the networks really runs the shipped bundle."""
    installed = {name: probe.packages()[name][0] for name in RUNTIMES if name in probe.packages()}
    found = ", ".join(f"{name} {version}" for name, version in installed.items())
    if not installed:
        missing = "neither ai-edge-litert nor tflite-runtime is installed"
        yield error("runtime", missing, f"{probe.pip} install {LITERT}")
        return
    verify = (probe.python.executable, "-m", "ocr_edge", "bundle", "verify", "shipped")
    done = probe.run(*verify, timeout_s=SLOW_S)
    yield outcome("runtime", done, f"{found}: the shipped bundle", next(iter(installed)), probe)


def pages(probe: Probe) -> Iterator[Finding]:
    """Whether memory comes in the 16 KiB pages of the Pi 5's kernel, which some packages cannot load with."""
    done = probe.run("getconf", "PAGESIZE")
    size = int(done.last) if done and done.last.isdigit() else 4096
    if size > 4096:
        yield ok(
            "pages", f"{size >> 10} KiB, as on a Pi 5; some packages cannot be loaded then: see 'runtime'"
        )


def outcome(name: str, done: Output | None, what: str, package: str, probe: Probe) -> Finding:
    """What a process that tried something has shown: a package, by importing it or by running it."""
    if done is None:
        return unknown(name, "not known: Python could not be started")
    if done.code == 0:
        return ok(name, done.last)
    return error(name, f"{what} {done.end}: {done.last}", explain(done, package, probe))


def explain(done: Output, package: str, probe: Probe) -> str:
    """What to do about an import that failed, from its message.

    Args:
        done: What the import or the self-test wrote, and how it ended.
        package: What was tried.
        probe: The machine.

    Returns:
        One line with the exact command.
    """
    if done.code is None:
        return "is the SD card slow or dying? look with: dmesg | grep -i mmc; then run ocr-edge doctor again"
    if done.code in {-4, -7, -11}:
        return (
            f"it was built for another processor or page size: {probe.pip} install --force-reinstall --no-cache-dir"
            f" {_wanted(package, probe)}; on a Pi 5 also try kernel=kernel8.img in /boot/firmware/config.txt"
        )
    if done.code == -9:
        return "memory ran out: stop other programs, look with: dmesg | grep -i 'killed process'"
    numpy1 = f"it was built for NumPy 1, but NumPy 2 is installed: {probe.pip} install {NUMPY_1}"
    if package == "tflite-runtime":
        numpy1 = f"it is too old for NumPy 2: {probe.pip} install {LITERT}"
    for pattern, advice in _MESSAGES:
        if re.search(pattern, done.text):
            return advice.format(pip=probe.pip, wanted=_wanted(package, probe), numpy1=numpy1)
    return f"{probe.pip} install --force-reinstall {_wanted(package, probe)}"


NUMPY_1 = f"'numpy<2' 'opencv-python-headless<4.12' {LITERT}"
"""What goes together with the picamera2 of Bookworm."""

_MESSAGES: Sequence[tuple[str, str]] = (
    (
        r"numpy\.(dtype|ndarray|ufunc) size changed|compiled using NumPy 1\.x|_ARRAY_API not found"
        r"|multiarray failed to import|needs numpy<2",
        "{numpy1}",
    ),
    (
        r"No module named '(picamera2|libcamera|simplejpeg|v4l2|pykms|prctl)'",
        "sudo apt install --no-install-recommends python3-picamera2 (a venv needs --system-site-packages to see it)",
    ),
    (
        r"libGL\.so|libgthread|libEGL\.so",
        "OpenCV with windows is installed where the headless one belongs: {pip} uninstall -y opencv-python"
        " opencv-contrib-python; {pip} install --force-reinstall {wanted}",
    ),
    (
        r"not page-aligned|page size",
        "it cannot be loaded with 16 KiB pages: add kernel=kernel8.img to /boot/firmware/config.txt and reboot",
    ),
    (
        r"GLIBC(XX)?_[0-9.]+' not found",
        "this system is too old for it: upgrade to Raspberry Pi OS Bookworm or newer",
    ),
    (
        r"wrong ELF class|invalid ELF header|Exec format",
        "it was built for another processor: {pip} install --force-reinstall {wanted}",
    ),
    (
        r"static TLS block",
        "sudo systemctl edit ocr-edge; write [Service] and Environment=LD_PRELOAD=/lib/aarch64-linux-gnu/libgomp.so.1",
    ),
    (r"No module named", "{pip} install {wanted}"),
    (
        r"is damaged|no such folder",
        "a file of the program is damaged; install it again: sudo systemd/install.sh",
    ),
)


def _needed(probe: Probe) -> dict[str, str]:
    """What must be imported, and the package that brings it."""
    config = probe.config
    needed = {"numpy": "numpy", "cv2": "opencv-python-headless", "msgspec": "msgspec"}
    needed |= {module: name for name, module in RUNTIMES.items() if name in probe.packages()}
    if probe.wants_picamera2:
        needed["picamera2"] = "picamera2"
    if config is not None and config.mqtt is not None:
        needed["paho.mqtt.client"] = "paho-mqtt"
    if config is not None and config.http is not None:
        needed |= {"starlette": "starlette", "uvicorn": "uvicorn", "prometheus_client": "prometheus-client"}
    if config is not None and config.http is not None and config.http.secret_file is not None:
        needed["argon2"] = "argon2-cffi"
    if config is not None and (config.source.lamp is not None or config.source.trigger.gpio is not None):
        needed["gpiod"] = "gpiod"
    return needed


def _wanted(package: str, probe: Probe) -> str:
    """A package with the versions that go together on this release."""
    if probe.release == "bookworm" and probe.wants_picamera2:
        return {
            "numpy": "'numpy<2'",
            "opencv-python-headless": "'opencv-python-headless<4.12' 'numpy<2'",
        }.get(package, f"{package} 'numpy<2'")
    return {"ai-edge-litert": LITERT}.get(package, package)
