"""One system in a process of its own: pictures come in on stdin, answers go out on stdout.

Run by ``processes.Worker``; the only argument is JSON with ``system`` and its options. It imports nothing but
the standard library before the system is opened, so that the memory it reports is the system's.
"""

import json
import os
import sys
from time import perf_counter, process_time
from typing import Any

from lib import systems


def main() -> None:
    """Open the system, then answer until stdin ends."""
    # Libraries print on stdout as they please; the answers get a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(values: dict[str, Any]) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    options = json.loads(sys.argv[1])
    started = perf_counter()
    try:
        system: systems.System = systems.open_system(options.pop("system"), **options)
    except Exception as error:  # whatever keeps it from opening, the others are still measured
        reason = str(error).strip() or repr(error)
        return answer({"unavailable": reason.splitlines()[0]})
    answer({"about": system.about, "load_ms": 1000 * (perf_counter() - started)})
    while header := sys.stdin.buffer.readline():
        fields = json.loads(header)
        data = sys.stdin.buffer.read(3 * fields["height"] * fields["width"])
        answer(timed(system, systems.Picture(data=data, **fields)))
    return None


def timed(system: systems.System, picture: systems.Picture) -> dict[str, Any]:
    """Read one picture, with wall and CPU milliseconds and the peak memory so far."""
    started, cpu = perf_counter(), process_time()
    error = ""
    try:
        text, steps = system.read(picture)
    except Exception as crash:  # a system that fails on a picture has misread it; the run goes on and says so
        text, steps, error = "", {}, repr(crash)
    wall, busy = 1000 * (perf_counter() - started), 1000 * (process_time() - cpu)
    return {
        "text": text,
        "ms": wall,
        "cpu_ms": busy,
        "steps": dict(steps),
        "error": error,
        "peak_mib": peak_mib(),
    }


def peak_mib() -> float:
    """Most memory this process ever held, in MiB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        # Elsewhere only this is known. On Linux it would be wrong: it starts from the parent's size.
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    main()
