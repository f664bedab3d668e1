"""What is taken away from the daemon in ``soak.py``, and given back: its camera, its disk and its clock."""

import mmap
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

DISK_MIB = 24
"""The disk of the state: the store's 5 MB, a write-ahead log of 4 MB twice over, and room."""
FIRST = 100_000
"""The first number shown: all that an hour shows have six figures."""
_CLOCK = """
import mmap, os, struct, time
file = os.open(os.environ["SOAK_CLOCK"], os.O_RDWR)
offset, now = mmap.mmap(file, 8), time.time
os.close(file)
time.time = lambda: now() + struct.unpack("d", offset)[0]
"""


class Camera:
    """An MJPEG stream, each of whose pictures is another one.

    Args:
        rate: Pictures a second.
        picture: Makes the JPEG, given how many were served before.

    Attributes:
        url: Where it is.
        served: How many pictures somebody was given.
        here: Whether it answers; without, it breaks its streams off and closes every new connection.
        flowing: Whether pictures come; without, it keeps its connections and says nothing.
    """

    def __init__(self, rate: float, picture: Callable[[int], bytes]) -> None:
        self.served, self.here, self.flowing = 0, True, True
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not camera.here:
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=x")
                self.end_headers()
                due = time.monotonic()
                with suppress(OSError):
                    while camera.here:
                        due = max(due + 1 / rate, time.monotonic())
                        time.sleep(due - time.monotonic() if due > time.monotonic() else 0)
                        if camera.flowing:
                            self._show()

            def _show(self) -> None:
                data = picture(camera.served)
                head = f"--x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                camera.served += 1

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/video"


def numbered(count: int) -> bytes:
    """A JPEG of ``FIRST`` and so many more, 240x64."""
    image = np.full((64, 240, 3), 235, np.uint8)
    cv2.putText(
        image, str(FIRST + count), (24, 46), cv2.FONT_HERSHEY_DUPLEX, 1.5, (30, 30, 30), 3, cv2.LINE_AA
    )
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


class Disk:
    """A small file system in memory, mounted by ``with``; for root alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def __enter__(self) -> "Disk":
        self.folder.mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "soak", self.folder)
        return self

    def __exit__(self, *exc: object) -> None:
        self.make_writable()
        _run("umount", "--lazy", self.folder)

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def make_room(self) -> None:
        """Take away what fills it."""
        self._ballast.unlink(missing_ok=True)

    def make_read_only(self) -> None:
        """Let nothing new be opened for writing.

        The kernel refuses this of a disk with a file open for writing; so the same one is laid over it, read-only. What
        is open stays so: fill it first, then the store closes its file.
        """
        _run("mount", "--bind", self.folder, self.folder)
        _run("mount", "-o", "remount,bind,ro", self.folder)

    def make_writable(self) -> None:
        """Undo ``make_read_only``."""
        while os.statvfs(self.folder).f_flag & os.ST_RDONLY:
            _run("umount", "--lazy", self.folder)

    @property
    def used(self) -> int:
        """Bytes of the files, without what fills it."""
        found = 0
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # gone meanwhile
                found += path.stat().st_size if path.is_file() and path != self._ballast else 0
        return found


class Clock:
    """``time.time`` of a Python that is started with ``environment``, and how far it is off.

    Not libfaketime: with Debian 12's (0.9.10) every ``time.sleep`` of Python 3.11 fails with EINVAL.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(_CLOCK)
        path = folder / "clock"
        path.write_bytes(bytes(8))
        self.environment = {"SOAK_CLOCK": str(path), "PYTHONPATH": str(folder / "site")}
        with path.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)

    def leap(self, offset_s: float) -> None:
        """Be off by so many seconds from now on."""
        self._offset[:] = struct.pack("d", offset_s)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)
