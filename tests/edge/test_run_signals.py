"""The daemon begins, reloads and ends as it is told to, at any moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.system.signals import Signals, Stopped

from . import run_parts as parts
from .broker import until
from .daemon_process import EDGE, DaemonProcess
from .run_parts import LABEL, TEXT, config

picture = parts.picture


@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.2, 0.4, 0.6, 0.9, 1.3])
def test_a_signal_to_stop_is_heard_at_any_moment(tmp_path: Path, picture: Path, wait_s: float):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        time.sleep(wait_s)
        assert daemon.end() < 2
    # Before the program has begun there is nobody to hear it: the signal ends the interpreter.
    assert daemon.process.returncode in (0, -signal.SIGTERM), daemon.log
    assert daemon.process.returncode == 0 or "READY=1" not in daemon.told


@pytest.mark.parametrize(
    "module", ["cv2", "ocr_edge.config", "ocr_edge.daemon.build", "ocr_edge.daemon.scene"]
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_program_loads_ends_it_well(
    tmp_path: Path, picture: Path, module: str, number: int
):
    (tmp_path / "config.toml").write_text(config(f"file:{picture}"))
    told = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from ocr_edge.cli import main\n"
        "sys.exit(main(['run', '--config', sys.argv[1]]))\n"
    )
    command = [sys.executable, "-c", told, str(tmp_path / "config.toml")]
    environment = os.environ | {"PYTHONPATH": str(EDGE), "STATE_DIRECTORY": str(tmp_path / "state")}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=20, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (tmp_path / "state").exists()


def test_an_error_that_a_library_makes_of_a_signal_is_no_error():
    signals = Signals()  # without its handlers: they would stay off in this process once it was told to stop

    def load() -> None:
        with signals.interrupting():
            signals.stop = True
            raise ImportError("initialization failed")

    with pytest.raises(Stopped):
        load()


def test_a_reload_while_the_program_loads_is_done_when_it_runs(tmp_path: Path, picture: Path):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        until(
            lambda: (
                "SigCgt" in (found := Path(f"/proc/{daemon.process.pid}/status").read_text())
                and int(found.partition("SigCgt:")[2].split()[0], 16) & 1
            )
        )  # bit of SIGHUP, signal 1
        assert "READY=1" not in daemon.told
        os.kill(daemon.process.pid, signal.SIGHUP)
        until(lambda: "reloaded" in daemon.log)
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log


def test_a_long_reading_does_not_delay_the_end(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    with DaemonProcess(tmp_path, config(f"file:{tmp_path / 'noise.png'}")) as daemon:
        until(lambda: "first frame" in daemon.log)
        time.sleep(0.3)
        assert daemon.end() < 2
    assert daemon.process.returncode == 0, daemon.log


def test_a_finite_source_ends_the_daemon(tmp_path: Path):
    image = cv2.imread(str(LABEL))
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, image.shape[1::-1])
    for _ in range(12):
        writer.write(image)
    writer.release()
    with DaemonProcess(
        tmp_path, config(f"video:{path}").replace("interval_s", 'mode = "continuous"\ninterval_s')
    ) as daemon:
        assert daemon.process.wait(20) == 0, daemon.log
        until(lambda: daemon.texts)
    assert daemon.texts == [TEXT]


def test_a_reload_takes_new_regions_and_a_mistake_keeps_the_old_ones(tmp_path: Path, picture: Path):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        daemon.until_said(TEXT)
        daemon.path.write_text("[source]\nurl = 3\n")
        os.kill(daemon.process.pid, signal.SIGHUP)
        until(lambda: "not reloaded" in daemon.status)
        daemon.path.write_text(config(f"file:{picture}", '[[region]]\nname = "amount"\n'))
        os.kill(daemon.process.pid, signal.SIGHUP)
        until(lambda: len(daemon.readings) == 2)
        assert "not reloaded" not in daemon.status
        daemon.end()
    assert daemon.readings[1]["region"] == "amount"
    assert daemon.process.returncode == 0, daemon.log


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[source]\nurl = 3\n", 2, "source.url"),
        (config("nothing:0"), 2, "source.url"),
        (config("file:x", '[[region]]\npattern = "["\n'), 2, "pattern"),
        (config("file:x", "[[region]]\nschedule = ['25:00-26:00']\n"), 2, "schedule"),
        ('bundle = "missing"\n' + config("file:x"), 3, "missing"),
    ],
)
def test_what_can_never_work_ends_it_at_once_with_one_line(tmp_path: Path, text: str, code: int, said: str):
    with DaemonProcess(tmp_path, text) as daemon:
        assert daemon.process.wait(10) == code
        until(lambda: daemon.log)
    assert said in daemon.log
    assert "Traceback" not in daemon.log
    assert "READY=1" not in daemon.told
