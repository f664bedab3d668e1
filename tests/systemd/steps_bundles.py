"""A bundle that goes bad after it was proven and made active; each step says in a few words what it saw."""

import time

from machine import Machine
from service import STATE, UNIT, drop_in, reads_on, running, show, status

LIMIT_S = 60.0
"""Seconds from the restart until a good bundle reads."""
BUNDLES = f"{STATE}/bundles"
PYTHON = "/opt/ocr-edge/venv/bin/python"
SPOIL = f"""set -e
cd {BUNDLES}
old=$(readlink active)
rm -rf /root/spoiled
{PYTHON} /src/tests/systemd/crashing_bundle.py HOW $PWD/active /root/spoiled
new=NAME
rm -r $old
cp -r /root/spoiled $new
chown -R ocr-edge: $new
ln -sfn $new active
chown -h ocr-edge: active
"""
"""Put a bad bundle into the place of the active one."""
RENAMED = "fast-$(sha256sum /root/spoiled/manifest.json | cut -c 1-12)"
"""The folder's name holds the manifest's hash: under this one, every hash agrees."""
GOOD_CALLS = 48 + 2
"""Runs of the network in a start and in a proof: the glyphs of the self-test, and two that a proof adds."""


def crashing_bundle_gives_way_to_the_one_before(machine: Machine) -> str:
    script = SPOIL.replace("HOW", "crash").replace("NAME", RENAMED)
    took = gives_way(machine, script, "crash the interpreter (SIG", "second-", 1)
    return f"reads again after {took:.1f} s, 1 restart"


def bundle_that_crashes_while_it_reads_gives_way(machine: Machine) -> str:
    """A runtime that ends the process, but not in the self-test: the second crash is one too many."""
    fake = (
        f"cd /src/tests/edge && {PYTHON} -B -c 'import crashing_runtime as c, pathlib;"
        ' c.write(pathlib.Path("/opt/fake"))\''
    )
    machine.run(f"rm -rf /opt/fake; {fake}; chmod -R a+rX /opt/fake")
    environment = f"PYTHONPATH=/opt/fake/runtime FAKE_RUNTIME=fast-:abort:{GOOD_CALLS}"
    try:
        drop = f"[Service]\nEnvironment={environment}"
        took = gives_way(machine, "", "crashed the program 2 times", "second-", 2, drop)
    finally:
        drop_in(machine, "")
    machine.run(f"rm -r /opt/fake; systemctl restart {UNIT}")
    return f"reads again after {took:.1f} s, 2 restarts"


def failing_bundle_gives_way_to_the_shipped_one(machine: Machine) -> str:
    script = f"{SPOIL.replace('HOW', 'fail').replace('NAME', RENAMED)}\nrm previous"
    took = gives_way(machine, script, "failed while running", "default", 0)
    return f"reads again after {took:.1f} s, no restart"


def edited_bundle_gives_way_to_the_one_before(machine: Machine) -> str:
    """The folder keeps its name."""
    script = SPOIL.replace("HOW", "crash").replace("NAME", "$old")
    took = gives_way(machine, script, "was changed after it was installed", "second-", 0)
    return f"not run at all; reads again after {took:.1f} s, no restart"


def gives_way(machine: Machine, script: str, why: str, other: str, restarts: int, unit: str = "") -> float:
    """Make the active bundle bad and restart; the seconds until another one has read.

    Args:
        machine: Where ``/root/second`` is a good bundle.
        script: Makes it bad.
        why: What the status and ``ocr-edge doctor`` must say of it.
        other: Begins the name of the bundle that is to read then.
        restarts: How often systemd has to restart the service.
        unit: A drop-in that makes it bad.
    """
    machine.run("ocr-edge bundle install /root/second && ocr-edge bundle install fast")
    machine.run(f"systemctl restart {UNIT}")
    assert "is not used" not in show(machine, "StatusText")
    reads_on(machine)
    machine.run(script)
    if unit:
        drop_in(machine, unit)
    before, began = running(machine), time.monotonic()
    machine.run(f"systemctl restart --no-block {UNIT}")
    # The process before must not read the next picture.
    machine.run(f"while kill -0 {before} 2>/dev/null; do sleep 0.05; done")
    reads_on(machine, LIMIT_S)
    took = time.monotonic() - began
    assert took < LIMIT_S, f"{took:.1f} s"
    said = status(machine, "is not used")
    assert why in said, said
    assert f"bundle {other}" in said.partition("is not used")[2], said
    assert show(machine, "NRestarts") == str(restarts)
    doctor = machine.run("ocr-edge doctor", check=False)
    (line,) = [line for line in doctor.splitlines() if "is not used" in line]
    assert "fast-" in line, line
    assert why in line, line
    machine.run(f"ocr-edge bundle install /root/second && systemctl reload {UNIT}")
    return took
