"""A Debian root file system, booted with its own systemd in a container of systemd-nspawn."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

BOOT_S, HALT_S = 60, 30
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HIERARCHIES = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup")]


class Machine:
    """Booted by ``with``; powered off at its end, whatever happened.

    Args:
        root: The file system; it is changed.
        options: More options for systemd-nspawn.
    """

    def __init__(self, root: Path, *options: str) -> None:
        self._root = root
        self._options = options

    def __enter__(self) -> Self:
        # Without bpf, the container's systemd cannot keep a service away from devices.
        command = [
            "setpriv",
            "--pdeathsig=TERM",
            "systemd-nspawn",
            "--quiet",
            f"--directory={self._root}",
            "--boot",
        ]
        command += [
            "--register=no",
            "--console=pipe",
            "--system-call-filter=bpf",
            *self._options,
        ]
        self._groups: list[Path] = []
        if not Path("/run/systemd/system").exists():  # no systemd on this side that could make a scope
            command.append("--keep-unit")
            # One name in all of them: nspawn makes it everywhere.
            name = f"proof-{os.getpid()}-{time.monotonic_ns()}"
            self._groups = [h / name for h in HIERARCHIES if (h / "cgroup.procs").exists()]
            for group in self._groups:
                group.mkdir()
        join = "".join(f"echo $$ > {group}/cgroup.procs; " for group in self._groups)
        self._nspawn = subprocess.Popen(
            ["/bin/sh", "-c", f'{join}exec "$@"', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A container with control groups of version 2, whatever this side has: device policies need them.
            env={**os.environ, "UNIFIED_CGROUP_HIERARCHY": "1"},
            start_new_session=True,
        )
        try:
            self._leader = wait("the container's first process", self._find_leader, BOOT_S)
            wait("boot", lambda: self.run("systemctl is-system-running", check=False) in READY, BOOT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._nspawn.terminate()  # an orderly halt
        try:
            self._nspawn.wait(HALT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._nspawn.pid, signal.SIGKILL)
            self._nspawn.wait()
        for group in self._groups:
            wait("an empty control group", lambda group=group: _removed(group), HALT_S)

    def run(self, script: str, *, check: bool = True, timeout: float = 300, **environ: str) -> str:
        """Run a shell script as root in the container, with these variables.

        Returns:
            Its stdout and stderr, without blank ends.

        Raises:
            AssertionError: It failed.
        """
        done = subprocess.run(
            ["nsenter", "-t", str(self._leader), "-a", "/bin/sh", "-c", script],
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/root", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
            start_new_session=True,
        )
        output = done.stdout.strip()
        assert not check or done.returncode == 0, f"{script}\nended with {done.returncode}:\n{output}"
        return output

    def _find_leader(self) -> int | None:
        assert self._nspawn.poll() is None, f"systemd-nspawn ended with {self._nspawn.returncode}"
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return next((int(child) for child in children if _is_init(child)), None)


READY = {"running", "degraded"}


def _removed(group: Path) -> bool:
    """Remove a control group and those below it; whether all of them are gone."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _is_init(pid: str) -> bool:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in status.splitlines())
    return False


def wait(what: str, probe: Callable[[], Any], timeout: float) -> Any:
    """Probe until the answer is true.

    Raises:
        AssertionError: It did not become so in time.
    """
    ends = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < ends, f"{what}: not within {timeout:.0f} s; last: {answer!r}"
        time.sleep(0.1)


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of a root file system that may be changed; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ocr-edge-proof-", dir="/var/tmp"))
    try:
        subprocess.run(["cp", "-a", "--reflink=auto", f"{root}/.", folder / "root"], check=True)
        yield folder / "root"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
