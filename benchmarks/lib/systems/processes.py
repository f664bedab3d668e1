"""Systems in processes of their own, driven picture by picture, so that their turns can be interleaved."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.systems import UnavailableError

BENCHMARKS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system said about one picture.

    Attributes:
        text: Its text.
        ms: Milliseconds from pixels to text.
        cpu_ms: CPU milliseconds of all its threads in that time.
        steps: Milliseconds of each step, where the system tells.
        error: Why it failed; empty when it did not.
        peak_mib: Most memory its process has held so far, MiB.
    """

    text: str
    ms: float
    cpu_ms: float
    steps: dict[str, float]
    error: str
    peak_mib: float


class Worker:
    """A system in a process of its own.

    Args:
        system: One of ``systems.SYSTEMS``.
        python: The interpreter that runs it.
        threads: Limit for every numeric library in the process.
        options: Passed to the system.

    Attributes:
        about: Names and versions of the system's parts.
        ready_ms: From the start of the process to a loaded system.
        load_ms: Of these, what importing and loading the system took.

    Raises:
        UnavailableError: The system is not installed, or could not be opened.
    """

    def __init__(
        self, system: str, *, python: str = sys.executable, threads: int = 1, **options: Any
    ) -> None:
        self._started = perf_counter()
        self._process = subprocess.Popen(
            [
                python,
                str(BENCHMARKS / "lib" / "systems" / "worker.py"),
                json.dumps({"system": system, **options}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(threads),
        )
        try:
            ready = self._receive()
        except UnavailableError:
            self.close()
            raise
        self.about: dict[str, str] = ready["about"]
        self.load_ms: float = ready["load_ms"]
        self.ready_ms = self.age_ms()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def age_ms(self) -> float:
        """Milliseconds since the process was started."""
        return 1000 * (perf_counter() - self._started)

    def read(
        self,
        image: npt.NDArray[np.uint8],
        layout: str,
        patience_s: float | None = None,
        *,
        pattern: str = "",
        check: str = "",
    ) -> Answer:
        """Have a picture read.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            layout: What it shows; see ``picture_sets.Layout``.
            patience_s: Seconds after which the process is killed; None for never.
            pattern: What is known of this picture's text; for systems that were told to heed it.
            check: Name of the check digit that goes with it.

        Raises:
            UnavailableError: The process ended.
        """
        assert self._process.stdin is not None
        size = {"height": image.shape[0], "width": image.shape[1]}
        header = json.dumps({**size, "layout": layout, "pattern": pattern, "check": check})
        with self._killed_after(patience_s):
            try:
                self._process.stdin.write(header.encode() + b"\n")
                self._process.stdin.write(np.ascontiguousarray(image).data)
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise UnavailableError("its process ended") from error
            return Answer(**self._receive())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    @contextmanager
    def _killed_after(self, patience_s: float | None) -> Generator[None]:
        if patience_s is None:
            yield
            return
        timer = threading.Timer(patience_s, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise UnavailableError(f"its process ended with exit code {self._process.wait()}")
        values: dict[str, Any] = json.loads(line)
        if "unavailable" in values:
            raise UnavailableError(values["unavailable"])
        return values


def open_all(wanted: Mapping[str, Mapping[str, Any]], stack: ExitStack) -> dict[str, Worker]:
    """A process for each system that is here, and one line for each that is not.

    Args:
        wanted: Arguments of ``Worker`` by the name to show.
        stack: Ends the processes.
    """
    workers = {}
    for name, options in wanted.items():
        try:
            workers[name] = stack.enter_context(Worker(**options))
        except UnavailableError as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
    return workers


def take_turns(
    workers: Mapping[str, Worker], image: npt.NDArray[np.uint8], layout: str, repetitions: int
) -> dict[str, list[Answer]]:
    """Have every system read the same picture again and again, in turns, after once that does not count."""
    answers: dict[str, list[Answer]] = {name: [] for name in workers}
    for repetition in range(repetitions + 1):
        for name, worker in workers.items():
            answer = worker.read(image, layout)
            if repetition:
                answers[name].append(answer)
    return answers


def environment(threads: int) -> dict[str, str]:
    """The environment of a measured process: this checkout's device code and ``lib``, so many threads per library."""
    ours = [str(BENCHMARKS.parent / "edge"), str(BENCHMARKS)]
    path = os.pathsep.join(filter(None, [*ours, os.environ.get("PYTHONPATH")]))
    limits = ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **os.environ,
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **dict.fromkeys(limits, str(threads)),
    }
