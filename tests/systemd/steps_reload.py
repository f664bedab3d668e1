"""Bundles and settings changed while the service reads; each step says in a few words what it saw."""

from machine import Machine, wait
from service import CONFIG, STATE, UNIT, configure, journal, reads_on, running, show, status


def reload_takes_a_new_bundle(machine: Machine) -> str:
    rename = (
        "import json, pathlib; p = pathlib.Path('/root/second/manifest.json'); m = json.loads(p.read_text());"
        " m['name'] = 'second'; p.write_text(json.dumps(m))"
    )
    shipped = machine.run("echo /opt/ocr-edge/venv/lib/python3*/site-packages/ocr_edge/bundles/default")
    machine.run(f'rm -rf /root/second; cp -r {shipped} /root/second; python3 -c "{rename}"')
    reads_on(machine)
    pid = running(machine)
    machine.run(f"ocr-edge bundle install /root/second && systemctl reload {UNIT}")
    wait("the second bundle", lambda: "bundle second" in journal(machine), 15)
    assert show(machine, "ActiveState") == "active"
    reads_on(machine)
    assert show(machine, "MainPID") == pid
    return "same process, reads on"


def reload_after_a_rollback_takes_the_old_one(machine: Machine) -> str:
    pid, before = running(machine), len(journal(machine))
    machine.run(f"ocr-edge bundle rollback && systemctl reload {UNIT}")
    wait("the shipped bundle", lambda: "bundle " in journal(machine)[before:], 15)
    assert "bundle second" not in journal(machine)[before:]
    reads_on(machine)
    assert show(machine, "MainPID") == pid
    return "same process, reads on"


def damaged_bundle_falls_back_by_itself(machine: Machine) -> str:
    machine.run("ocr-edge bundle install /root/second")
    machine.run(f"cd {STATE}/bundles/active/ && for f in *.tflite; do head -c 5000 $f > x && mv x $f; done")
    pid = running(machine)
    machine.run(f"systemctl reload {UNIT}")
    said = status(machine, "is not used")
    assert show(machine, "MainPID") == pid
    reads_on(machine)
    return f'same process, reads on; STATUS "{said[:60]}…"'


def reload_with_a_mistake_changes_nothing(machine: Machine) -> str:
    pid = running(machine)
    configure(machine, CONFIG + "\n[mqqt]\n")
    machine.run(f"systemctl reload {UNIT}")
    said = status(machine, "not reloaded").partition("not reloaded")[2]
    configure(machine, CONFIG)
    machine.run(f"systemctl reload {UNIT}")
    wait("the mistake is forgotten", lambda: "not reloaded" not in show(machine, "StatusText"), 15)
    assert show(machine, "MainPID") == pid
    return f'STATUS "… not reloaded{said[:60]}…"'
