"""A process of its own for one input after the other: a crash or a hang is said, and a fresh process goes on."""

import multiprocessing
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

LIMIT_S = 10.0
"""Seconds that one input may take."""
LIMIT_MB = 500
"""Megabytes that one input may take, above what the process held before."""
START_S = 120.0
"""Seconds that a fresh process may take to load everything, on a busy machine."""
GONE = "the process is gone"


class Child:
    """Runs ``MODULE.FUNCTION(seed, folder)``, which gives what became of an input and, if it went wrong, how.

    Args:
        module: Of ``tests.attack``, such as ``tests.attack.pictures``.
        function: Gives ``(outcome, failure)``, the failure None where all went well; may raise, which is a failure.
    """

    def __init__(self, module: str, function: str = "handed_over") -> None:
        self._target = module, function
        self._process: multiprocessing.process.BaseProcess | None = None

    def ask(self, seed: int, folder: Path) -> tuple[str, str | None]:
        """What became of the input of a seed, and what went wrong with it."""
        if self._process is None:
            self._start()
        assert self._process is not None
        self._pipe.send((seed, folder))
        if not self._pipe.poll(LIMIT_S):
            self._end()
            return "failed", f"takes longer than {LIMIT_S:.0f} s"
        try:
            outcome, failure = self._pipe.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode or 0
            self._process = None
            return "failed", f"{GONE}: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
        return outcome, failure

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would inherit threads and what they hold
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._target), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START_S):
            self._end()
            raise TimeoutError("the attacked process does not start")
        self._pipe.recv()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _serve(pipe: Connection, module: str, function: str) -> None:
    # OpenCV asks for pictures' sizes when it is loaded: ours before anything else.
    __import__("ocr_edge")
    work: Callable[[int, Path], tuple[str, str | None]] = getattr(import_module(module), function)
    pipe.send("ready")
    while True:
        try:
            seed, folder = pipe.recv()
        except EOFError:
            return
        before = _watch()
        try:
            outcome, failure = work(seed, folder)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            outcome, failure = "failed", f"{what} ({Path(where.filename).name}:{where.lineno})"
        taken = _peak() - before
        if failure is None and taken > LIMIT_MB:
            outcome, failure = "failed", f"takes {taken:.0f} MB of memory"
        pipe.send((outcome, failure))


def _watch() -> float:
    """Begin to watch memory anew; megabytes held now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is that of now
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> float:
    """Megabytes held at most since ``_watch``."""
    if sys.platform == "linux":
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _status(key: str) -> float:
    """A memory figure of this process, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024 / 1e6
