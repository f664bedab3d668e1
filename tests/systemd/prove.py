"""Prove the installer and the unit in a container: python3 prove.py ROOT WHEELS. Prints a table; see nspawn.sh."""

import hashlib
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import steps_faults as faults
import steps_reload as reload
import steps_sandbox as sandbox
import steps_setup as setup
from machine import Machine, copied
from service import UNIT

REPO = Path(__file__).resolve().parents[2]
Step = Callable[[Machine], str]
STEPS: list[Step] = [
    setup.install,
    setup.unit_is_understood_and_hardened,
    setup.starts_and_says_ready,
    sandbox.reads_inside_the_sandbox,
    sandbox.sandbox_keeps_out,
    setup.secrets_are_optional_and_arrive,
    faults.killed_with_9_comes_back,
    faults.hung_process_is_ended_by_the_watchdog,
    faults.hung_source_is_ended_by_the_watchdog,
    faults.stops_within_two_seconds,
    faults.wrong_configuration_is_not_retried,
    faults.wrong_bundle_is_not_retried,
    reload.reload_takes_a_new_bundle,
    reload.reload_after_a_rollback_takes_the_old_one,
    reload.damaged_bundle_falls_back_by_itself,
    reload.reload_with_a_mistake_changes_nothing,
    setup.upgrade_and_program_rollback,
]


def main(root: Path, wheels: Path) -> int:
    """Prove everything in a copy of ``root``; the exit code."""
    fetch_wheels(root, wheels)
    results: list[tuple[str, bool, str]] = []
    with copied(root) as copy:
        shares = [f"--bind-ro={REPO}:/src", f"--bind-ro={wheels}:/wheels", "--resolv-conf=off"]
        with Machine(copy, *shares) as machine:
            release = machine.run(
                ". /etc/os-release; echo $PRETTY_NAME; systemctl --version | head -1; python3 --version"
            )
            title = ", ".join(release.splitlines())
            for step in STEPS:
                results.append(attempt(step, machine))
        with Machine(copy, "--volatile=state", *shares) as machine:
            results.append(attempt(setup.read_only_root, machine))
        with Machine(copy, *shares) as machine:
            for step in (setup.comes_back_after_a_reboot, setup.uninstall):
                results.append(attempt(step, machine))
    print(f"\n{title}\n")
    for name, fine, detail in results:
        print(f"{'proven' if fine else 'FAILED':8}{name:52}{detail}")
    return 0 if all(fine for _, fine, _ in results) else 1


def attempt(step: Step, machine: Machine) -> tuple[str, bool, str]:
    """Run a step; its name, whether it held, and what was seen."""
    name = step.__name__.replace("_", " ")
    print(f"-- {name}", flush=True)
    try:
        return name, True, step(machine)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        traceback.print_exc()
        print(machine.run(f"systemctl status --no-pager -n 40 {UNIT}", check=False), flush=True)
        return name, False, str(error).splitlines()[0]


def fetch_wheels(root: Path, wheels: Path) -> None:
    """Let the root's own pip download what its Python needs, and build the package, unless both are there."""
    locks = b"".join(path.read_bytes() for path in sorted((REPO / "locks").glob("edge*.txt")))
    stamp = wheels / hashlib.sha256(locks).hexdigest()[:16]
    script = "set -e; python3 -m venv /tmp/pip; cd /tmp; rm -f /wheels/ocr_edge-*\n"
    if not stamp.exists():
        wheels.mkdir(parents=True, exist_ok=True)
        for old in wheels.iterdir():
            old.unlink()
        script += (
            "python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && lock=edge-bookworm || lock=edge\n"
            "/tmp/pip/bin/pip download -q --require-hashes -r /src/locks/$lock.txt -d /wheels\n"
        )
    script += "/tmp/pip/bin/pip wheel -q --no-deps /src -w /wheels\n"
    options = [f"--bind-ro={REPO}:/src", f"--bind={wheels}:/wheels", "--ephemeral", "--register=no"]
    for name, value in os.environ.items():
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            options.append(f"--setenv={name}={value}")
    for shared in ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(shared).exists():
            options.append(f"--bind-ro={shared}")
    if not Path("/run/systemd/system").exists():
        options.append("--keep-unit")
    subprocess.run(
        ["systemd-nspawn", "--quiet", "--pipe", f"--directory={root}", *options, "/bin/sh", "-c", script],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    stamp.touch()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
