"""The daemon and its receivers: each gets what was read, also those that come late."""

import json
import socket
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path

from . import run_parts as parts
from . import webhook_parts
from .broker import Broker, free_port, until
from .daemon_process import DaemonProcess
from .run_parts import TEXT, config

picture, receiver = parts.picture, webhook_parts.receiver


def test_every_receiver_gets_it(tmp_path: Path, picture: Path, receiver):
    (tmp_path / "token").write_text("secret-token\n")
    page = free_port()
    with Broker(tmp_path) as broker:
        settings = config(
            f"file:{picture}",
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
            f'[webhook]\nurl = "{receiver.url}"\ntoken_file = "{tmp_path}/token"\n'
            f'[files]\npath = "readings.jsonl"\n[http]\nport = {page}\n',
        )
        with DaemonProcess(tmp_path, settings) as daemon:
            daemon.until_said(TEXT)
            until(lambda: receiver.requests)
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
    assert daemon.process.returncode == 0, daemon.log
    _, headers, body = receiver.requests[0]
    assert json.loads(body)["text"] == TEXT
    assert headers["Authorization"] == "Bearer secret-token"
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


def test_receivers_that_cannot_start_hold_up_nothing_and_are_had_later(
    tmp_path: Path, picture: Path, receiver
):
    (tmp_path / "disk").write_text("not mounted")
    busy = socket.create_server(("127.0.0.1", 0))
    page = busy.getsockname()[1]
    settings = config(
        f"file:{picture}",
        f'[webhook]\nurl = "{receiver.url}"\ntoken_file = "{tmp_path}/token"\n'
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
        until(lambda: receiver.requests)
        until(
            lambda: all(f"{name}: " not in daemon.status for name in ("webhook", "files", "http", "store")),
            20,
        )
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=5) as answer:
            assert b"ocr_edge_frames_total" in answer.read()
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert "Traceback" not in daemon.log
    assert [json.loads(body)["text"] for _, _, body in receiver.requests] == [TEXT]
    assert json.loads((tmp_path / "disk" / "readings.jsonl").read_text())["text"] == TEXT
    with sqlite3.connect(tmp_path / "disk" / "readings.sqlite") as store:
        assert store.execute("SELECT text FROM readings").fetchall() == [(TEXT,)]
