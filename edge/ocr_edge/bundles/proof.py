"""A bundle's self-test in a process of its own: a damaged network can end the process that runs it."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from ocr_edge.errors import ModelError, OcrEdgeError

LIMIT_S = 30.0
"""Time for it: 0.4 s on x86-64, many times that on a slow Pi from a cold card. systemd gives a start 60 s, and the rest
of the start has to follow."""
MEMORY = 320 * 2**20
"""Bytes of data that it may have: the service has 400 MB for all. It takes 120 MB with the shipped default."""
# -P, and the folder only while it is needed: neither the working directory's modules nor those beside this package come
# before Python's own, and the package is the one that asks.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); import ocr_edge; del sys.path[0];"
    " from ocr_edge.bundles.proof import main; main(sys.argv[2])"
)
_REFUSED = 3
_MARK = "proof: "
"""Begins our line on stdout; libraries of C may have lines of their own."""


class UndecidedError(ModelError):
    """The proof came to no end, which may be the machine's fault: too slow, or short of memory."""


def prove(path: Path, limit_s: float = LIMIT_S) -> tuple[int, int]:
    """Load a bundle and run its self-test in a fresh process.

    Args:
        path: The bundle's folder.
        limit_s: Seconds after which it is given up.

    Returns:
        How many glyphs got their label and strips their text, and how many there are.

    Raises:
        UndecidedError: It took too long or was killed.
        ModelError: The bundle is wrong, or its networks crash the process that runs them.
        OcrEdgeError: No process can be started.
    """
    command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(__file__).parents[2]), str(path.absolute())]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
            # One thread as the daemon has; NumPy's library reserves memory for each.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise UndecidedError(f"bundle {path}: its self-test took longer than {limit_s:g} s") from error
    except OSError as error:
        raise OcrEdgeError(f"no process can be started to prove a bundle in: {error.strerror}") from error
    return verdict(path, done.returncode, done.stdout, done.stderr)


def verdict(path: Path, code: int, stdout: bytes, stderr: bytes) -> tuple[int, int]:
    """What the end of the process means; arguments and errors as of ``prove``.

    Args:
        path: The bundle's folder.
        code: Exit code; below 0 the signal that ended it.
        stdout: What it said.
        stderr: What it and the libraries complained of.
    """
    said = [line for line in stdout.decode(errors="replace").splitlines() if line.startswith(_MARK)]
    found = json.loads(said[-1].removeprefix(_MARK)) if said else None
    if code == 0 and found:
        return int(found[0]), int(found[1])
    if code == _REFUSED and found:
        raise ModelError(str(found))
    last = next(iter(reversed(stderr.decode(errors="replace").strip().splitlines())), "")
    if code < 0:
        number = -code
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        if number == signal.SIGKILL:
            raise UndecidedError(f"bundle {path}: its self-test was killed, perhaps for want of memory")
        raise ModelError(
            f"bundle {path}: its networks crash the interpreter ({name}{': ' + last if last else ''})"
        )
    raise ModelError(f"bundle {path}: its self-test ended with code {code} ({last or 'no word'})")


def main(path: str) -> None:
    """Prove a bundle in this process, and say on stdout how many test pictures were right, or why it is refused."""
    # Neither a network's appetite nor its crash shall harm the machine.
    given = resource.getrlimit(resource.RLIMIT_DATA)[1]  # whoever asks may have less to give
    memory = MEMORY if given == resource.RLIM_INFINITY else min(MEMORY, given)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from ocr_edge.bundles import selftest  # noqa: PLC0415 - the process that asks has no need of it
    from ocr_edge.bundles.load import load  # noqa: PLC0415

    try:
        bundle = load(Path(path))
        result = selftest.prove(bundle)
        selftest.exercise(bundle)
    except ModelError as error:
        print(_MARK + json.dumps(str(error)), flush=True)
        sys.exit(_REFUSED)
    except MemoryError:
        print(_MARK + json.dumps(f"bundle {path}: needs more than {memory >> 20} MiB of memory"), flush=True)
        sys.exit(_REFUSED)
    print(_MARK + json.dumps(result), flush=True)
