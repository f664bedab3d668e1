"""The camera: its software, who may use it, whether it is seen, and the memory it needs."""

import re
from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, unknown, warn
from ocr_edge.diagnose.packages import SLOW_S, explain
from ocr_edge.diagnose.probe import Probe

MIN_CMA_KB = 64 << 10
MIN_CMA_FREE_KB = 24 << 10
"""Four buffers of 1280x720 in colour, as many of the raw stream and the small one need about 20 MiB."""

CABLE = (
    "switch the Pi off, push the ribbon cable in again at both ends (contacts as in the camera's leaflet), and see that"
    " /boot/firmware/config.txt has camera_auto_detect=1 or your camera's dtoverlay= line"
)


def picamera2(probe: Probe) -> Iterator[Check]:
    """Whether apt's picamera2 can be imported."""
    if not probe.wants_picamera2:
        return
    done = probe.run(
        probe.python.executable, "-c", "import picamera2; print(picamera2.__file__)", timeout_s=SLOW_S
    )
    if done is None:
        yield unknown("picamera2", "Python could not be started")
    elif done.code == 0:
        yield ok("picamera2", done.last)
    else:
        yield fail("picamera2", f"import {done.end}: {done.last}", explain(done, "picamera2", probe))


def devices(probe: Probe) -> Iterator[Check]:
    """Whether the daemon's user may open the camera's devices."""
    url = probe.config.source.url if probe.config else ""
    if url.startswith("v4l2:"):
        name = url.removeprefix("v4l2:")
        name = f"/dev/video{name}" if name.isdigit() else name
        device = probe.path(name)
        if not device.exists():
            others = ", ".join(f"/dev/{path.name}" for path in probe.glob("/dev/video*")) or "none"
            yield fail(
                "camera device",
                f"{name} is not there; found: {others}",
                "plug the camera in and look with: v4l2-ctl --list-devices; put its name into source.url",
            )
            return
        wanted = [device]
    elif probe.wants_picamera2:
        wanted = [path for name in ("media*", "video*", "dma_heap/*") for path in probe.glob(f"/dev/{name}")]
        if not probe.glob("/dev/media*"):
            yield fail("camera device", "no /dev/media*: the kernel knows no camera", CABLE)
            return
        if not probe.glob("/dev/dma_heap/*"):
            yield fail(
                "camera device",
                "no /dev/dma_heap/*: libcamera finds no memory",
                "sudo apt full-upgrade; sudo reboot",
            )
            return
    else:
        return
    person = probe.person
    closed = [path for path in wanted if not person.may(path, 6)]
    # Of the heaps one is enough.
    heaps = [path for path in wanted if path.parent.name == "dma_heap"]
    if set(closed) & set(heaps) != set(heaps):
        closed = [path for path in closed if path not in heaps]
    if closed:
        names = ", ".join("/" + str(path.relative_to(probe.root)) for path in closed[:3])
        advice = (
            f"sudo usermod -aG video {person.name}; then log in again, and: sudo systemctl restart ocr-edge"
        )
        if set(closed) & set(heaps):
            advice += (
                "; if it stays so: sudo systemd/install.sh, which brings the udev rule for /dev/dma_heap"
            )
        yield fail("camera device", f"user {person.name} may not open {names}", advice)
    else:
        yield ok("camera device", f"user {person.name} may open {len(wanted)} devices")


def lines(probe: Probe) -> Iterator[Check]:
    """Whether the daemon's user may open the GPIO chips of lamp and trigger."""
    source = probe.config.source if probe.config else None
    used = [pin.chip for pin in (source.lamp, source.trigger.gpio) if pin is not None] if source else []
    for chip in sorted(set(used)):
        if not probe.path(chip).exists():
            found = ", ".join(f"/dev/{path.name}" for path in probe.glob("/dev/gpiochip*")) or "none"
            yield fail("gpio", f"{chip} is not there; found: {found}", "correct chip in the configuration")
        elif not probe.person.may(probe.path(chip), 6):
            advice = f"sudo usermod -aG gpio {probe.person.name}; sudo systemctl restart ocr-edge"
            yield fail("gpio", f"user {probe.person.name} may not open {chip}", advice)
        else:
            yield ok("gpio", f"user {probe.person.name} may open {chip}")


def seen(probe: Probe) -> Iterator[Check]:
    """Whether libcamera lists a camera."""
    if not probe.wants_picamera2:
        return
    for tool in ("rpicam-hello", "libcamera-hello"):
        done = probe.run(tool, "--list-cameras", timeout_s=20.0)
        if done is not None:
            break
    else:
        advice = "sudo apt install --no-install-recommends rpicam-apps-lite"
        yield unknown("camera", "not known: rpicam-hello is not installed", advice)
        return
    cameras = re.findall(r"^\s*(\d+) : (\S+)", done.text, re.MULTILINE)
    if cameras:
        index = _index(probe)
        found = ", ".join(f"{number}: {name}" for number, name in cameras)
        if index is not None and index not in {int(number) for number, _ in cameras}:
            yield fail(
                "camera",
                f"source.url asks for camera {index}; found {found}",
                "put a number from this list there",
            )
        else:
            yield ok("camera", found)
    elif "No cameras available" in done.text:
        yield fail("camera", "libcamera finds no camera", CABLE)
    elif done.code is None:
        yield fail(
            "camera", f"{tool} hangs: the camera or its driver is stuck", "switch the Pi off and on again"
        )
    else:
        yield unknown("camera", f"not known: {tool} {done.end}: {done.last}")


def cma(probe: Probe) -> Iterator[Check]:
    """Whether there is contiguous memory for the camera's buffers."""
    numbers = dict(re.findall(r"^(Cma\w+):\s+(\d+) kB", probe.text("/proc/meminfo") or "", re.MULTILINE))
    total, free = int(numbers.get("CmaTotal", 0)), int(numbers.get("CmaFree", 0))
    if not probe.wants_picamera2 or not total:
        return
    found = f"{free >> 10} of {total >> 10} MiB free"
    running = probe.unit.get("ActiveState") == "active"
    if total < MIN_CMA_KB:
        yield warn(
            "camera memory (CMA)",
            f"{found}; {MIN_CMA_KB >> 10} MiB are wanted",
            "in /boot/firmware/config.txt write dtoverlay=vc4-kms-v3d,cma-128 for dtoverlay=vc4-kms-v3d; sudo reboot",
        )
    elif free < MIN_CMA_FREE_KB and not running:
        yield warn(
            "camera memory (CMA)",
            f"{found}; {MIN_CMA_FREE_KB >> 10} MiB are wanted: something keeps buffers",
            "close other camera programs and the desktop, use a smaller source.picamera2.size, or: sudo reboot",
        )
    else:
        yield ok("camera memory (CMA)", found)


def _index(probe: Probe) -> int | None:
    url = probe.config.source.url if probe.config else ""
    number = url.removeprefix("picamera2:")
    return int(number) if url.startswith("picamera2:") and number.isdigit() else None
