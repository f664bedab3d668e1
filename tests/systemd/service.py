"""The service in a container, as its owner sees and changes it."""

import json
import time

from machine import Machine, wait
from vm import VirtualMachine

AnyMachine = Machine | VirtualMachine
UNIT = "ocr-edge"
STATE = "/var/lib/ocr-edge"
CONFIG = f"""
[source]
url = "file:{STATE}/picture.jpg"
interval_s = 0.2
[store]
commit_s = 0.5
"""
"""A picture file as the camera."""
PICTURES = {"render-plate.jpg": "KMBCYEF", "render-marker.jpg": "MOPDMH"}
"""Example pictures, and what they say."""


def show(machine: AnyMachine, name: str) -> str:
    """A property of the service."""
    return machine.run(f"systemctl show -P {name} {UNIT}")


def status(machine: AnyMachine, text: str, timeout: float = 20) -> str:
    """Wait until ``STATUS=`` holds a text; the whole line."""
    return str(
        wait(f"STATUS with {text!r}", lambda: (s := show(machine, "StatusText")) and text in s and s, timeout)
    )


def journal(machine: AnyMachine) -> str:
    """The service's whole journal."""
    return machine.run(f"journalctl -b --no-pager -o cat -u {UNIT}")


def configure(machine: AnyMachine, text: str) -> None:
    """Write the service's configuration as its owner would."""
    machine.run(f"cat > {STATE}/config.toml <<'END'\n{text}\nEND")


def reads_on(machine: AnyMachine, timeout: float = 20) -> str:
    """Put the other picture in front of the camera and wait until it is read and stored; what it says."""
    before = len(stored(machine))
    for name, text in PICTURES.items():
        if machine.run(f"cmp /src/examples/{name} {STATE}/picture.jpg && echo same", check=False) != "same":
            machine.run(f"cp /src/examples/{name} {STATE}/new && mv {STATE}/new {STATE}/picture.jpg")
            status(machine, text, timeout)
            wait("the reading in SQLite", lambda: len(stored(machine)) > before, 10)
            return text
    raise AssertionError("both pictures at once")


def running(machine: AnyMachine) -> str:
    """The number of the service's process."""
    wait("a running service", lambda: show(machine, "SubState") == "running", 20)
    return show(machine, "MainPID")


def restarted(machine: AnyMachine, before: str, timeout: float) -> float:
    """Wait until the service runs with another process; the seconds that took."""
    began = time.monotonic()

    def probe() -> bool:
        return show(machine, "ActiveState") == "active" and show(machine, "MainPID") not in (before, "0")

    wait("a restart", probe, timeout)
    return time.monotonic() - began


def stored(machine: AnyMachine) -> list[str]:
    """The text of every reading in SQLite."""
    script = (
        "import json, sqlite3; d = sqlite3.connect('file:/var/lib/ocr-edge/readings.sqlite?mode=ro', uri=True);"
        "assert d.execute('PRAGMA integrity_check').fetchone() == ('ok',);"
        "rows = d.execute('SELECT * FROM readings').fetchall();"
        "print(json.dumps([str(value) for row in rows for value in row]))"
    )
    return list(json.loads(machine.run(f'python3 -c "{script}"')))


def drop_in(machine: AnyMachine, text: str) -> None:
    """Set or remove an owner's drop-in."""
    folder = f"/etc/systemd/system/{UNIT}.service.d"
    machine.run(
        f"mkdir -p {folder} && printf '%s\\n' '{text}' > {folder}/proof.conf && systemctl daemon-reload"
    )
