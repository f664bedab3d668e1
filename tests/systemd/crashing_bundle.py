"""Make a bundle whose hashes agree and whose network crashes, or fails, when it runs; for the service's own Python.

    python crashing_bundle.py crash|fail SOURCE TARGET

TARGET is a copy of the bundle SOURCE with one bit of its first network changed, and the file's hash written anew. Bits
are tried until the bundle still loads and its self-test ends as asked.
"""

import json
import os
import random
import resource
import shutil
import signal
import sys
from pathlib import Path

from ocr_edge.bundles import load as bundle
from ocr_edge.bundles import selftest
from ocr_edge.contract.files import MANIFEST_NAME, sha256

FIRST = {"crash": 706, "fail": 2535}
"""Seeds that were found for the shipped ``fast``; another network, or another runtime, has others."""
MOST = 20_000
"""Seeds that are tried: one in 5,000 crashes after loading, one in 1,500 fails. A try takes 30 ms."""
TABLES = 30_000
"""Bytes at the end of a network, where shapes, operators and offsets are; before them are weights."""
LIMIT_S = 10


def main(how: str, source: Path, target: Path) -> str:
    """Make it; what was changed.

    Raises:
        SystemExit: No bit was found.
    """
    bundle.load(source)  # the forks need not import the runtime
    shutil.copytree(source, target)
    path = target / MANIFEST_NAME
    content = json.loads(path.read_text())
    stage = content["stages"][0]
    file = target / stage["file"]
    sound = file.read_bytes()
    for seed in (FIRST[how], *range(MOST)):
        dice = random.Random(seed)
        at = len(sound) - 1 - dice.randrange(TABLES)
        changed = bytearray(sound)
        changed[at] ^= 1 << dice.randrange(8)
        file.write_bytes(changed)
        stage["sha256"] = sha256(file)
        path.write_text(json.dumps(content))
        if ends(target) == how:
            return f"byte {at} of {stage['file']}: {sound[at]} -> {changed[at]}"
    raise SystemExit(f"{source}: no bit of {MOST} makes it {how}")


def ends(path: Path) -> str:
    """How a bundle's self-test ends in a process of its own: ``crash`` or ``fail`` after loading, or another word."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _test(path, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read().split()
    _, status = os.waitpid(child, 0)
    if "loaded" in said and os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGALRM:
        return "crash"
    return said[-1] if said else "does not load"


def _test(path: Path, pipe: int) -> None:
    """Load a bundle, test it, and say how far that came."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(LIMIT_S)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        made = bundle.load(path)
        os.write(pipe, b"loaded\n")
        selftest.prove(made)
    except Exception as error:
        os.write(pipe, b"fail\n" if "failed while running" in str(error) else b"refused\n")
    os._exit(0)


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
