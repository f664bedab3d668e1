"""What the daemon costs: CPU, memory, start, and whether anything grows.

    python benchmarks/daemon.py still [--seconds 60]      an unchanging 1280x720 scene at 5 frames/s
    python benchmarks/daemon.py soak  [--frames 7200]     an hour at 2 frames/s, as fast as it goes

The daemon runs as a process of its own with a real MJPEG camera on loopback, SQLite, and MQTT where mosquitto is
installed. In the soak the number in the picture changes each second, and camera and broker go away and come back.
CPU is the time of the daemon's process alone; memory is its resident set.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

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


class Camera:
    """An MJPEG stream of pictures, each shown for a second, in frames per second; it can be unplugged."""

    def __init__(self, rate: float) -> None:
        self.pictures, self.rate, self.plugged = [scene(4711)], rate, True
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=x")
                self.end_headers()
                while camera.plugged:
                    picture = camera.pictures[int(time.monotonic()) % len(camera.pictures)]
                    head = f"--x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + picture + b"\r\n")
                    except OSError:
                        return
                    time.sleep(1 / camera.rate)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/video"


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


def still(args: argparse.Namespace, folder: Path, port: int) -> dict[str, object]:
    """CPU and memory at an unchanging scene."""
    camera = Camera(5)
    with broker(folder, port) as with_mqtt:
        process, ready_s = start(folder, camera.url, port, "interval_s = 0.2")
        time.sleep(10)
        before, began = sample(process.pid), time.monotonic()
        time.sleep(args.seconds)
        after, took = sample(process.pid), time.monotonic() - began
        process.terminate()
        process.wait(10)
    share = (after["cpu_s"] - before["cpu_s"]) / took
    lines = (folder / "readings.jsonl").read_text().count("\n")
    return {"ready_s": ready_s, "cpu_of_a_core": share, "mqtt": with_mqtt, "readings": lines, **after}


def soak(args: argparse.Namespace, folder: Path, port: int) -> dict[str, object]:
    """Samples over many frames with faults."""
    camera = Camera(60)
    camera.pictures = [scene(number) for number in range(1000, 90000, 1777)]
    samples = []
    with ExitStack() as stack:
        brokers = stack.enter_context(ExitStack())
        brokers.enter_context(broker(folder, port))
        process, _ = start(folder, camera.url, port, 'mode = "continuous"\n[http]\nport = 19464')
        stack.callback(process.kill)
        began, wanted = time.monotonic(), args.frames
        for turn in range(24):
            while (lines := log_frames(folder)) < (turn + 1) * wanted / 24:
                time.sleep(0.5)
                if process.poll() is not None:
                    raise SystemExit((folder / "log").read_text()[-2000:])
            samples.append(
                {"minute": round((time.monotonic() - began) / 60, 2), "frames": lines, **sample(process.pid)}
            )
            print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
            if turn % 4 == 1:  # unplug the camera
                camera.plugged = False
                time.sleep(1.0)
                camera.plugged = True
            if turn % 6 == 2:  # and the broker
                brokers.close()
                time.sleep(2.0)
                brokers.enter_context(broker(folder, port))
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)
        stop_s = time.monotonic() - began
    said = (folder / "readings.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in said]
    twice = sum(a == b for a, b in itertools.pairwise(texts))
    return {"readings": len(texts), "said_twice": twice, "exit": code, "stop_s": stop_s, "samples": samples}


def log_frames(folder: Path) -> int:
    """Frames that the daemon has looked at, by its own metrics."""
    import urllib.request

    with urllib.request.urlopen("http://127.0.0.1:19464/metrics", timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("ocr_edge_frames_total"):
                return int(float(line.split()[-1]))
    return 0


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("still", "soak"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--frames", type=int, default=7200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = {"still": still, "soak": soak}[args.what](args, Path(folder), 18831)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
