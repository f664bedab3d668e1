"""The clock: a Pi without a network starts in the past."""

import time
from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, unknown, warn
from ocr_edge.diagnose.probe import Probe

BUILT = 1_780_000_000
"""Epoch seconds in 2026: a clock before this is wrong for certain."""


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
