"""The daemon as a process of its own, and a service manager that listens to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .broker import until

EDGE = Path(__file__).parents[2] / "edge"


def hear_ctrl_c() -> None:
    """A job started in the background by a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class DaemonProcess:
    """``ocr-edge run`` with a configuration; killed at the end of its ``with`` if it still runs.

    ``readings`` are the JSON lines of its stdout so far, ``told`` what it told the service manager, ``log`` its stderr.
    """

    def __init__(self, folder: Path, config: str, **environment: str) -> None:
        self.folder, self.path = folder, folder / "config.toml"
        self.path.write_text(config)
        self._environment = environment
        self.readings: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.log = ""

    def __enter__(self) -> "DaemonProcess":
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # A short path: a socket's name may have 107 bytes, and pytest's folders are deep.
        name = f"\0ocr-edge-test-{os.getpid()}-{id(self)}"
        self._manager.bind(name)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ocr_edge", "run", "--config", str(self.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join([str(EDGE), os.environ.get("PYTHONPATH", "")]),
                "NOTIFY_SOCKET": "@" + name[1:],
                "STATE_DIRECTORY": str(self.folder / "state"),
            }
            | self._environment,
            preexec_fn=hear_ctrl_c,
        )
        self._threads = [
            threading.Thread(target=job, daemon=True) for job in (self._hear, self._read, self._listen)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._manager.close()

    def _hear(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.readings.append(json.loads(line))

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log += line

    def _listen(self) -> None:
        while True:
            try:
                message = self._manager.recv(8192).decode()
            except OSError:
                return
            self.told.append(message)
            if message == "READY=1" and not hasattr(self, "ready_s"):
                self.ready_s = time.monotonic() - self.started

    @property
    def texts(self) -> list[str]:
        """The texts that were said so far."""
        return [reading["text"] for reading in self.readings]

    @property
    def status(self) -> str:
        """The last line of status."""
        return next((m.removeprefix("STATUS=") for m in reversed(self.told) if m.startswith("STATUS=")), "")

    def until_ready(self) -> None:
        """Wait for READY; fail with its log when it ends before."""
        until(lambda: "READY=1" in self.told or self.process.poll() is not None)
        assert "READY=1" in self.told, self.log

    def until_said(self, text: str, timeout_s: float = 15.0) -> None:
        """Wait for a reading."""
        until(lambda: text in self.texts, timeout_s)

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(10)
        took = time.monotonic() - began
        for thread in self._threads[:2]:
            thread.join(5)
        return took
