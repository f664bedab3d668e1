"""The service: whether systemd starts it, and how it fares."""

from collections.abc import Iterator

from ocr_edge.diagnose.finding import Finding, error, ok, unknown, warning
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


def unit(probe: Probe) -> Iterator[Finding]:
    """Whether the service is installed, enabled and running."""
    facts = probe.unit
    loaded, state, enabled = (facts.get(key, "") for key in ("LoadState", "ActiveState", "UnitFileState"))
    result, status = facts.get("Result", ""), facts.get("ExecMainStatus", "")
    restarts = facts.get("NRestarts", "")
    why = "" if result == "success" else RESULTS.get(result, f"it ended with {result} {status}")
    more = LOG
    if result == "exit-code" and status in ENDS:
        why, more = ENDS[status]
    if not facts:
        yield unknown("service", "not known: systemd does not answer here")
    elif loaded == "not-found":
        found = f"{UNIT} is not installed: nothing starts it at boot"
        yield warning("service", found, "sudo systemd/install.sh")
    elif loaded != "loaded":
        yield error(
            "service", f"{UNIT} is {loaded}", f"systemd-analyze verify {UNIT}; systemctl status {UNIT}"
        )
    elif state == "failed":
        yield error("service", f"has failed: {why}", f"{more}; then: sudo systemctl restart ocr-edge")
    elif enabled not in {"enabled", "enabled-runtime"}:
        found = f"is {state}, but {enabled}: not started after a power cut"
        yield warning("service", found, "sudo systemctl enable --now ocr-edge")
    elif state == "inactive":
        yield warning("service", "is installed, but does not run", "sudo systemctl start ocr-edge")
    elif restarts.isdigit() and int(restarts) >= MANY_RESTARTS:
        found = f"is {state}, but was restarted {restarts} times{': ' + why if why else ''}"
        yield warning("service", found, LOG)
    elif state == "activating" and why:
        yield error("service", f"starts again and again: {why}", more)
    else:
        yield ok("service", f"is {state} and {enabled}")
