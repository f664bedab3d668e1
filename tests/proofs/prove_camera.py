"""Proves the picamera2 source on libcamera's virtual camera; started by ``picamera2_virtual.sh`` in its Debian root.

prove_camera.py pictures    make the pictures that the camera plays, and the camera's configuration
prove_camera.py run         open, read, close, stall and open again; the exit status is 1 when something is wrong
prove_camera.py daemon      run ``ocr-edge run`` on a camera that stops and comes back
"""

import faulthandler
import gc
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import virtual_camera

from ocr_edge import Reader
from ocr_edge.config.settings import Camera as CameraSettings
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources.camera import Camera

HERE = Path(__file__).parent
FRAMES = HERE / "frames"
CONFIGURATION = Path("/usr/share/libcamera/pipeline/virtual/virtual.yaml")
EXAMPLES = ("render-clock.jpg", "render-marker.jpg")
SIZE, SMALL = (1280, 720), (320, 180)
GROUND = (200, 120, 60)
"""R, G and B around a picture: three values, so that swapped channels are seen."""
CAMERA = """
"{name}":
  supported_formats:
  - {{width: 1280, height: 720, frame_rates: [30, 30]}}
  - {{width: 320, height: 180, frame_rates: [30, 30]}}
  frames: {{path: "{path}"}}
  location: "CameraLocationExternal"
  model: "{name}"
"""
CHANGING, STILL = "picamera2:0", "picamera2:1"
"""The cameras, by picamera2's order: names from Z to A."""
DAEMON = f"""
state_dir = "state"
[source]
url = "{STILL}"
"""
PROGRAM = """
import signal, sys, virtual_camera
from ocr_edge.cli import main
signal.signal(signal.SIGUSR1, lambda *_: virtual_camera.stall.set())
signal.signal(signal.SIGUSR2, lambda *_: virtual_camera.resume())
sys.exit(main())
"""


