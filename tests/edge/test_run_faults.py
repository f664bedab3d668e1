"""Faults of the world, one after the other, and the daemon that goes on."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.sources import pictures

from .broker import free_port, until
from .daemon_process import DaemonProcess
from .run_parts import EXAMPLES, TEXT


def jpeg(name: str = "cheque-4.jpg") -> bytes:
    """A camera's picture: an amount on a table."""
    image = np.full((240, 320, 3), 190, np.uint8)
    crop = cv2.cvtColor(pictures.load(EXAMPLES / name), cv2.COLOR_RGB2BGR)
    image[90 : 90 + crop.shape[0], 60 : 60 + crop.shape[1]] = crop
    return cv2.imencode(".jpg", image)[1].tobytes()


def config(url: str, more: str = "") -> str:
    return (
        f'id = "test-1"\n[source]\nurl = "{url}"\ninterval_s = 0.05\ntimeout_s = 1.0\nretry_min_s = 0.1\n'
        f"retry_max_s = 0.3\n[store]\ncommit_s = 0.1\n{more}"
    )


def test_a_camera_that_goes_away_comes_back(tmp_path: Path, camera):
    camera.picture = jpeg
    with DaemonProcess(tmp_path, config(camera.url("stream"))) as daemon:
        daemon.until_said(TEXT)
        camera.close()
        until(lambda: "camera: " in daemon.status)
        assert daemon.status.endswith(f"last reading: {TEXT}")
        camera.restart()
        camera.picture = lambda: jpeg("cheque-2.jpg")
        until(lambda: len(daemon.texts) == 2)
        until(lambda: "camera: " not in daemon.status)
        assert daemon.end() < 2
    assert daemon.process.returncode == 0, daemon.log


def test_a_camera_that_hangs_starves_the_watchdog_but_not_the_status(tmp_path: Path, camera):
    camera.picture = jpeg
    # The time between two feeds is a quarter of the watchdog's.
    with DaemonProcess(tmp_path, config(camera.url("stream")), WATCHDOG_USEC="400000") as daemon:
        daemon.until_said(TEXT)
        fed = daemon.told.count("WATCHDOG=1")
        until(lambda: daemon.told.count("WATCHDOG=1") > fed + 5)
        os.kill(daemon.process.pid, signal.SIGSTOP)
        time.sleep(0.5)
        fed = daemon.told.count("WATCHDOG=1")
        time.sleep(0.5)
        assert daemon.told.count("WATCHDOG=1") == fed
        os.kill(daemon.process.pid, signal.SIGCONT)
        until(lambda: daemon.told.count("WATCHDOG=1") > fed)
        camera.silent.set()
        until(lambda: "camera: " in daemon.status)
        assert daemon.end() < 2


def test_garbage_and_another_size_are_survived(tmp_path: Path, camera):
    camera.picture = jpeg
    size = "[picture]\nsize = [320, 240]\n"
    with DaemonProcess(tmp_path, config(camera.url("stream"), size)) as daemon:
        daemon.until_said(TEXT)
        camera.picture = lambda: b"\xff\xd8" + bytes(2000)
        until(lambda: "camera: " in daemon.status)
        camera.picture = lambda: camera.jpeg(120, 200, 200)
        until(lambda: "200x200" in daemon.status)
        camera.picture = lambda: jpeg("cheque-2.jpg")
        until(lambda: len(daemon.texts) == 2)
        until(lambda: daemon.status == daemon.texts[1])
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert "Traceback" not in daemon.log


def ocr_edge(*arguments: object, state: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"STATE_DIRECTORY": str(state)}
    command = [sys.executable, "-m", "ocr_edge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30, check=False)


def variant(folder: Path, name: str) -> Path:
    """A copy of the shipped bundle under another name."""
    shutil.copytree(bundles.shipped(), folder)
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": name}))
    return folder


def test_bundles_are_swapped_rolled_back_and_a_damaged_one_is_left(tmp_path: Path, camera):
    camera.picture = jpeg
    state = tmp_path / "state"
    with DaemonProcess(tmp_path, config(camera.url("stream"))) as daemon:
        daemon.until_said(TEXT)
        for command, name in (
            (("install", variant(tmp_path / "first", "first")), "first"),
            (("install", variant(tmp_path / "second", "second")), "second"),
            (("rollback",), "first"),
        ):
            done = ocr_edge("bundle", *command, state=state)
            assert done.returncode == 0, done.stderr
            seen = daemon.log.count("reloaded")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: daemon.log.count("reloaded") > seen)  # noqa: B023 - called at once
            assert f"bundle {name} " in daemon.log.splitlines()[-2]
        active = (state / "bundles" / "active").resolve()
        network = next(active.glob("*.tflite"))
        network.chmod(0o644)
        network.write_bytes(network.read_bytes()[:-100])
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "bundle: " in daemon.status)
        camera.picture = lambda: jpeg("cheque-2.jpg")
        until(lambda: len(daemon.texts) == 2)
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log


