"""The machine, as checks see it: files, commands and Python, each of which a test can replace."""

import contextlib
import getpass
import grp
import os
import platform
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_edge.system.state_dir import for_people

if TYPE_CHECKING:  # a doctor does not fall ill: nothing outside the standard library is imported here
    from ocr_edge.config.settings import Config

UNIT = "ocr-edge.service"


@dataclass(frozen=True, slots=True)
class Output:
    """What a command did.

    Attributes:
        code: Its exit status, minus the signal that ended it, or None when it did not end in time.
        text: All it wrote.
    """

    code: int | None
    text: str = ""

    @property
    def last(self) -> str:
        """The last line written: Python's errors say there what happened."""
        return (self.text.strip().splitlines() or [""])[-1].removeprefix("ERROR: ")[:300]

    @property
    def end(self) -> str:
        """How it ended, in words."""
        if self.code is None:
            return "did not end in time"
        if self.code < 0:
            try:
                return f"was ended by {signal.Signals(-self.code).name}"
            except ValueError:
                return f"was ended by signal {-self.code}"
        return f"ended with {self.code}"


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter that runs this program."""

    version: tuple[int, int, int] = sys.version_info[:3]
    bits: int = 64 if sys.maxsize > 2**32 else 32
    machine: str = field(default_factory=platform.machine)
    executable: str = sys.executable
    prefix: str = sys.prefix
    base_prefix: str = sys.base_prefix


@dataclass(frozen=True, slots=True)
class Person:
    """The user that the daemon runs as: the unit's, or whoever asks."""

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, path: Path, wanted: int) -> bool:
        """Whether the mode of a file lets this user do ``wanted``: 4 read, 2 write, 1 enter, or their sum."""
        if self.uid == 0:
            return True
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.groups else 0
        return (status.st_mode >> shift) & wanted == wanted


@dataclass(frozen=True, slots=True)
class Space:
    """Room on a disk, in bytes; ``inodes`` is the free share of them, 1 where they are not counted."""

    total: int
    free: int
    inodes: float = 1.0


class Probe:
    """Looks at this machine.

    Args:
        config_path: The configuration's file; None when there is none.
        config: The configuration; None when there is none or it is wrong.
        config_error: What is wrong with it.
        root: Where the file system begins.

    Attributes:
        python: The interpreter.
    """

    def __init__(
        self,
        config_path: Path | None = None,
        config: "Config | None" = None,
        config_error: str = "",
        root: Path = Path("/"),
    ) -> None:
        self.config_path, self.config, self.config_error = config_path, config, config_error
        self.root = root
        self.python = Python()

    def path(self, name: str) -> Path:
        """A file of the machine, given its absolute name."""
        return self.root / name.lstrip("/")

    def text(self, name: str | Path) -> str | None:
        """The text of a file, given by its absolute name or by ``glob``; None where it is not there or not for us."""
        path = self.path(name) if isinstance(name, str) else name
        try:
            return path.read_text(encoding="utf-8", errors="replace").replace("\0", "").strip()
        except OSError:
            return None

    def glob(self, pattern: str) -> list[Path]:
        """The files that match, in order."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def run(self, *command: str, timeout_s: float = 10.0) -> Output | None:
        """Run a command to its end.

        Args:
            command: The program and its arguments.
            timeout_s: Seconds after which it is killed with all its children.

        Returns:
            What it did; None where it is not installed.
        """
        # A file, not a pipe: a child that survives the kill in a hung driver would keep a pipe open.
        with tempfile.TemporaryFile() as file:
            try:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                    start_new_session=True,
                )
            except (FileNotFoundError, PermissionError, NotADirectoryError):
                return None
            code: int | None = None
            try:
                code = child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(2.0)
            file.seek(0)
            return Output(code, file.read(1 << 16).decode(errors="replace"))

    def now(self) -> float:
        """Epoch seconds by this machine's clock."""
        return time.time()

    def packages(self) -> Mapping[str, tuple[str, Path]]:
        """Version and folder of every installed Python distribution by its lower-case name, the first found wins."""
        found: dict[str, tuple[str, Path]] = {}
        for distribution in metadata.distributions():
            name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
            found.setdefault(name, (distribution.version, Path(str(distribution.locate_file("")))))
        return found

    def space(self, path: Path) -> Space:
        """Room on the disk that holds a folder."""
        status = os.statvfs(path)
        inodes = status.f_favail / status.f_files if status.f_files else 1.0
        return Space(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize, inodes)

    @cached_property
    def unit(self) -> Mapping[str, str]:
        """What systemd knows about the service; empty where there is no systemd."""
        keys = "LoadState,ActiveState,UnitFileState,Result,NRestarts,User,SupplementaryGroups,ExecMainStatus"
        shown = self.run("systemctl", "show", UNIT, f"--property={keys}")
        if shown is None or shown.code != 0:
            return {}
        return dict(line.split("=", 1) for line in shown.text.splitlines() if "=" in line)

    @cached_property
    def person(self) -> Person:
        """The user that the daemon runs as."""
        installed = self.unit.get("LoadState") == "loaded"
        name = (
            (self.unit.get("User") or "root")
            if installed
            else os.environ.get("SUDO_USER") or getpass.getuser()
        )
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            return Person(name, os.geteuid(), frozenset(os.getgroups()))
        groups = set(os.getgrouplist(name, account.pw_gid))
        for group in self.unit.get("SupplementaryGroups", "").split() if installed else ():
            with contextlib.suppress(KeyError):
                groups.add(grp.getgrnam(group).gr_gid)
        return Person(name, account.pw_uid, frozenset(groups))

    @cached_property
    def model(self) -> str:
        """What board this is, such as ``Raspberry Pi 5 Model B Rev 1.0``; empty where nobody says."""
        return self.text("/proc/device-tree/model") or ""

    @property
    def wants_picamera2(self) -> bool:
        """Whether a camera on the ribbon cable is used; without a configuration, whether one could be."""
        if self.config is not None:
            return self.config.source.url.startswith("picamera2:")
        return "Raspberry Pi" in self.model

    @cached_property
    def release(self) -> str:
        """The release's code name, such as ``bookworm``."""
        for line in (self.text("/etc/os-release") or "").splitlines():
            if line.startswith("VERSION_CODENAME="):
                return line.partition("=")[2].strip('"')
        return ""

    @cached_property
    def state(self) -> Path:
        """The state folder."""
        if self.config is not None and self.config.state_dir is not None:
            return self.config.state_dir
        return for_people()

    @property
    def pip(self) -> str:
        """How pip is called for this program's own packages."""
        try:
            sudo = "sudo " if Path(self.python.prefix).stat().st_uid == 0 else ""
        except OSError:
            sudo = "sudo "
        return f"{sudo}{self.python.executable} -m pip"


def existing(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
