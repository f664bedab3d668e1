"""What viewers of the page cost the daemon: reading rate, processor and memory with 0, 1 and 3 of them.

    python benchmarks/page.py [--seconds 20] [--rounds 3]

The daemon runs as a process of its own with a real MJPEG camera of 1280x720 on loopback, each of whose pictures shows
another number. First it reads as fast as it can, to see what viewers take from that; then 5 frames a second, to see
what they cost. The numbers of viewers take turns in each round, so that what else runs on the machine hits all alike.
A viewer does as the page does, over one connection: asks for the next picture, and fetches it.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon import sample, scene, start
from lib.soak.world import Camera

VIEWERS = (0, 1, 3)
SCENES = 12
"""Pictures that take turns: each differs from the one before, so every frame is read."""
PORT = 18832
REGION = "[[region]]\nname = 'card'\ncorners = [[380, 260], [900, 260], [900, 460], [380, 460]]\n"


class Viewer:
    """Looks until it is told to stop; ``seen`` counts its pictures, ``bytes`` their size."""

    def __init__(self) -> None:
        self.seen = self.bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        connection, after = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30), -1
        while not self._stop.is_set():
            told = _get(connection, f"/live.json?after={after}")
            if not told:
                continue
            after = json.loads(told)["number"]
            self.bytes += len(_get(connection, f"/live.jpg?number={after}"))
            self.seen += 1
        connection.close()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()


def _get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


def frames() -> float:
    """Frames that the daemon has looked at."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    state = json.loads(_get(connection, "/state.json"))
    connection.close()
    return float(state["frames"])


def measured(pid: int, viewers: int, seconds: float) -> dict[str, float]:
    """Rate, processor and memory with some viewers."""
    looking = [Viewer() for _ in range(viewers)]
    time.sleep(2)
    pictures = [viewer.seen for viewer in looking]
    before, read, began = sample(pid), frames(), time.monotonic()
    time.sleep(seconds)
    after, done, took = sample(pid), frames(), time.monotonic() - began
    shown = [viewer.seen - count for viewer, count in zip(looking, pictures, strict=True)]
    for viewer in looking:
        viewer.stop()
    return {
        "frames_per_s": (done - read) / took,
        "cpu_of_a_core": (after["cpu_s"] - before["cpu_s"]) / took,
        "rss_mib": after["rss_mib"],
        "pictures_per_s": statistics.mean(shown) / took if shown else 0.0,
        "kb_a_picture": sum(v.bytes for v in looking) / max(sum(v.seen for v in looking), 1) / 1000,
    }


@contextmanager
def running(rate: float, more: str) -> Iterator[int]:
    """The daemon for the time of the block; its process."""
    shown = [scene(1000 * number + 123) for number in range(SCENES)]
    camera = Camera(rate, lambda count: shown[count % SCENES])
    with tempfile.TemporaryDirectory() as folder:
        process, _ = start(Path(folder), camera.url, 1, f"{more}[stdout]\nenabled = false")
        try:
            time.sleep(8)  # until every picture was read once: memory grows until then
            yield process.pid
        finally:
            process.terminate()
            process.wait(10)


def without(seconds: float) -> dict[str, float]:
    """Processor and memory at 5 frames a second without ``[http]``."""
    with running(5, f"interval_s = 0.2\n{REGION}") as pid:
        before, began = sample(pid), time.monotonic()
        time.sleep(seconds)
        after, took = sample(pid), time.monotonic() - began
    return {"cpu_of_a_core": (after["cpu_s"] - before["cpu_s"]) / took, "rss_mib": after["rss_mib"]}


def scenario(name: str, rate: float, source: str, seconds: float, rounds: int) -> list[dict[str, object]]:
    """All numbers of viewers by turns, with one daemon."""
    found: dict[int, list[dict[str, float]]] = {viewers: [] for viewers in VIEWERS}
    with running(rate, f"{source}[http]\nport = {PORT}\n[http.page]\n") as pid:
        for turn in range(rounds * len(VIEWERS)):
            viewers = VIEWERS[turn % len(VIEWERS)]
            found[viewers].append(measured(pid, viewers, seconds))
    return [
        {"scenario": name, "viewers": viewers}
        | {key: round(statistics.median(each[key] for each in runs), 3) for key in runs[0]}
        | {"frames_per_s_of_rounds": [round(each["frames_per_s"], 2) for each in runs]}
        for viewers, runs in found.items()
    ]


def imported() -> str:
    """Modules of the page and its packages that a daemon without ``[http]`` loads."""
    code = (
        "import sys, ocr_edge.daemon.build, ocr_edge.daemon.loop;"
        "print([m for m in sys.modules if m.startswith(('ocr_edge.web', 'starlette', 'uvicorn', 'argon2'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    result = {
        "imported_without": imported(),
        "without_http": without(args.seconds),
        "runs": [
            # The whole picture: reading takes longer than the camera needs for the next one.
            *scenario("as fast as it can", 30, 'mode = "continuous"\n', args.seconds, args.rounds),
            *scenario("5 frames/s", 5, f"interval_s = 0.2\n{REGION}", args.seconds, args.rounds),
        ],
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
