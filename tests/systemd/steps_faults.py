"""What the service survives and what it refuses; each step says in a few words what it saw."""

import time

from machine import Machine
from service import (
    CONFIG,
    STATE,
    UNIT,
    configure,
    journal,
    reads_on,
    restarted,
    running,
    show,
    status,
    stored,
)


def killed_with_9_comes_back(machine: Machine) -> str:
    before = running(machine)
    machine.run(f"kill -9 {before}")
    took = restarted(machine, before, 30)
    reads_on(machine)
    return f"READY again after {took:.1f} s"


def hung_process_is_ended_by_the_watchdog(machine: Machine) -> str:
    before = running(machine)
    machine.run(f"kill -STOP {before}")
    took = restarted(machine, before, 90)
    assert "Watchdog timeout" in journal(machine)
    reads_on(machine)
    return f"SIGSTOP; READY again after {took:.1f} s"


def hung_source_is_ended_by_the_watchdog(machine: Machine) -> str:
    """A camera whose name server takes every question and never answers: the lookup blocks for minutes."""
    machine.run(
        "printf 'nameserver 127.0.0.1\\noptions timeout:30 attempts:5\\n' > /etc/resolv.conf\n"
        'systemd-run -q --unit=silent-dns python3 -c "import socket, time;'
        " s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.1', 53)); time.sleep(600)\""
    )
    configure(machine, CONFIG.replace(f"file:{STATE}/picture.jpg", "http://camera.example/stream"))
    machine.run(f"systemctl restart {UNIT}")
    before, since = running(machine), time.monotonic()
    said = status(machine, "camera:", 20)
    restarted(machine, before, 90)
    took = time.monotonic() - since
    assert journal(machine).count("Watchdog timeout") >= 2
    machine.run("systemctl stop silent-dns; rm /etc/resolv.conf")
    configure(machine, CONFIG)
    machine.run(f"systemctl restart {UNIT}")
    reads_on(machine)
    return f'STATUS "{said.split(";")[0]}"; new process after {took:.1f} s'


def stops_within_two_seconds(machine: Machine) -> str:
    slowest = 0.0
    for wait_s in (0.0, 0.3, 1.0, 2.0):
        machine.run(f"systemctl start {UNIT}")
        time.sleep(wait_s)
        began = time.monotonic()
        machine.run(f"systemctl stop {UNIT}")
        slowest = max(slowest, time.monotonic() - began)
        assert show(machine, "Result") == "success"
    assert slowest < 2, f"{slowest:.2f} s"
    stored(machine)
    return f"slowest of 4: {slowest:.2f} s"


def refuses(machine: Machine, config: str, code: int) -> str:
    """A configuration ends the service with a code, one error line and no restart."""
    configure(machine, config)
    try:
        machine.run(f"systemctl restart {UNIT}", check=False)
        time.sleep(5)
        assert machine.run(f"systemctl is-failed {UNIT}", check=False) == "failed"
        assert (show(machine, "ExecMainStatus"), show(machine, "NRestarts")) == (str(code), "0")
        said = machine.run(f"journalctl -b -o cat --no-pager -t {UNIT} -p err -n 1")
    finally:
        configure(machine, CONFIG)
        machine.run(f"systemctl restart {UNIT}")
    assert said, "no error in the journal"
    return f"exit {code}, 0 restarts: {said}"


def wrong_configuration_is_not_retried(machine: Machine) -> str:
    return refuses(machine, CONFIG + "\n[mqqt]\n", 2)


def wrong_bundle_is_not_retried(machine: Machine) -> str:
    return refuses(machine, 'bundle = "/src/examples"\n' + CONFIG, 3)