def test_no_accepted_reading_is_lost_to_kills_of_the_whole_daemon(tmp_path: Path, camera):
    shown = [jpeg(), jpeg("cheque-2.jpg")]
    camera.picture = lambda: shown[int(time.monotonic() * 3) % 2]
    dice, said = random.Random(1), []
    for _ in range(6):
        with DaemonProcess(tmp_path, config(camera.url("stream"), "[stabilize]\nframes = 1\n")) as daemon:
            daemon.until_ready()
            time.sleep(dice.uniform(0.2, 1.2))
            daemon.end(signal.SIGKILL)
        said += [reading["id"] for reading in daemon.readings]
    with sqlite3.connect(tmp_path / "state" / "readings.sqlite") as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        numbers = [number for (number,) in store.execute("SELECT number FROM readings ORDER BY number")]
    assert said == sorted(set(said)), "an id was given twice, or ids do not grow"
    assert len(numbers) > 3
    # What the store has was said on stdout in the same order; only the last moments of a life may be missing there.
    assert set(numbers) <= {int(each.rpartition("-")[2]) for each in said} | set(numbers[-1:])


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
def test_numbers_grow_although_the_clock_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_s: float
):
    from ocr_edge.config.load import parse
    from ocr_edge.daemon.outputs import Outputs
    from ocr_edge.reading import Reading
    from ocr_edge.system.health import Health

    settings = parse(
        config("file:x", "[stdout]\nenabled = false\n").replace("id =", f'state_dir = "{tmp_path}"\nid ='),
        tmp_path / "c",
    )
    numbers, now = [], time.time
    for offset in (0.0, ahead_s):
        monkeypatch.setattr(time, "time", lambda offset=offset: now() + offset)
        with Outputs(settings, Health()) as outputs:
            for _ in range(3):
                outputs.publish(Reading("c", (), time.time(), region="a"))
                numbers.append(outputs.latest["a"].number)
    assert numbers == sorted(set(numbers))


def test_a_second_signal_does_not_cut_the_first_one_short(tmp_path: Path, camera):
    camera.picture = jpeg
    settings = config(camera.url("stream")).replace("commit_s = 0.1", "commit_s = 60")
    with DaemonProcess(tmp_path, settings) as daemon:
        daemon.until_said(TEXT)
        daemon.process.send_signal(signal.SIGTERM)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            time.sleep(0.02)
            daemon.process.send_signal(number)
        daemon.process.wait(5)
    assert daemon.process.returncode == 0, daemon.log
    with sqlite3.connect(tmp_path / "state" / "readings.sqlite") as store:
        assert store.execute("SELECT text FROM readings").fetchall() == [(TEXT,)]


def test_a_second_daemon_on_the_same_state_is_refused(tmp_path: Path, camera):
    camera.picture = jpeg
    with DaemonProcess(tmp_path, config(camera.url("stream"))) as first:
        first.until_ready()
        with DaemonProcess(tmp_path, config(camera.url("stream"))) as second:
            assert second.process.wait(10) == 1  # restarted by systemd, unlike after a wrong configuration
        until(lambda: "another ocr-edge works here" in second.log)
        first.end()


def test_who_asks_a_lost_camera_is_told_so(tmp_path: Path):
    port = free_port()
    settings = config(f"file:{tmp_path / 'none.png'}", f"[http]\nport = {port}\n")
    with DaemonProcess(tmp_path, settings.replace("interval_s = 0.05", 'mode = "trigger"')) as daemon:
        daemon.until_ready()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/trigger", method="POST")
        urllib.request.urlopen(request, timeout=5).close()
        until(lambda: daemon.readings)
        daemon.end()
    assert daemon.readings[0]["text"] == ""
    assert "none.png" in daemon.readings[0]["why"]
