"""A Debian root file system, booted with its own kernel in an emulated PC: what a container cannot show."""

import base64
import contextlib
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from machine import wait

BOOT_S, HALT_S = 240, 60
UNIT = """[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/bash /etc/proof-shell
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/ttyS1
"""
SHELL = """stty raw -echo
echo hello
while read -r line; do
  echo "$line" | base64 -d > /run/proof
  (/bin/sh /run/proof < /dev/null 2>&1; code=$?; echo; echo $code) | base64 -w0
  echo
done
"""
"""A shell on the second serial line: a script in one line of base64, its output and exit code as another."""


class VirtualMachine:
    """Booted by ``with`` from a copy of a root file system that holds a kernel; everything is emulated, so slow.

    Args:
        root: The file system; the shell is added to it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Self:
        units = self._root / "etc/systemd/system"
        (units / "proof-shell.service").write_text(UNIT)
        (self._root / "etc/proof-shell").write_text(SHELL)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        link = units / "multi-user.target.wants/proof-shell.service"
        link.unlink(missing_ok=True)
        link.symlink_to("../proof-shell.service")
        self._folder = Path(tempfile.mkdtemp(prefix="ocr-edge-vm-", dir="/var/tmp"))
        try:
            disk, line = self._folder / "disk", self._folder / "line"
            disk.touch()
            with disk.open("r+b") as file:
                file.truncate(3 << 30)
            subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", self._root, disk], check=True)
            kernel, initrd = (
                next((self._root / "boot").glob(f"{name}-*")) for name in ("vmlinuz", "initrd.img")
            )
            command = ["setpriv", "--pdeathsig=TERM", "qemu-system-x86_64", "-accel", "tcg,thread=multi"]
            command += ["-cpu", "max", "-smp", "2", "-m", "1536", "-display", "none", "-monitor", "none"]
            command += ["-no-reboot", "-nic", "none", "-kernel", str(kernel), "-initrd", str(initrd)]
            command += ["-append", "root=/dev/vda rw console=ttyS0 quiet"]
            command += [
                "-drive",
                f"file={disk},if=virtio,format=raw",
                "-serial",
                f"file:{self._folder}/console",
            ]
            command += ["-serial", f"unix:{line},server=on,wait=off"]
            self._qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            wait("the serial line", line.exists, 10)
            self._line = socket.socket(socket.AF_UNIX)
            self._line.connect(str(line))
            self._answers = self._line.makefile("r")
            self._line.settimeout(BOOT_S)
            while "hello" not in self._answers.readline():
                pass
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if hasattr(self, "_line"):
            with contextlib.suppress(OSError):
                self._line.sendall(base64.b64encode(b"systemctl poweroff") + b"\n")
        if hasattr(self, "_qemu"):
            try:
                self._qemu.wait(HALT_S)
            except subprocess.TimeoutExpired:
                self._qemu.kill()
                self._qemu.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, script: str, *, check: bool = True, timeout: float = 300) -> str:
        """Run a shell script as root in the machine; see ``Machine.run``."""
        self._line.settimeout(timeout)
        self._line.sendall(base64.b64encode(script.encode()) + b"\n")
        said, _, code = base64.b64decode(self._answers.readline()).decode().strip().rpartition("\n")
        assert not check or code == "0", f"{script}\nended with {code}:\n{said}"
        return said.strip()
