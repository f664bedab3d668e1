"""A camera, its buffers and a memory limit, as a kernel of our own shows them; each step says what it saw."""

import time

from machine import wait
from service import UNIT, AnyMachine, drop_in, journal, running, show, status


def waits_for_a_camera(machine: AnyMachine) -> str:
    assert machine.run("ls /dev/video* 2>/dev/null", check=False) == ""
    wait("READY", lambda: show(machine, "SubState") == "running", 120)
    return 'STATUS "' + status(machine, "no such device", 60).split(";")[0] + '"'


def camera_plugged_in_later_is_found(machine: AnyMachine) -> str:
    """Its driver comes after the service, which is when a device list made at the start would be too short."""
    pid = running(machine)
    machine.run("modprobe vivid n_devs=1 node_types=0x1")
    wait("a frame", lambda: "first frame" in journal(machine), 90)
    assert running(machine) == pid
    return "char-video4linux; " + next(
        line for line in journal(machine).splitlines() if "first frame" in line
    )


def unplugged_camera_is_taken_back(machine: AnyMachine) -> str:
    pid = running(machine)
    machine.run("echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind")
    status(machine, "camera:", 60)
    machine.run("echo vivid.0 > /sys/bus/platform/drivers/vivid/bind")
    wait("the camera", lambda: "camera:" not in show(machine, "StatusText"), 90)
    assert (running(machine), show(machine, "NRestarts")) == (pid, "0")
    peak = int(show(machine, "MemoryPeak")) // 2**20
    return f"same process; control group's memory at most {peak} MB"


def only_listed_devices_open(machine: AnyMachine) -> str:
    machine.run("mknod -m 666 /dev/other c 10 237")
    machine.run(
        "cat > /usr/local/bin/try <<'END'\n"
        "for device in dma_heap/system video0 other ttyS0 vda; do\n"
        "if dd if=/dev/$device of=/dev/null count=0 2>/dev/null; then echo OPENS $device; fi\n"
        "done\nEND"
    )
    drop_in(machine, "[Service]\nExecStartPre=/bin/sh /usr/local/bin/try")
    machine.run(f"systemctl restart {UNIT}")
    opened = [line.split()[1] for line in journal(machine).splitlines() if line.startswith("OPENS")]
    assert opened == ["dma_heap/system", "video0"]
    return "dma_heap (our udev rule) and video0 open; a disk, a terminal and loop-control do not"


def memory_limit_ends_and_restarts(machine: AnyMachine) -> str:
    """In place of the program one that takes 600 MB."""
    eater = '/usr/bin/python3 -c "import time; b = bytearray(600 << 20); time.sleep(100)"'
    drop_in(machine, f"[Service]\nType=exec\nExecStart=\nExecStart={eater}")
    machine.run(f"systemctl restart {UNIT}")
    began = time.monotonic()
    wait("an end for want of memory", lambda: "result 'oom-kill'" in journal(machine), 60)
    took = time.monotonic() - began
    wait("a restart", lambda: int(show(machine, "NRestarts")) > 0, 60)
    drop_in(machine, "")
    machine.run(f"systemctl restart {UNIT}")
    return f"oom-kill after {took:.0f} s, restarted"
