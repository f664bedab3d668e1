"""The service: whether systemd starts it, and how it fares."""

from collections.abc import Iterator

from ocr_edge.diagnose.check import Check, fail, ok, unknown, warn
from ocr_edge.diagnose.probe import UNIT, Probe

LOG = "journalctl -u ocr-edge -n 50"
MANY_RESTARTS = 5

ENDS = {
    "2": ("the configuration is wrong", "sudo ocr-edge check"),
    "3": ("no bundle can be used", "sudo ocr-edge bundle verify"),
}
"""What exit codes of the daemon mean, and the command that says more."""

RESULTS = {
    "watchdog": "it stopped responding and was ended by the watchdog",
    "oom-kill": "memory ran out",
    "timeout": "it did not start or end in time",
    "signal": "it was killed",
    "core-dump": "it crashed",
}


def unit(probe: Probe) -> Iterator[Check]:
    """Whether the service is installed, enabled and running."""
    facts = probe.unit
    if not facts:
        yield unknown("service", "not known: systemd does not answer here")
        return
    if facts.get("LoadState") == "not-found":
        yield warn(
            "service",
            f"{UNIT} is not installed: nothing starts it at boot",
            "sudo systemd/install.sh",
        )
        return
    if facts.get("LoadState") != "loaded":
        yield fail(
            "service",
            f"{UNIT} is {facts.get('LoadState')}",
            f"systemd-analyze verify {UNIT}; systemctl status {UNIT}",
        )
        return
    state = facts.get("ActiveState", "")
    result, status = facts.get("Result", ""), facts.get("ExecMainStatus", "")
    why, more = (
        ("", LOG) if result == "success" else (RESULTS.get(result, f"it ended with {result} {status}"), LOG)
    )
    if result == "exit-code" and status in ENDS:
        why, more = ENDS[status]
    restarts = facts.get("NRestarts", "0")
    if state == "failed":
        yield fail("service", f"has failed: {why}", f"{more}; then: sudo systemctl restart ocr-edge")
    elif facts.get("UnitFileState") not in {"enabled", "enabled-runtime"}:
        yield warn(
            "service",
            f"is {state}, but {facts.get('UnitFileState')}: not started after a power cut",
            "sudo systemctl enable --now ocr-edge",
        )
    elif state == "inactive":
        yield warn("service", "is installed, but does not run", "sudo systemctl start ocr-edge")
    elif restarts.isdigit() and int(restarts) >= MANY_RESTARTS:
        yield warn(
            "service", f"is {state}, but was restarted {restarts} times{': ' + why if why else ''}", LOG
        )
    elif state == "activating" and why:
        yield fail("service", f"starts again and again: {why}", more)
    else:
        yield ok("service", f"is {state} and {facts.get('UnitFileState')}")
