"""What the numbers were measured on."""

import os
import platform
import re
from importlib import metadata
from typing import Any

import cv2
import numpy as np

from ocr_edge import __version__
from ocr_edge.diagnose import board
from ocr_edge.diagnose.probe import Probe

BUSY = 0.5
"""Load average from which other programs slow the measurement down."""


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def facts(runtime: str, probe: Probe) -> dict[str, Any]:
    """Board, processor and versions.

    Args:
        runtime: The interpreter's import package.
        probe: The machine.
    """
    try:
        version = metadata.version(runtime.replace("_", "-"))
    except metadata.PackageNotFoundError:
        version = "version not known"
    processor = re.search(r"^model name\s*:\s*(.+)$", probe.text("/proc/cpuinfo") or "", re.MULTILINE)
    return {
        "board": probe.model or (processor[1] if processor else "not known"),
        "machine": platform.machine(),
        "cores": cores(),
        "python": platform.python_version(),
        "ocr_edge": __version__,
        "runtime": f"{runtime} {version}",
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "load_before": round(os.getloadavg()[0], 2),
    }


def temperature(probe: Probe) -> str:
    """The processor's temperature in words; empty where nobody says."""
    return next((check.found for check in board.temperature(probe)), "")


def notes(probe: Probe, load_before: float) -> list[str]:
    """Why the numbers may be worse than this machine can do; one line each."""
    lines = [check.found for check in board.throttling(probe) if check.verdict != "ok"]
    if load_before > BUSY:
        lines.append(f"other programs were at work before the start (load average {load_before:g})")
    return lines
