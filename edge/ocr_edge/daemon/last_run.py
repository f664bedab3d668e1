"""Whether the last run of the daemon crashed, in what, and with which bundle."""

import faulthandler
import fcntl
import json
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

_LOGGER = logging.getLogger(__name__)

FILE_NAME = "last-run"
SOON_S = 600.0
"""A crash later than this after the start begins a new count: a bundle that reads for ten minutes is no bad one."""
_MAX_BYTES = 2**16
"""Most that is looked at: a line and a traceback."""
_SHOWN = 200
"""Lines of a traceback that are logged: some ten threads with some ten calls each."""
_NETWORKS = "/ocr_edge/recognize/interpreter.py"
"""The module that all networks run in, as a traceback names it."""


class LastRun:
    """A file that a run writes to, and empties when it ends in order; what is found in it was left by a crash.

    Its first line says when the run began and which bundle it reads with. Where the processor stopped the run, as when
    a network leads outside of its memory, Python's traceback follows. After a power cut nothing is concluded.

    Args:
        state: The state folder.

    Attributes:
        bundle: What the run that crashed read with; None when it ended in order.
        crashes: How often in a row, each soon after its start, a run with this bundle crashed inside of a network.
        why: What is known of the crash, one line.
        noted: Whether the bundle in use is noted: after a crash on a full or read-only disk nobody would know of it.
    """

    def __init__(self, state: Path) -> None:
        self.bundle: Path | None = None
        self.crashes = 0
        self.why = ""
        self.noted = False
        self._file: IO[bytes] | None = None
        try:
            state.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.fdopen(os.open(state / FILE_NAME, flags, 0o640), "r+b", buffering=0)
        except OSError as error:
            _LOGGER.warning("%s: crashes are not noted: %s", state / FILE_NAME, error.strerror)
            return
        try:
            # Another daemon that works here, which ends this one a little later, keeps its notes.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._judge(file.read(_MAX_BYTES).decode(errors="replace"))
        except OSError:
            file.close()
        else:
            self._file = file

    def __enter__(self) -> Self:
        if self._file is not None:
            faulthandler.enable(self._file)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is None:
            return
        faulthandler.disable()
        with suppress(OSError, ValueError, RuntimeError, AttributeError):  # there may be no stderr
            faulthandler.enable(sys.stderr)
        self._write(b"")
        self._file.close()

    def reads_with(self, bundle: Path) -> None:
        """Note a bundle before it is loaded."""
        crashes = self.crashes if bundle == self.bundle else 0
        run = {"boot": _boot(), "began": time.monotonic(), "bundle": str(bundle), "crashes": crashes}
        self._write(json.dumps(run).encode() + b"\n")

    def _write(self, content: bytes) -> None:
        """Replace what the file holds. Not forced to the disk: a crash of this process alone leaves it as it is."""
        self.noted = False
        if self._file is None:
            return
        try:
            self._file.seek(0)
            # Written over first: a full disk has no room for what a truncated file needs again.
            self._file.write(content)
            self._file.truncate()
            self.noted = True
        except OSError as error:
            _LOGGER.warning("%s: cannot be written: %s", FILE_NAME, error.strerror)

    def _judge(self, text: str) -> None:
        line, _, trace = text.partition("\n")
        try:
            run = json.loads(line)
            boot, began = str(run["boot"]), float(run["began"])
            bundle, crashes = Path(run["bundle"]), int(run["crashes"])
        except (ValueError, TypeError, KeyError):
            return
        if boot != _boot():  # a power cut, which says nothing about the program
            return
        self.bundle, self.why = bundle, "it was killed"
        if trace:
            self.why = trace.splitlines()[0].removeprefix("Fatal Python error: ").lower()
            here = trace.partition("Current thread")[2].partition("\n\n")[0]
            for part in trace.splitlines()[:_SHOWN]:
                _LOGGER.warning("the last run crashed: %s", part.strip())
            if _NETWORKS in here:
                self.crashes = 1 + (crashes if time.monotonic() - began < SOON_S else 0)
        _LOGGER.warning("the last run with bundle %s did not end well: %s", bundle.name, self.why)


def _boot() -> str:
    """What tells this start of the machine from others; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
