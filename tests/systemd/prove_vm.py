"""Prove the camera's part of the unit in an emulated PC: python3 prove_vm.py ROOT WHEELS; see vm.sh."""

import sys
from pathlib import Path

import steps_camera as camera
from machine import Machine, copied
from prove import REPO, attempt, fetch_wheels, table, title
from service import configure
from vm import VirtualMachine

CONFIG = """
[source]
url = "v4l2:/dev/video0"
retry_max_s = 2.0
[stdout]
enabled = false
[[region]]
name = "corner"
corners = [[0, 0], [120, 0], [120, 40], [0, 40]]
"""
"""A corner is enough: an emulated processor needs half a minute for a whole picture."""
STEPS = [
    camera.waits_for_a_camera,
    camera.camera_plugged_in_later_is_found,
    camera.unplugged_camera_is_taken_back,
    camera.only_listed_devices_open,
    camera.memory_limit_ends_and_restarts,
]


def main(root: Path, wheels: Path) -> int:
    """Install in a container, then boot that as a machine of its own; the exit code."""
    fetch_wheels(root, wheels)
    with copied(root) as copy:
        shares = ["--private-network", f"--bind-ro={REPO}:/src", f"--bind-ro={wheels}:/wheels"]
        with Machine(copy, *shares) as machine:
            machine.run("/src/systemd/install.sh --offline /wheels --no-start", timeout=600)
            configure(machine, CONFIG)
        with VirtualMachine(copy) as machine:
            name = title(machine) + ", Linux " + machine.run("uname -r")
            results = [attempt(step, machine) for step in STEPS]
    return table(name, results)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
