"""The board: power, heat, memory, and the clock, which starts in the past where there is no network."""

import re
import time
from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, unknown, warn
from ocr_edge.diagnose.probe import Probe

UNDER_VOLTAGE, CAPPED, THROTTLED, HOT = 1, 2, 4, 8
"""Bits of the firmware's answer for now; 16 bits higher the same, since the start."""
WARM_C, HOT_C = 75.0, 82.0
"""The firmware slows the processor at 80 and, harder, at 85 degrees Celsius."""
LOW_MB, VERY_LOW_MB = 200, 80
SMALL_MB = 1100

POWER = (
    "use the official power supply (Pi 4: 5.1 V 3 A, Pi 5: 5.1 V 5 A) with its own short cable;"
    " take USB devices off"
)
COOL = "give the Pi air, a heat sink or a fan; raise source.interval_s"

BUILT = 1_780_000_000
"""Epoch seconds in 2026: a clock before this is wrong for certain."""


def throttling(probe: Probe) -> Iterator[Check]:
    """Whether the power supply and the heat let the processor run."""
    text = _throttled(probe)
    if text is None:
        if "Raspberry Pi" in probe.model:
            yield unknown(
                "power", "not known: neither vcgencmd nor the kernel says", "sudo apt install raspi-utils"
            )
        return
    bits = int(text, 16)
    now, past = bits & 0xF, bits >> 16 & 0xF
    if now & UNDER_VOLTAGE:
        yield fail("power", "under-voltage right now: cameras drop out and SD cards break", POWER)
    elif past & UNDER_VOLTAGE:
        yield warn("power", "under-voltage since the last start", POWER)
    else:
        yield ok("power", "no under-voltage since the last start")
    if now & (CAPPED | THROTTLED | HOT):
        yield warn("speed", "the processor is slowed down right now, by heat or power", COOL)
    elif past & (THROTTLED | HOT):
        yield warn("speed", "the processor was slowed down since the last start, by heat or power", COOL)


def temperature(probe: Probe) -> Iterator[Check]:
    """Whether the processor is near its limit."""
    degrees = []
    for zone in probe.glob("/sys/class/thermal/thermal_zone*"):
        kind, thousandths = probe.text(zone / "type") or "", probe.text(zone / "temp") or ""
        if "cpu" in kind and thousandths.lstrip("-").isdigit():
            degrees.append(int(thousandths) / 1000)
    if not degrees:
        return
    found = f"{max(degrees):.0f} °C"
    if max(degrees) >= HOT_C:
        yield fail("temperature", f"{found}: the processor is slowed down", COOL)
    elif max(degrees) >= WARM_C:
        yield warn("temperature", f"{found}: slowed down from 80 °C on", COOL)
    else:
        yield ok("temperature", found)


def memory(probe: Probe) -> Iterator[Check]:
    """Whether there is memory left."""
    numbers = _meminfo(probe)
    if "MemAvailable" not in numbers:
        yield unknown("memory", "not known: no /proc/meminfo")
        return
    free, total = numbers["MemAvailable"], numbers["MemTotal"]
    found = f"{free} of {total} MB available"
    advice = "see what takes it: ps -eo rss,comm --sort=-rss | head; a system without desktop (Lite) needs far less"
    if free < VERY_LOW_MB:
        yield fail("memory", found, advice)
    elif free < LOW_MB:
        yield warn("memory", found, advice)
    else:
        yield ok("memory", found)


def swap(probe: Probe) -> Iterator[Check]:
    """Whether swap is compressed memory, and not a file that wears the SD card."""
    lines = [line.split() for line in (probe.text("/proc/swaps") or "").splitlines()[1:]]
    numbers = _meminfo(probe)
    if "MemTotal" not in numbers:
        return
    files = [words for words in lines if len(words) >= 4 and "zram" not in words[0]]
    used = sum(int(words[3]) for words in files) >> 10
    zram = "sudo apt install zram-tools"
    if probe.release == "bookworm":
        zram += "; sudo systemctl disable --now dphys-swapfile"
    if used > 50:
        yield warn("swap", f"{used} MB are swapped to {files[0][0]}: slow, and wears the SD card", zram)
    elif not lines and numbers["MemTotal"] < SMALL_MB:
        yield warn("swap", f"none, with {numbers['MemTotal']} MB of memory", zram)
    else:
        yield ok("swap", ", ".join(words[0] for words in lines) or "none")


def synchronised(probe: Probe) -> Iterator[Check]:
    """Whether the clock is set by the network."""
    now = probe.now()
    if now < BUILT:
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        yield fail(
            "clock",
            f"says {day}, which is long ago: readings get wrong times, and no certificate is valid",
            "give the Pi a network or a clock chip (RTC), then: sudo timedatectl set-ntp true",
        )
        return
    shown = probe.run("timedatectl", "show", "--property=NTPSynchronized,NTP")
    text = shown.text if shown and shown.code == 0 else ""
    if "NTPSynchronized=yes" in text or probe.path("/run/systemd/timesync/synchronized").exists():
        yield ok("clock", "set by the network")
    elif "NTP=no" in text.splitlines():
        yield warn("clock", "not set by the network: that is switched off", "sudo timedatectl set-ntp true")
    elif "NTPSynchronized=no" in text:
        yield warn(
            "clock",
            "not set by the network yet",
            "timedatectl timesync-status; does a firewall close port 123/udp?",
        )
    else:
        yield unknown("clock", "not known: timedatectl does not answer")


def _throttled(probe: Probe) -> str | None:
    """The firmware's answer, hexadecimal."""
    done = probe.run("vcgencmd", "get_throttled")
    if done is not None and (match := re.search(r"throttled=0x([0-9a-fA-F]+)", done.text)):
        return match[1]
    for path in probe.glob("/sys/devices/platform/soc*/*/get_throttled"):
        text = probe.text(path) or ""
        if re.fullmatch(r"(0x)?[0-9a-fA-F]+", text):
            return text
    return None


def _meminfo(probe: Probe) -> dict[str, int]:
    """``/proc/meminfo`` in MB."""
    found = re.findall(r"^(\w+):\s+(\d+) kB", probe.text("/proc/meminfo") or "", re.MULTILINE)
    return {name: int(number) * 1024 // 10**6 for name, number in found}
