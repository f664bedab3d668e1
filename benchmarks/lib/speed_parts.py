"""The parts of ``speed.py``: each measures one thing in turns and gives a table, and every repetition."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from lib.drawn import page
from lib.scoring import edit_distance, normalise
from lib.systems import UnavailableError
from lib.systems.processes import Answer, Worker, environment, take_turns

CROPS = 30
REFERENCE = "tesseract"
LABELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

READ = """
import sys
from ocr_edge.cli import main
code = main(sys.argv[1:])
from lib.systems.worker import peak_mib
print(peak_mib(), file=sys.stderr)
sys.exit(code)
"""
"""``ocr-edge read`` in a fresh process that says at its end how large it became."""

Section = dict[str, Any]


def characters(workers: Mapping[str, Worker], repetitions: int) -> Section:
    """Milliseconds per character of each network."""
    answers = take_turns(workers, page.strip(CROPS), "line", repetitions)
    rows = []
    for name, said in answers.items():
        steps = [_each(answer.steps[step] / CROPS for answer in said) for step in ("network", "preprocess")]
        rows.append([name, str(len(said)), *steps[0], steps[1][0]])
    return {
        "title": "One character",
        "columns": ["network", "n", "ms", "10 to 90 %", "ms to prepare"],
        "rows": rows,
        "note": f"n times {CROPS} crops, one at a time as on the device; ms to prepare: crop to tensors.",
        "runs": _plain(answers),
    }


def pictures(workers: Mapping[str, Worker], image: page.Image, truth: str, repetitions: int) -> Section:
    """Milliseconds per picture of each system, beside Tesseract on the same picture."""
    answers = take_turns(workers, image, "page", repetitions)
    rows = []
    for name, said in answers.items():
        text = normalise(said[-1].text, LABELS)
        wrong = f"{edit_distance(truth, text)} of {len(truth)}" if truth else "-"
        steps = " + ".join(f"{median(a.steps[s] for a in said):.1f}" for s in said[-1].steps if s != "total")
        times = [*_each(answer.ms for answer in said), _each(answer.cpu_ms for answer in said)[0]]
        peak = f"{max(answer.peak_mib for answer in said):.0f}"
        rows.append([name, str(len(said)), *times, steps or "-", _ratio(answers, name), wrong, peak])
    return {
        "title": "One picture",
        "columns": [
            "system",
            "n",
            "ms",
            "10 to 90 %",
            "CPU ms",
            "steps, ms",
            f"x {REFERENCE}",
            "wrong",
            "peak MiB",
        ],
        "rows": rows,
        "note": "Pixels to text, 1 thread. Steps: segment + recognise + decode. "
        f"x {REFERENCE}: how many times as long {REFERENCE} took, median over pairs of neighbouring turns.",
        "runs": _plain(answers),
    }


def start(wanted: Mapping[str, Mapping[str, Any]], image: page.Image, starts: int) -> Section:
    """Milliseconds from a fresh process to its first reading."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in wanted}
    for _ in range(starts):
        for name, options in wanted.items():
            try:
                with Worker(**options) as worker:
                    answer = worker.read(image, "page")
                    runs[name].append({"total": worker.age_ms(), "load": worker.load_ms, "first": answer.ms})
            except UnavailableError:  # one line about it was printed when the pictures were read
                continue
    rows = [
        [
            name,
            str(len(timed)),
            *(f"{median(run[part] for run in timed):.0f}" for part in ("total", "load", "first")),
        ]
        for name, timed in runs.items()
        if timed
    ]
    return {
        "title": "Start",
        "columns": ["system", "n", "ms in all", "import and load", "first picture"],
        "rows": rows,
        "note": "n fresh processes, files in the page cache; in all: from starting Python to the first text.",
        "runs": runs,
    }


def memory(pythons: Mapping[str, str], bundle: Path | None, image: page.Image, starts: int) -> Section:
    """Peak memory and time of ``ocr-edge read`` on one picture file."""
    runs: dict[str, list[dict[str, float]]] = {}
    with TemporaryDirectory(prefix="ocr-edge-bench-") as folder:
        file = Path(folder) / "picture.png"
        cv2.imwrite(str(file), image[..., ::-1])
        arguments = ["read", str(file), *(["--bundle", str(bundle)] if bundle else [])]
        for suffix, python in pythons.items():
            runs[f"ocr-edge read{suffix}"] = [run for _ in range(starts) if (run := _read(python, arguments))]
    rows = [
        [
            name,
            str(len(done)),
            f"{max(r['peak_mib'] for r in done):.0f}",
            f"{median(r['ms'] for r in done):.0f}",
        ]
        for name, done in runs.items()
        if done
    ]
    return {
        "title": "The command",
        "columns": ["command", "n", "peak MiB", "ms"],
        "rows": rows,
        "note": "n fresh processes on the picture as a PNG file; ms: the whole process.",
        "runs": runs,
    }


def _read(python: str, arguments: Sequence[str]) -> dict[str, float] | None:
    """Peak memory and time of one fresh ``ocr-edge``; None, and a line, when it fails."""
    started = perf_counter()
    command = [python, "-c", READ, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(1), check=False)
    ms = 1000 * (perf_counter() - started)
    lines = done.stderr.splitlines() or [""]
    if done.returncode:
        print(f"ocr-edge read: exit code {done.returncode}: {lines[0]}", file=sys.stderr)
        return None
    return {"peak_mib": float(lines[-1]), "ms": ms}


def _each(values: Any) -> list[str]:
    """Median, and the range of the middle 80 %."""
    found = np.fromiter(values, float)
    digits = 3 if np.median(found) < 10 else 1
    low, high = np.percentile(found, [10, 90])
    return [f"{np.median(found):.{digits}f}", f"{low:.{digits}f} to {high:.{digits}f}"]


def _ratio(answers: Mapping[str, Sequence[Answer]], name: str) -> str:
    """How many times as long the reference took."""
    if REFERENCE not in answers:
        return "-"
    pairs = zip(answers[REFERENCE], answers[name], strict=True)
    return f"{median(theirs.ms / ours.ms for theirs, ours in pairs):.2f}"


def _plain(answers: Mapping[str, Sequence[Answer]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(answer) for answer in said] for name, said in answers.items()}
