"""What the daemon costs at an unchanging 1280x720 scene of 5 frames/s: CPU, memory, start.

    python benchmarks/daemon.py [--seconds 60]

The daemon runs as a process of its own with a real MJPEG camera on loopback, SQLite, and MQTT where mosquitto is
installed. CPU is the time of the daemon's process alone; memory is its resident set.

Whether anything grows is measured by ``soak.py``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from lib.soak.world import Camera

EDGE = Path(__file__).parents[1] / "edge"
TICKS = os.sysconf("SC_CLK_TCK")


def scene(number: int) -> bytes:
    """A JPEG of 1280x720: a card with a number on a table, with sensor noise."""
    random = np.random.default_rng(number)
    image = np.full((720, 1280, 3), (96, 120, 140), np.uint8)
    cv2.rectangle(image, (380, 260), (900, 460), (235, 240, 240), -1)
    cv2.putText(
        image, f"{number:06d}", (420, 395), cv2.FONT_HERSHEY_DUPLEX, 3.2, (30, 30, 30), 6, cv2.LINE_AA
    )
    noisy = np.clip(image + random.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])


@contextmanager
def broker(folder: Path, port: int) -> Iterator[bool]:
    """Mosquitto for the time of the block; whether there is one."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if not found:
        yield False
        return
    path = folder / "mosquitto.conf"
    path.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen(
        [found, "-c", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield True
        finally:
            process.terminate()


def sample(pid: int) -> dict[str, float]:
    """CPU seconds, resident MiB, threads and open files of a process."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "cpu_s": (int(stat[11]) + int(stat[12])) / TICKS,
        "rss_mib": int(status["VmRSS"].split()[0]) / 1024,
        "anon_mib": int(status["RssAnon"].split()[0]) / 1024,
        "peak_mib": int(status["VmHWM"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
    }


def start(folder: Path, url: str, port: int, more: str) -> tuple[subprocess.Popen[bytes], float]:
    """The daemon, and the seconds until it was ready."""
    import socket

    config = folder / "config.toml"
    config.write_text(
        f'id = "bench"\nstate_dir = "{folder}"\n[source]\nurl = "{url}"\nretry_min_s = 0.2\n{more}\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"ocr-edge-bench-{os.getpid()}"
        manager.bind("\0" + name)
        manager.settimeout(30)
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "ocr_edge", "run", "--config", str(config)],
            stdout=(folder / "readings.jsonl").open("wb"),
            stderr=(folder / "log").open("wb"),
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join([str(EDGE), os.environ.get("PYTHONPATH", "")]),
                "NOTIFY_SOCKET": "@" + name,
            },
        )
        while manager.recv(8192) != b"READY=1":
            pass
        return process, time.monotonic() - began


def still(seconds: float, folder: Path, port: int) -> dict[str, object]:
    """CPU and memory at an unchanging scene."""
    shown = scene(4711)
    camera = Camera(5, lambda _: shown)
    with broker(folder, port) as with_mqtt:
        process, ready_s = start(folder, camera.url, port, "interval_s = 0.2")
        time.sleep(10)
        before, began = sample(process.pid), time.monotonic()
        time.sleep(seconds)
        after, took = sample(process.pid), time.monotonic() - began
        process.terminate()
        process.wait(10)
    share = (after["cpu_s"] - before["cpu_s"]) / took
    lines = (folder / "readings.jsonl").read_text().count("\n")
    return {"ready_s": ready_s, "cpu_of_a_core": share, "mqtt": with_mqtt, "readings": lines, **after}


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = still(args.seconds, Path(folder), 18831)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
