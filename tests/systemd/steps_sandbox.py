"""What works inside the sandbox, and what must not; each step says in a few words what it saw."""

from machine import Machine
from service import STATE, UNIT, drop_in, journal, reads_on, running, stored


def reads_inside_the_sandbox(machine: Machine) -> str:
    read = {reads_on(machine), reads_on(machine)}
    pid = running(machine)
    held = dict(
        line.split(":\t", 1) for line in machine.run(f"cat /proc/{pid}/status").splitlines() if ":\t" in line
    )
    assert (held["Seccomp"], held["NoNewPrivs"]) == ("2", "1")
    assert int(held["CapBnd"], 16) == int(held["CapEff"], 16) == 0
    assert held["Uid"].split()[0] == machine.run("id -u ocr-edge")
    rows = stored(machine)
    assert all(any(text in row.split("\n") for row in rows) for text in read), rows
    return f"{', '.join(sorted(read))} in STATUS= and SQLite; {int(held['VmRSS'].split()[0]) // 1024} MB resident"


def sandbox_keeps_out(machine: Machine) -> str:
    """The same sandbox, asked by a shell: what must not work does not, what must does."""
    machine.run(
        "mkdir -p /home/someone && chmod 777 /home/someone && mknod -m 666 /dev/loop-control-too c 10 237"
    )
    tries = {
        "root is writable": "touch /etc/x /usr/x /opt/x",
        "home is visible": "ls /home/someone",
        "a foreign device opens": "dd if=/dev/loop-control-too of=/dev/null count=0",
        "a namespace is made": "unshare -U true",
        "memory is writable and executable": (
            "python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ|mmap.PROT_WRITE|mmap.PROT_EXEC)'"
        ),
        "the clock is set": "date -s 2001-01-01",
    }
    lines = [f"if {command} 2>/dev/null; then echo LEAK {name}; fi" for name, command in tries.items()]
    lines += [f"touch {STATE}/x /run/ocr-edge/x /var/log/ocr-edge/x && grep -q . /proc/cpuinfo && echo WORKS"]
    machine.run("cat > /usr/local/bin/try <<'END'\n" + "\n".join(lines) + "\nEND")
    drop_in(machine, "[Service]\nExecStartPre=/bin/sh /usr/local/bin/try")
    machine.run(f"systemctl restart {UNIT}; rm /dev/loop-control-too")
    drop_in(machine, "")
    said = journal(machine)
    assert "WORKS" in said, said
    assert "LEAK" not in said, said
    return f"state, run and log can be written; {len(tries)} ways out closed"
