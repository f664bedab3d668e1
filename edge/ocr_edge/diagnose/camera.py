"""The camera: who may use it, whether it is seen, and the memory it needs."""

import re
from collections.abc import Iterator

from ocr_edge.diagnose.finding import Finding, error, ok, unknown, warning
from ocr_edge.diagnose.probe import Probe

MIN_CMA_KB = 64 << 10
MIN_CMA_FREE_KB = 24 << 10
"""Four buffers of 1280x720 in colour, as many of the raw stream and the small one need about 20 MiB."""

CABLE = (
    "switch the Pi off, push the ribbon cable in again at both ends (contacts as in the camera's leaflet), and see that"
    " /boot/firmware/config.txt has camera_auto_detect=1 or your camera's dtoverlay= line"
)


def devices(probe: Probe) -> Iterator[Finding]:
    """Whether the daemon's user may open the camera's devices."""
    from ocr_edge.config import urls  # noqa: PLC0415 - msgspec may be what is broken

    kind, where = urls.split(probe.config.source.url) if probe.config else ("", "")
    if kind == "v4l2":
        wanted = [path for path in [probe.path(where)] if path.exists()]
        if not wanted:
            return  # the check of the source says so
    elif probe.wants_picamera2:
        wanted = [path for name in ("media*", "video*", "dma_heap/*") for path in probe.glob(f"/dev/{name}")]
        if not probe.glob("/dev/media*"):
            yield error("camera device", "no /dev/media*: the kernel knows no camera", CABLE)
            return
        if not probe.glob("/dev/dma_heap/*"):
            memory = "no /dev/dma_heap/*: libcamera finds no memory"
            yield error("camera device", memory, "sudo apt full-upgrade; sudo reboot")
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
        yield error("camera device", f"user {person.name} may not open {names}", advice)
    else:
        yield ok("camera device", f"user {person.name} may open {len(wanted)} devices")


def seen(probe: Probe) -> Iterator[Finding]:
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
            yield error(
                "camera",
                f"source.url asks for camera {index}; found {found}",
                "put a number from this list there",
            )
        else:
            yield ok("camera", found)
    elif "No cameras available" in done.text:
        yield error("camera", "libcamera finds no camera", CABLE)
    elif done.code is None:
        yield error(
            "camera", f"{tool} hangs: the camera or its driver is stuck", "switch the Pi off and on again"
        )
    else:
        yield unknown("camera", f"not known: {tool} {done.end}: {done.last}")


def cma(probe: Probe) -> Iterator[Finding]:
    """Whether there is contiguous memory for the camera's buffers."""
    total, free = (probe.memory_kb.get(name, 0) for name in ("CmaTotal", "CmaFree"))
    if not probe.wants_picamera2 or not total:
        return
    found = f"{free >> 10} of {total >> 10} MiB free"
    running = probe.unit.get("ActiveState") == "active"
    if total < MIN_CMA_KB:
        yield warning(
            "camera memory (CMA)",
            f"{found}; {MIN_CMA_KB >> 10} MiB are wanted",
            "in /boot/firmware/config.txt write dtoverlay=vc4-kms-v3d,cma-128 for dtoverlay=vc4-kms-v3d; sudo reboot",
        )
    elif free < MIN_CMA_FREE_KB and not running:
        yield warning(
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
