"""The daemon as its users run it: real pictures in, real receivers out."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.system.signals import Signals, Stopped

from .broker import Broker, free_port, until
from .daemon_process import EDGE, DaemonProcess

EXAMPLES = Path(__file__).parents[2] / "examples"
LABEL = EXAMPLES / "cheque-4.jpg"
TEXT = "15346"
OTHER = EXAMPLES / "cheque-2.jpg"


def config(url: str, more: str = "") -> str:
    return f'id = "test-1"\n[source]\nurl = "{url}"\ninterval_s = 0.05\nretry_min_s = 0.1\n{more}'


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(shutil.copy(LABEL, tmp_path / "shot.jpg"))


def test_news_is_said_once_and_kept_and_the_end_is_clean(tmp_path: Path, picture: Path):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        daemon.until_said(TEXT)
        time.sleep(0.5)
        assert daemon.status == TEXT
        took = daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert took < 2
    assert daemon.texts == [TEXT]
    assert daemon.told[0] == "READY=1"
    assert daemon.told[-1] == "STOPPING=1" or "STOPPING=1" in daemon.told
    reading = daemon.readings[0]
    assert (reading["schema"], reading["device"], reading["region"]) == (1, "test-1", "picture")
    with sqlite3.connect(tmp_path / "state" / "readings.sqlite") as store:
        assert store.execute("SELECT text FROM readings").fetchall() == [(TEXT,)]


def test_a_new_picture_is_news_and_the_old_one_after_it_too(tmp_path: Path, picture: Path):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        daemon.until_said(TEXT)
        shutil.copy(OTHER, picture)
        until(lambda: len(daemon.texts) == 2)
        shutil.copy(LABEL, picture)
        until(lambda: len(daemon.texts) == 3)
        daemon.end()
    assert daemon.texts[0] == daemon.texts[2] == TEXT
    assert daemon.texts[1] not in ("", TEXT)


def test_what_was_said_before_a_restart_is_not_said_again(tmp_path: Path, picture: Path):
    for expected in ([TEXT], []):
        with DaemonProcess(tmp_path, config(f"file:{picture}", "[store]\ncommit_s = 0.1\n")) as daemon:
            daemon.until_ready()
            if expected:
                daemon.until_said(TEXT)
            else:
                time.sleep(1.5)
            daemon.end()
        assert daemon.texts == expected


def test_each_picture_of_a_folder_is_read_once(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(LABEL, folder / name)
    with DaemonProcess(tmp_path, config(f"dir:{folder}")) as daemon:
        until(lambda: len(daemon.texts) == 2)
        shutil.copy(LABEL, folder / "c.jpg")
        until(lambda: len(daemon.texts) == 3)
        time.sleep(0.5)
        daemon.end()
    assert daemon.texts == [TEXT] * 3
    assert [Path(reading["source"]).name for reading in daemon.readings] == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_picture_of_a_folder_in_which_nothing_can_be_read_is_answered_too(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.full((60, 150, 3), 200, np.uint8))
    shutil.copy(LABEL, folder / "b.jpg")
    with DaemonProcess(tmp_path, config(f"dir:{folder}")) as daemon:
        until(lambda: len(daemon.texts) == 2)
        daemon.end()
    said = [(Path(r["source"]).name, r["text"], r["why"]) for r in daemon.readings]
    assert said == [("a.png", "", "no text"), ("b.jpg", TEXT, "")]
    assert "region picture: nothing read: no text" in daemon.log


def test_every_receiver_gets_it(tmp_path: Path, picture: Path):
    got = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((json.loads(self.rfile.read(int(self.headers["Content-Length"]))), dict(self.headers)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "token").write_text("secret-token\n")
    page = free_port()
    with Broker(tmp_path) as broker:
        settings = config(
            f"file:{picture}",
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
            f'[webhook]\nurl = "http://127.0.0.1:{server.server_port}/x"\ntoken_file = "{tmp_path}/token"\n'
            f'[files]\npath = "readings.jsonl"\n[http]\nport = {page}\n',
        )
        with DaemonProcess(tmp_path, settings) as daemon:
            daemon.until_said(TEXT)
            until(lambda: got)
            until(
                lambda: (tmp_path / "readings.jsonl").exists() and (tmp_path / "readings.jsonl").read_text()
            )
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/healthz", timeout=5) as answer:
                health = json.load(answer)
            listen = ["mosquitto_sub", "-p", str(broker.port), "-t", "ocr-edge/#", "-v", "-W", "2"]
            retained = subprocess.run(listen, capture_output=True, text=True, timeout=10, check=False).stdout
            daemon.end()
    server.shutdown()
    assert daemon.process.returncode == 0, daemon.log
    assert got[0][0]["text"] == TEXT
    assert got[0][1]["Authorization"] == "Bearer secret-token"
    assert json.loads((tmp_path / "readings.jsonl").read_text())["text"] == TEXT
    assert "ocr_edge_frames_total" in metrics
    assert health["ok"] is True
    assert f"value {TEXT}" in retained
    assert "status online" in retained
    assert "secret-token" not in daemon.log + metrics + retained


def test_a_dead_broker_stops_nothing_and_gets_everything_later(tmp_path: Path, picture: Path):
    port = free_port()
    settings = config(f"file:{picture}", f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n')
    with DaemonProcess(tmp_path, settings) as daemon:
        daemon.until_said(TEXT)
        until(lambda: "mqtt" in daemon.status)
        assert daemon.end() < 2
    with Broker(tmp_path) as broker:
        listen = ["mosquitto_sub", "-p", str(broker.port), "-t", "ocr-edge/test-1/#", "-v", "-W", "20"]
        with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as listener:
            time.sleep(0.5)
            with DaemonProcess(tmp_path, settings.replace(str(port), str(broker.port))) as daemon:
                daemon.until_ready()
                heard = any(f'"text":"{TEXT}"' in line for line in listener.stdout)
                listener.terminate()
                daemon.end()
    assert heard


def test_a_lost_source_is_said_and_survived(tmp_path: Path, picture: Path):
    with DaemonProcess(tmp_path, config(f"file:{picture}")) as daemon:
        daemon.until_said(TEXT)
        picture.unlink()
        until(lambda: "camera" in daemon.status)
        shutil.copy(OTHER, picture)
        until(lambda: len(daemon.texts) == 2)
        until(lambda: "camera" not in daemon.status)
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log


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


def test_receivers_that_cannot_start_hold_up_nothing_and_are_had_later(tmp_path: Path, picture: Path):
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "disk").write_text("not mounted")
    busy = socket.create_server(("127.0.0.1", 0))
    page = busy.getsockname()[1]
    settings = config(
        f"file:{picture}",
        f'[webhook]\nurl = "http://127.0.0.1:{server.server_port}/x"\ntoken_file = "{tmp_path}/token"\n'
        f'[files]\npath = "{tmp_path}/disk/readings.jsonl"\n[http]\nport = {page}\n'
        f'[store]\npath = "{tmp_path}/disk/readings.sqlite"\n[mqtt]\nhost = "127.0.0.1"\ntls = true\n'
        f'ca_file = "{tmp_path}/ca.crt"\n',
    )
    with DaemonProcess(tmp_path, settings) as daemon:
        daemon.until_ready()
        daemon.until_said(TEXT)
        until(
            lambda: all(
                f"{name}: " in daemon.status for name in ("webhook", "files", "http", "store", "mqtt")
            )
        )
        assert "Address already in use" in daemon.status
        busy.close()
        (tmp_path / "token").write_text("secret")
        (tmp_path / "disk").unlink()
        until(lambda: got)
        until(
            lambda: all(f"{name}: " not in daemon.status for name in ("webhook", "files", "http", "store")),
            20,
        )
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=5) as answer:
            assert b"ocr_edge_frames_total" in answer.read()
        daemon.end()
    server.shutdown()
    assert daemon.process.returncode == 0, daemon.log
    assert "Traceback" not in daemon.log
    assert [reading["text"] for reading in got] == [TEXT]
    assert json.loads((tmp_path / "disk" / "readings.jsonl").read_text())["text"] == TEXT
    with sqlite3.connect(tmp_path / "disk" / "readings.sqlite") as store:
        assert store.execute("SELECT text FROM readings").fetchall() == [(TEXT,)]


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


def test_one_shot_on_request(tmp_path: Path, picture: Path):
    page = free_port()
    settings = config(f"file:{picture}", f"[http]\nport = {page}\n").replace(
        "interval_s", 'mode = "trigger"\ninterval_s'
    )
    with DaemonProcess(tmp_path, settings) as daemon:
        daemon.until_ready()
        for count in (1, 2):
            request = urllib.request.Request(f"http://127.0.0.1:{page}/trigger", method="POST")
            urllib.request.urlopen(request, timeout=5).close()
            until(lambda: len(daemon.texts) == count)  # noqa: B023 - called at once
        cv2.imwrite(str(picture), np.full((100, 200, 3), 255, np.uint8))
        urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{page}/trigger", method="POST"), timeout=5
        )
        until(lambda: len(daemon.texts) == 3)
        daemon.end()
    assert daemon.texts == [TEXT, TEXT, ""]
    assert daemon.readings[2]["why"]


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
