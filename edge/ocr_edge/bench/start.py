"""What a bundle costs a fresh process: time to load, time of the first frame, memory. Its own program, too."""

import json
import logging
import resource
import subprocess
import sys
import time
from pathlib import Path

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S = 300.0
"""A cold SD card and a Pi Zero 2 W."""

Start = dict[str, float | None]
"""``load_ms``, ``first_frame_ms`` and ``peak_mib``; None where the process did not get that far."""


def measure(path: Path, picture: str) -> Start:
    """Load a bundle in a fresh process on one thread, and read a picture once.

    Args:
        path: The bundle's folder.
        picture: As for ``picture.chosen``.

    Returns:
        What it cost; a warning is logged when the process fails.
    """
    command = [sys.executable, "-m", __name__, str(path), picture]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
        result: Start = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        _LOGGER.warning("%s: a fresh process did not load and read in %.0f s", path.name, TIMEOUT_S)
    except (subprocess.CalledProcessError, json.JSONDecodeError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
        _LOGGER.warning("%s: a fresh process failed: %s", path.name, " ".join(said))
    else:
        return result
    return {"load_ms": None, "first_frame_ms": None, "peak_mib": None}


def peak_mib() -> float:
    """Most memory this process ever held, in MiB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        # Not first: it starts from the size of the process that started this one.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main(path: str, wanted: str) -> None:
    """Print the costs as JSON."""
    import cv2  # noqa: PLC0415 - the parent has no need of them

    from ocr_edge.bench.picture import chosen  # noqa: PLC0415
    from ocr_edge.bundles.load import load  # noqa: PLC0415
    from ocr_edge.pipeline import Pipeline  # noqa: PLC0415

    cv2.setNumThreads(1)
    _, image = chosen(wanted)
    started = time.perf_counter()
    pipeline = Pipeline(load(Path(path)))
    loaded = time.perf_counter()
    pipeline.read(image)
    ended = time.perf_counter()
    costs: Start = {
        "load_ms": 1000 * (loaded - started),
        "first_frame_ms": 1000 * (ended - loaded),
        "peak_mib": peak_mib(),
    }
    print(json.dumps(costs))


if __name__ == "__main__":
    main(*sys.argv[1:])
