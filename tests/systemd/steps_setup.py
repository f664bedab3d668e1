"""Installation, start, upgrade and removal; each step says in a few words what it saw."""

import re

from machine import Machine, wait
from service import CONFIG, STATE, UNIT, configure, journal, reads_on, running, show, status


def install(machine: Machine) -> str:
    """The example configuration names a camera that is not here; the installer must get that far, and say so."""
    said = machine.run("/src/systemd/install.sh --offline /wheels", timeout=600)
    assert "is installed" in said, said
    assert machine.run("systemctl is-enabled ocr-edge") == "enabled"
    assert machine.run("stat -c %U:%a /etc/ocr-edge/config.toml") == "root:644"
    assert machine.run(f"stat -c %U:%a {STATE} {STATE}/config.toml").split() == [
        "ocr-edge:750",
        "ocr-edge:640",
    ]
    assert "video" in machine.run("id -nG ocr-edge")
    size = machine.run("du -sm /opt/ocr-edge/venv/ | cut -f1")
    return f"{size} MB in /opt; {re.search(r'locks/[a-z-]*.txt', said)[0]}"


def unit_is_understood_and_hardened(machine: Machine) -> str:
    assert machine.run(f"systemd-analyze verify --man=no {UNIT}.service") == ""
    said = machine.run(f"systemd-analyze security --no-pager --threshold=25 {UNIT}.service")
    return "no warning; exposure " + re.search(r"exposure level for \S+: ([\d.]+)", said)[1]


def starts_and_says_ready(machine: Machine) -> str:
    configure(machine, CONFIG)
    machine.run(f"cp /src/examples/render-plate.jpg {STATE}/picture.jpg")
    machine.run(f"systemctl restart {UNIT}")
    assert show(machine, "ActiveState") == "active"
    start, ready = (
        int(show(machine, f"{name}TimestampMonotonic")) for name in ("ExecMainStart", "ActiveEnter")
    )
    return f"READY {(ready - start) / 1e6:.2f} s after the process began"


def secrets_are_optional_and_arrive(machine: Machine) -> str:
    folder = f"/run/credentials/{UNIT}.service"
    assert "mqtt-password" not in machine.run(f"ls {folder}", check=False)
    machine.run(f"umask 077; echo secret > /etc/credstore/ocr-edge.mqtt-password; systemctl restart {UNIT}")
    assert machine.run(f"cat {folder}/mqtt-password") == "secret"
    pid = running(machine)
    assert f"CREDENTIALS_DIRECTORY={folder}" in machine.run(f"tr '\\0' '\\n' < /proc/{pid}/environ")
    return "none: starts; /etc/credstore/ocr-edge.mqtt-password: there"


def upgrade_and_program_rollback(machine: Machine) -> str:
    before = machine.run("readlink /opt/ocr-edge/venv")
    configure(machine, CONFIG + "# mine\n")
    machine.run("/src/systemd/install.sh --offline /wheels", timeout=600)
    after = machine.run("readlink /opt/ocr-edge/venv")
    assert after != before
    assert machine.run("readlink /opt/ocr-edge/previous") == before
    assert machine.run(f"grep -c mine {STATE}/config.toml") == "1"
    reads_on(machine)
    machine.run("/src/systemd/install.sh --rollback")
    assert machine.run("readlink /opt/ocr-edge/venv") == before
    reads_on(machine)
    machine.run(f"cp {STATE}/config.toml /etc/ocr-edge/config.toml")  # for the next steps
    exe = machine.run(f"tr '\\0' ' ' < /proc/{show(machine, 'MainPID')}/cmdline")
    return f"own configuration kept; runs {exe.split()[0].split('/')[3]} again"


def read_only_root(machine: Machine) -> str:
    """The root cannot be written and /var is empty memory, as after the first boot of such a system."""
    assert "ro" in machine.run("findmnt -no OPTIONS /").split(",")
    wait("READY", lambda: show(machine, "SubState") == "running", 30)
    assert machine.run(f"cmp /etc/ocr-edge/config.toml {STATE}/config.toml") == ""
    reads_on(machine)
    return "configuration seeded from /etc; reads"


def read_only_everything(machine: Machine) -> str:
    """The partition for the readings was not mounted."""
    assert machine.run(f"touch {STATE}/x && echo written", check=False) != "written"
    said = "store:" + status(machine, "store:", 40).partition("store:")[2]
    wait("a frame", lambda: "first frame" in journal(machine), 20)
    return f'reads; STATUS "{said[:60]}…"'


def comes_back_after_a_reboot(machine: Machine) -> str:
    reads_on(machine)
    return "enabled; reads after the boot"


def uninstall(machine: Machine) -> str:
    machine.run("/src/systemd/uninstall.sh")
    assert "could not be found" in machine.run(f"systemctl status {UNIT}", check=False)
    kept = {"/etc/ocr-edge", f"{STATE}/readings.sqlite"}
    left = machine.run(
        f"ls -d /opt/ocr-edge /usr/local/bin/ocr-edge {' '.join(kept)} 2>/dev/null", check=False
    )
    assert set(left.split()) == kept
    machine.run("/src/systemd/uninstall.sh --purge")
    assert machine.run("find /etc /opt /usr /var /run -xdev -name '*ocr?edge*'") == ""
    assert machine.run(f"getent passwd {UNIT}; getent group {UNIT}", check=False) == ""
    return "readings kept; --purge leaves nothing"
