"""The process that tries configurations for the page: asked one question at a time, killed when it takes long."""

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ocr_edge.web.worker import Worker

LIMIT_S = 45.0
"""Seconds for an answer. Looking at a region takes 0.1 to 3 s on x86-64, finding all text 2 to 10, the first answer one
more; a slow Pi takes several times that."""
IDLE_S = 120.0
"""Seconds after its last answer in which it ends, and gives its memory back: about as much as the daemon's own."""
WAITING = 3
"""Questions that wait: more browsers than that set nothing up at a time."""
# As in ocr_edge.bundles.proof: neither the working directory's modules nor those beside this package come first.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); import ocr_edge; del sys.path[0];"
    " from ocr_edge.trial.helper import main; main()"
)


class Busy(Exception):
    """Too many ask at once, or the answer took too long."""


class Helper:
    """Starts the process with the first question; for the loop of one server."""

    def __init__(self) -> None:
        self._worker, self._turn = Worker("http-setup"), asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0
        self._idle: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """End the process."""
        self._end()
        self._worker.close()

    async def ask(self, **question: Any) -> dict[str, Any]:
        """The answer to a ``Question`` of ``ocr_edge.trial.helper``.

        Raises:
            Busy: Others wait already, or there is no answer in time.
        """
        if self._waiting >= WAITING:
            raise Busy("the device is busy trying something else; try again")
        self._waiting += 1
        try:
            async with self._turn:
                if self._idle:
                    self._idle.cancel()
                answer = await self._worker.do(lambda: self._exchange(msgspec.msgpack.encode(question)))
                self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._end)
                return answer
        finally:
            self._waiting -= 1

    def _exchange(self, question: bytes) -> dict[str, Any]:
        """Ask and wait; in the worker's thread."""
        try:
            process = self._process = self._running()
        except OSError as error:
            raise Busy(f"no process can be started to try it in: {error.strerror}") from error
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(LIMIT_S, kill)
        timer.daemon = True
        timer.start()
        assert process.stdin is not None
        assert process.stdout is not None
        head = content = b""
        with suppress(OSError):
            process.stdin.write(len(question).to_bytes(4) + question)
            process.stdin.flush()
            head = process.stdout.read(4)
            content = process.stdout.read(int.from_bytes(head))
        timer.cancel()
        if len(head) < 4 or len(content) < int.from_bytes(head):
            self._end()
            if late.is_set():
                raise Busy(f"there was no answer within {LIMIT_S:g} s; take a smaller region or picture")
            raise Busy("the process that tries it has ended; see the log of the daemon")
        answer: dict[str, Any] = msgspec.msgpack.decode(content)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(Path(__file__).parents[2])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # One thread as the daemon has; NumPy's library reserves memory for each.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        # At once: it is killed. Its pipes are closed, so that nothing is left open.
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
