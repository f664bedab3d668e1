"""Prove the installer and the unit in a container: python3 prove.py ROOT WHEELS. Prints a table; see nspawn.sh."""

import hashlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import steps_bundles as bundles
import steps_faults as faults
import steps_reload as reload
import steps_sandbox as sandbox
import steps_setup as setup
from machine import Machine, copied
from service import UNIT, AnyMachine

REPO = Path(__file__).resolve().parents[2]
Step = Callable[[Any], str]
Result = tuple[str, bool, str]
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
    bundles.crashing_bundle_gives_way_to_the_one_before,
    bundles.bundle_that_crashes_while_it_reads_gives_way,
    bundles.failing_bundle_gives_way_to_the_shipped_one,
    bundles.edited_bundle_gives_way_to_the_one_before,
    setup.upgrade_and_program_rollback,
]


def main(root: Path, wheels: Path) -> int:
    """Prove everything in a copy of ``root``; the exit code."""
    fetch_wheels(root, wheels)
    results: list[Result] = []
    with copied(root) as copy:
        shares = [
            "--private-network",
            f"--bind-ro={REPO}:/src",
            f"--bind-ro={wheels}:/wheels",
            "--resolv-conf=off",
        ]
        with Machine(copy, *shares) as machine:
            name = title(machine)
            for step in STEPS:
                results.append(attempt(step, machine))
                assert results[0][1], "nothing can be proven of what is not installed"
        for options, later in (
            (["--volatile=state"], [setup.read_only_root]),
            (["--read-only"], [setup.read_only_everything]),
            ([], [setup.comes_back_after_a_reboot, setup.uninstall]),
        ):
            with Machine(copy, *options, *shares) as machine:
                results += [attempt(step, machine) for step in later]
    return table(name, results)


def title(machine: AnyMachine) -> str:
    """What this was proven on."""
    script = ". /etc/os-release; echo $PRETTY_NAME; systemctl --version | head -1; python3 --version"
    return ", ".join(machine.run(script).splitlines())


def table(name: str, results: list[Result]) -> int:
    """Print what was proven; the exit code."""
    print(f"\n{name}\n")
    for step, fine, detail in results:
        print(f"{'proven' if fine else 'FAILED':8}{step:46}{detail}")
    return 0 if all(fine for _, fine, _ in results) else 1


def attempt(step: Step, machine: AnyMachine) -> Result:
    """Run a step; its name, whether it held, and what was seen."""
    name = step.__name__.replace("_", " ")
    print(f"-- {name}", flush=True)
    try:
        return name, True, step(machine)
    except Exception as error:  # a table with a gap says more than none
        traceback.print_exc()
        print(
            machine.run(
                f"systemctl status --no-pager -n 0 {UNIT}; journalctl -b -n 80 --no-pager -u {UNIT}",
                check=False,
            ),
            flush=True,
        )
        return name, False, (str(error) or repr(error)).splitlines()[0]


def fetch_wheels(root: Path, wheels: Path) -> None:
    """Let the root's own pip download what its Python needs, unless that is there, and build the package."""
    locks = b"".join(path.read_bytes() for path in sorted((REPO / "locks").glob("edge*.txt")))
    stamp = wheels / hashlib.sha256(locks).hexdigest()[:16]
    script = "set -e; python3 -m venv /tmp/pip; rm -f /wheels/ocr_edge-*\n"
    if not stamp.exists():
        wheels.mkdir(parents=True, exist_ok=True)
        for old in wheels.iterdir():
            old.unlink()
        script += (
            "python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && lock=edge-bookworm || lock=edge\n"
            "/tmp/pip/bin/pip download -q --require-hashes -r /src/locks/$lock.txt -d /wheels\n"
        )
    script += "/tmp/pip/bin/pip wheel -q --no-deps /src -w /wheels\n"
    options = [f"--bind-ro={REPO}:/src", f"--bind={wheels}:/wheels"]
    for shared in ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(shared).exists():
            options.append(f"--bind-ro={shared}")
    ours = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or k.lower().endswith("_proxy")}
    with copied(root) as copy, Machine(copy, *options) as machine:
        machine.run(script, timeout=900, **ours)
    stamp.touch()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
