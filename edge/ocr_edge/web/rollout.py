"""One change of the bundle after the other: taken in, proven, handed to the daemon, and taken back when it fails.

What the commands ``ocr-edge bundle install`` and ``rollback`` do is done by them, in a process of their own: whatever
an archive or a network does to it, the daemon reads on.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ocr_edge.bundles.installed import Installed
from ocr_edge.errors import ModelError, OcrEdgeError, one_line
from ocr_edge.sinks.metrics import Snapshot

_LOGGER = logging.getLogger(__name__)

COMMAND_S = 180.0
"""Seconds for the command: 3 s on x86-64. A proof may take 30 s by itself, and an SD card writes 64 MiB in some 10."""
MEMORY = 256 * 2**20
"""Bytes of data that the command and its proof may have each. The shipped default takes 230 MiB. With a daemon of
160 MB and code that all of them share, that is what the service may have, 400 MiB and 64 of swap: more, and the kernel
would end the daemon too."""
FILE_BYTES = 64 * 2**20
"""Largest file that it may write: an archive of a few kilobytes must not fill the disk."""
RELOAD_S = 60.0
"""Seconds that the daemon gets to take the bundle: 0.5 s on x86-64, and the frame that it reads before."""
LOOK_S = 0.2
"""Seconds between two looks at whether it has."""
# As in bundles.proof: the package is the one that asks. It is nicer than the daemon, which goes on reading.
_PROGRAM = (
    "import os, resource, sys; os.nice(10);"
    " resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]),) * 2);"
    " resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2);"
    " sys.path.insert(0, sys.argv[1]); import ocr_edge; del sys.path[0];"
    " from ocr_edge.cli import main; sys.exit(main(sys.argv[4:]))"
)


@dataclass(frozen=True, slots=True)
class Change:
    """How far a change of the bundle is.

    Attributes:
        what: What is done, for people.
        step: What it is at now.
        text: How it ended, one line; empty before.
    """

    what: str
    step: Literal["receiving", "proving", "switching", "taking it back", "done", "failed"]
    text: str = ""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.step in ("done", "failed")


class Rollout:
    """Changes the bundle of a running daemon, one change at a time.

    Args:
        state: The state folder.
        snapshot: The daemon's state.
        reload: Has the daemon take what is on disk, between two frames; returns at once.
    """

    def __init__(self, state: Path, snapshot: Callable[[], Snapshot], reload: Callable[[], None]) -> None:
        self._state, self._snapshot, self._reload = state, snapshot, reload
        self._installed = Installed(state)
        self._lock = threading.Lock()
        self._change: Change | None = None

    @property
    def change(self) -> Change | None:
        """The last change; None before the first one."""
        return self._change

    def begin(self, what: str, step: Literal["receiving", "proving"]) -> bool:
        """Begin a change, unless one is on its way; whether it began."""
        with self._lock:
            if self._change is not None and not self._change.over:
                return False
            self._change = Change(what, step)
            return True

    def failed(self, why: str) -> None:
        """End the change that began without success."""
        self._end("failed", why)

    def install(self, path: Path, said: str, *, delete: bool = False) -> None:
        """Make a bundle the one that is read with, in a thread of its own; ``begin`` came before.

        Args:
            path: An archive, or a bundle's folder.
            said: What people call it.
            delete: Whether it is a file that is deleted afterwards.
        """

        def work() -> str:
            before = self._installed.active()
            try:
                tested = self._command("install", str(path), said=said)
            finally:
                if delete:
                    path.unlink(missing_ok=True)
            return self._handed_over(said, before, tested)

        self._start(work)

    def rollback(self) -> None:
        """Go back to the bundle before, in a thread of its own; ``begin`` came before."""

        def work() -> str:
            before = self._installed.active()
            tested = self._command("rollback")
            return self._handed_over("the bundle before", before, tested)

        self._start(work)

    def _start(self, work: Callable[[], str]) -> None:
        self._step("proving")

        def job() -> None:
            try:
                self._end("done", work())
            except OcrEdgeError as error:
                self._end("failed", one_line(str(error)))
            except Exception as error:  # the page must hear of it, whatever it is
                _LOGGER.exception("error while changing the bundle")
                self._end("failed", one_line(repr(error)))

        try:
            threading.Thread(target=job, name="http-rollout", daemon=True).start()
        except RuntimeError as error:
            self._end("failed", str(error))

    def _handed_over(self, said: str, before: Path | None, tested: str) -> str:
        """Have the daemon take the active bundle; when it does not, go back to the one before.

        Args:
            said: What people call it.
            before: The one that was active before.
            tested: What its proof found.

        Returns:
            What is read with now.

        Raises:
            ModelError: It is not used, and why.
        """
        self._step("switching")
        problem = self._reloaded()
        if not problem:
            return f"{self._used} reads now{tested}"
        end = f"{said} is not used: {problem}; {self._used} reads on"
        if self._installed.active() == before:  # the configuration is what fails
            raise ModelError(end)
        self._step("taking it back")
        try:
            # Otherwise the next start would take it, and fail where this reload only stayed with what it had.
            self._command("rollback")
            self._reloaded()
        except OcrEdgeError as error:
            raise ModelError(f"{end}; but the next start will try it: {error}") from error
        raise ModelError(end)

    @property
    def _used(self) -> str:
        return self._snapshot().state.facts.get("bundle", "the bundle before")

    def _reloaded(self) -> str:
        """Have the daemon reload; why it did not take what it found, empty when it did.

        Raises:
            OcrEdgeError: It does not answer.
        """
        before, ends = self._snapshot().counters.reloads, time.monotonic() + RELOAD_S
        self._reload()
        while self._snapshot().counters.reloads == before:
            if time.monotonic() > ends:
                raise OcrEdgeError(f"the daemon has not taken it within {RELOAD_S:.0f} s; see its log")
            time.sleep(LOOK_S)
        problems = self._snapshot().state.problems
        return problems.get("configuration", "") or problems.get("bundle", "")

    def _command(self, *words: str, said: str = "") -> str:
        """Run ``ocr-edge bundle`` with these words.

        Returns:
            What the proof found, to be added to a sentence.

        Raises:
            ModelError: It refused, and why.
            OcrEdgeError: It came to no end.
        """
        limits = [str(Path(__file__).parents[2]), str(MEMORY), str(FILE_BYTES)]
        action = [words[0], "--state-dir", str(self._state), *(["--", words[1]] if words[1:] else [])]
        environment = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", _PROGRAM, *limits, "bundle", *action],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_S,
                check=False,
                # One thread: NumPy's library reserves memory for each, and crashes where it gets none.
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired as error:
            raise OcrEdgeError(
                f"the proof came to no end in {COMMAND_S:.0f} s; nothing was changed"
            ) from error
        except OSError as error:
            raise OcrEdgeError(f"no process can be started for it: {error.strerror}") from error
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else f"it ended with code {done.returncode}"
            raise ModelError(why.removeprefix("ERROR: ").replace(words[-1], said or words[-1]))
        found = done.stdout.decode(errors="replace").partition("\n")[0].removesuffix(".").partition("; ")
        return "".join(found[1:])

    def _step(self, step: Literal["proving", "switching", "taking it back"]) -> None:
        assert self._change is not None
        self._change = replace(self._change, step=step)

    def _end(self, step: Literal["done", "failed"], text: str) -> None:
        assert self._change is not None
        self._change = replace(self._change, step=step, text=text)
        _LOGGER.log(
            logging.INFO if step == "done" else logging.WARNING, "bundle: %s: %s", self._change.what, text
        )
