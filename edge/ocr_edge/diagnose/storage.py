"""The disk: room, whether it can be written, and how fast it is worn out."""

from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, warn
from ocr_edge.diagnose.probe import Probe, existing

LOW_MB, VERY_LOW_MB = 500, 100
LOW_INODES = 0.02
HEAVY_GB_A_DAY = 10.0
"""A 32 GB card stands about 10 TB: three years at this rate."""
SECTOR = 512


def room(probe: Probe) -> Iterator[Check]:
    """Whether the state folder's disk has room."""
    folder = existing(probe.state)
    space = probe.space(folder)
    free = space.free / 1e6
    found = f"{free / 1000:.1f} of {space.total / 1e9:.1f} GB free below {folder}"
    advice = (
        "see what takes it: sudo du -xh / --max-depth=3 | sort -h | tail; sudo journalctl --vacuum-size=100M;"
        " lower store.max_mb"
    )
    if free < VERY_LOW_MB:
        yield fail("disk", f"{found}: readings will be lost", advice)
    elif free < LOW_MB:
        yield warn("disk", found, advice)
    elif space.inodes < LOW_INODES:
        yield warn("disk", f"{found}, but room for {space.inodes:.1%} of its files only", advice)
    else:
        yield ok("disk", found)


def read_only(probe: Probe) -> Iterator[Check]:
    """Whether what is written stays."""
    mount = _mount(probe)
    if mount is None:
        return
    point, kind, options = mount
    if "ro" in options:
        yield fail(
            "read-only",
            f"{point} is read-only: nothing can be kept",
            f"sudo mount -o remount,rw {point}; if nobody made it so, the card may be dying: dmesg | grep -i mmc",
        )
    elif kind in {"overlay", "tmpfs"}:
        yield warn(
            "read-only",
            f"{point} is in memory ({kind}): readings and installed bundles are gone after a restart",
            "mount a disk at /var/lib/ocr-edge, or switch the overlay off in: sudo raspi-config (Performance Options)",
        )


def wear(probe: Probe) -> Iterator[Check]:
    """How much is written to the SD card in a day."""
    uptime = (probe.text("/proc/uptime") or "").split()
    for path in probe.glob("/sys/block/mmcblk[0-9]/stat"):
        words = (probe.text(path) or "").split()
        if len(words) < 7 or not uptime or float(uptime[0]) < 3600:
            continue
        a_day = int(words[6]) * SECTOR / 1e9 / float(uptime[0]) * 86400
        found = f"{a_day:.1f} GB a day are written to {path.parent.name}"
        if a_day > HEAVY_GB_A_DAY:
            yield warn(
                "wear of the card",
                f"{found}: it will not last",
                "raise store.commit_s, set Storage=volatile in /etc/systemd/journald.conf, use an SSD;"
                " see who writes: sudo apt install iotop; sudo iotop -aoP",
            )
        else:
            yield ok("wear of the card", found)


def _mount(probe: Probe) -> tuple[str, str, list[str]] | None:
    """Mount point, kind and options of the file system that holds the state folder."""
    found = None
    for line in (probe.text("/proc/mounts") or "").splitlines():
        words = line.split()
        if len(words) < 4:
            continue
        point = words[1].encode().decode("unicode_escape")
        inside = str(probe.state) == point or str(probe.state).startswith(point.rstrip("/") + "/")
        # The last one wins: it lies over the others.
        if inside and (found is None or len(point) >= len(found[0])):
            found = (point, words[2], words[3].split(","))
    return found
