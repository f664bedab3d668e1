"""Runs the program on an attack in a forked process, and judges how that went."""

import contextlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import cv2

LIMIT_S, LIMIT_MB = 10.0, 500
"""What nothing may take longer or more than."""
DOCUMENTED = {0, 2, 3}
"""Exit codes of ``ocr-edge bundle`` for what it reads and what it refuses; 1 stands for a second command at work."""


def run(
    task: Callable[[], int | None], folder: Path, limit_s: float = LIMIT_S
) -> tuple[int | None, str, str, float]:
    """Run a task in a forked process.

    Args:
        task: Gives an exit code.
        folder: Where its output is kept meanwhile.
        limit_s: Seconds after which it is killed.

    Returns:
        Its exit code, below 0 the signal that ended it, None where it was killed for its slowness; what it wrote on
        stdout and on stderr; and its peak memory in MB, that of its own children included, above what this process
        held: a fork begins with that.
    """
    held = _resident_kb()
    outputs = [folder / "stdout", folder / "stderr"]
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _child(task, outputs)
    ends = time.monotonic() + limit_s
    code: int | None = None
    done = 0
    while not done:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if not done and time.monotonic() > ends:
            os.killpg(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            break
        time.sleep(0 if done else 0.002)
    else:
        code = os.waitstatus_to_exitcode(status)
    said, complained = (path.read_text(errors="replace") for path in outputs)
    return code, said, complained, max(0, usage.ru_maxrss - held) / 1024


def judged(task: Callable[[], int | None], folder: Path) -> tuple[int | None, str | None]:
    """Run a command of the program; its exit code, and what is wrong with how it ended: None when nothing is."""
    code, _, complained, megabytes = run(task, folder)
    lines = complained.splitlines()
    last = lines[-1] if lines else ""
    if code is None:
        return code, f"hangs for more than {LIMIT_S:g} s"
    if megabytes > LIMIT_MB:
        return code, f"takes {megabytes:.0f} MB: {last}"
    if code < 0:
        return code, f"ends with {signal.Signals(-code).name}: {last}"
    if "Traceback" in complained or code not in DOCUMENTED:
        return code, f"ends with code {code}: {last}"
    if code and (len(lines) != 1 or not last.startswith("ERROR: ")):
        return code, f"says {len(lines)} lines, ends with code {code}: {last}"
    return code, None


def command(*words: object, fork: bool = True) -> Callable[[], int | None]:
    """``ocr-edge`` with these words, as a task.

    Args:
        words: The arguments.
        fork: Whether its own child process is a fork of this one, which is ten times as fast as a fresh Python.
    """

    def task() -> int:
        from ocr_edge.bundles import proof
        from ocr_edge.cli import main

        if fork:
            proof.prove = _forked_proof
        return main([str(word) for word in words])

    return task


def warm() -> None:
    """Load now what every fork needs."""
    from ocr_edge.bundles import proof, selftest  # noqa: F401
    from ocr_edge.recognize import interpreter

    with contextlib.suppress(ImportError):
        __import__(interpreter.RUNTIMES[0])


def _forked_proof(path: Path, limit_s: float = LIMIT_S) -> tuple[int, int]:
    """As ``ocr_edge.bundles.proof.prove``, in a fork."""
    import tempfile

    from ocr_edge.bundles import proof

    with tempfile.TemporaryDirectory() as folder:
        code, said, complained, _ = run(lambda: proof.main(str(path)), Path(folder), limit_s)
    if code is None:
        raise proof.UndecidedError(f"bundle {path}: its self-test took longer than {limit_s:g} s")
    return proof.verdict(path, code, said.encode(), complained.encode())


def _resident_kb() -> int:
    """What this process holds now, in the unit of ``ru_maxrss``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _child(task: Callable[[], int | None], outputs: list[Path]) -> None:
    code = 99
    try:
        os.setpgid(0, 0)
        cv2.setNumThreads(0)  # a fork has none of the threads that OpenCV hands work to
        cv2.setNumThreads = lambda _: None
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number, path in enumerate(outputs, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        code = task() or 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
