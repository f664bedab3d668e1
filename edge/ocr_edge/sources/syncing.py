"""Forcing a file to the disk without waiting for it: an SD card may take a tenth of a second, or hang."""

import os
import threading
from contextlib import suppress
from pathlib import Path


class Syncer:
    """Forces a file to the disk soon after it was written, in a thread that begins with the first time.

    Args:
        path: The file; written anew in place, not replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news, self._over = threading.Event(), False
        self._thread: threading.Thread | None = None

    def soon(self) -> None:
        """What is in the file now will be on the disk."""
        self._news.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread; one that hangs in the disk is not waited for."""
        self._over = True
        self._news.set()

    def _run(self) -> None:
        while self._news.wait() and not self._over:
            self._news.clear()  # before it is forced: what is written meanwhile needs another round
            with suppress(OSError):
                descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