def make_pictures() -> None:
    """Write one picture of the camera's size for each example, and the camera's configuration."""
    FRAMES.mkdir(exist_ok=True)
    for number, name in enumerate(EXAMPLES):
        example = cv2.imread(str(HERE / "examples" / name))
        scale = min(4, 560 / example.shape[0], 1000 / example.shape[1])
        example = cv2.resize(example, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        height, width = example.shape[:2]
        picture = np.full((SIZE[1], SIZE[0], 3), GROUND[::-1], np.uint8)
        picture[80 : 80 + height, 120 : 120 + width] = example
        cv2.imwrite(str(FRAMES / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    cameras = {"Two": f"{FRAMES}/", "One": f"{FRAMES}/0.jpg"}
    CONFIGURATION.write_text("".join(CAMERA.format(name=name, path=path) for name, path in cameras.items()))


class Report:
    """What was checked."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, what: str, holds: bool, found: object = "") -> None:
        """One line for one fact."""
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {what}{f': {found}' if found != '' else ''}", flush=True)


def resident_mb() -> float:
    """Memory of this process in MB."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) / 1024


def held() -> tuple[int, int]:
    """Open files and threads of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def sure_lines(reader: Reader, image: np.ndarray) -> list[str]:
    """The lines that a little noise does not change."""
    return [line.text for line in reader.read(image).lines if line.confidence >= 0.9]


def check_frames(report: Report, camera: Camera) -> None:
    """Size, time, colours and text of the first frames."""
    frames, ages = [], []
    for _ in range(20):
        report.failed += not camera.grab()
        frames.append(camera.retrieve())
        ages.append(time.monotonic() - frames[-1].monotonic)
    shapes = {frame.image.shape for frame in frames}
    report.check("20 frames of the size asked for", shapes == {(*SIZE[::-1], 3)}, shapes)
    report.check("each with a small grey one", {frame.small.shape for frame in frames} == {SMALL[::-1]})
    stamps = [frame.monotonic for frame in frames]
    rising = all(a < b for a, b in itertools.pairwise(stamps))
    report.check("time stamps rise", rising, f"{stamps[-1] - stamps[0]:.2f} s")
    fresh = min(ages) >= 0 and max(ages) < 0.5
    report.check("frames are fresh", fresh, f"oldest {1000 * max(ages):.0f} ms")
    report.check("the wall clock agrees", abs(frames[-1].captured_at - time.time()) < 1)

    reader = Reader()
    originals = [cv2.imread(str(FRAMES / f"{n}.jpg"))[:, :, ::-1].copy() for n in range(len(EXAMPLES))]
    expected = [sure_lines(reader, original) for original in originals]
    far, far_small, different, shown = 0.0, 0.0, [], set()
    for frame in frames:
        distances = [float(cv2.absdiff(frame.image, original).mean()) for original in originals]
        which = int(np.argmin(distances))
        shown.add(which)
        far = max(far, distances[which])
        grey = cv2.cvtColor(
            cv2.resize(originals[which], SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        far_small = max(far_small, float(cv2.absdiff(frame.small, grey).mean()))
        if (text := sure_lines(reader, frame.image)) != expected[which]:
            different.append(text)
    report.check("every picture was played", len(shown) == len(EXAMPLES), shown)
    report.check("in its colours", far < 1, f"{far:.2f} of 255 off at most")
    report.check("the small ones show the same", far_small < 1, f"{far_small:.2f} of 255 off at most")
    report.check("frames read as their files do", all(expected) and not different, different or expected)


def check_long_run(report: Report, camera: Camera) -> None:
    """Requests and memory are given back."""
    for _ in range(60):
        camera.grab()
    size, began = resident_mb(), time.monotonic()
    for _ in range(300):
        camera.grab()
        camera.retrieve()
    took, growth = time.monotonic() - began, resident_mb() - size
    report.check("300 more frames", took < 60, f"{took:.1f} s")
    report.check("memory stays", growth < 8, f"{growth:+.1f} MB, {size:.0f} MB in all")


def problem_of(act: Callable[[], object]) -> str:
    """What an attempt complains of; empty when it succeeds."""
    try:
        act()
    except CaptureError as error:
        return str(error)
    return ""


def run() -> int:
    """Everything that is asked of the source."""
    report = Report()
    settings = SourceSettings(
        url="picamera2:0", timeout_s=2, picamera2=CameraSettings(size=SIZE, lores=SMALL)
    )

    def use(index: int, act: Callable[[Camera], object] = Camera.grab) -> None:
        with Camera(index, settings) as camera:
            act(camera)

    with Camera(0, settings) as camera:
        check_frames(report, camera)
        check_long_run(report, camera)
        problem = problem_of(lambda: use(0))
        report.check("a second one is refused", "busy" in problem, problem)
        report.check("and the first goes on", camera.grab())
    first = held()

    for _ in range(5):
        use(0)
    report.check("opened and closed five times more; files and threads", held() == first, (first, held()))

    with Camera(0, settings) as camera:
        virtual_camera.stall.set()
        began = time.monotonic()
        problem = problem_of(lambda: [camera.grab() for _ in range(5)])  # what was under way may still arrive
        took = time.monotonic() - began
        report.check("frames that stop are noticed", "no picture" in problem and took < 3, problem)
        began = time.monotonic()
    took = time.monotonic() - began
    report.check("and the camera can be closed", took < 2, f"{took:.1f} s")
    virtual_camera.resume()
    use(0)
    report.check("and opened again; files and threads", held() == first, (first, held()))

    problem = problem_of(lambda: use(2))
    report.check("a camera that is not there is missed", "2 cameras found" in problem, problem)
    return report.failed


def heard(log: Path, words: str, times: int, limit_s: float) -> bool:
    """Whether a log comes to hold some words so many times."""
    until = time.monotonic() + limit_s
    while log.read_text().count(words) < times:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def run_daemon() -> int:
    """The whole program on the camera whose picture stays, and stops and comes back."""
    report = Report()
    (HERE / "config.toml").write_text(DAEMON)
    said, log = HERE / "said.jsonl", HERE / "log.txt"
    with said.open("w") as stdout, log.open("w") as stderr:
        daemon = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "run", "--config", "config.toml"],
            cwd=HERE,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        picture = cv2.imread(str(FRAMES / "0.jpg"))[:, :, ::-1].copy()
        expected = "\n".join(sure_lines(Reader(), picture))
        report.check("the daemon says something", heard(said, "\n", 1, 30))
        text = json.loads(said.read_text().partition("\n")[0] or "{}").get("text")
        report.check("and what is there", bool(expected) and text == expected, repr(text))
        daemon.send_signal(signal.SIGUSR1)
        report.check("it says that no more frames come", heard(log, "WARNING: state: ", 1, 15))
        daemon.send_signal(signal.SIGUSR2)
        report.check("and that they come again", heard(log, "INFO: state: ok", 2, 15))
        time.sleep(3)
        report.check("what did not change is not said again", said.read_text().count("\n") == 1)
        began = time.monotonic()
        daemon.terminate()
        code = daemon.wait(timeout=20)
        report.check("SIGTERM ends it with 0", code == 0, f"{code}, {time.monotonic() - began:.1f} s")
    finally:
        daemon.kill()
        daemon.wait()
        print(
            *(line for line in log.read_text().splitlines() if ": " in line and " WARN " not in line),
            sep="\n",
        )
    return report.failed


if __name__ == "__main__":
    if sys.argv[1:] == ["pictures"]:
        make_pictures()
    else:
        faulthandler.dump_traceback_later(240, exit=True)
        failed = run_daemon() if sys.argv[1:] == ["daemon"] else run()
        print("failed:", failed)
        sys.exit(1 if failed else 0)
