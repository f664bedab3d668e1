"""The daemon as its users run it: real pictures in, what is news out."""

import datetime as dt
import os
import shutil
import sqlite3
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np

from . import run_parts as parts
from .broker import free_port, until
from .daemon_process import DaemonProcess
from .run_parts import LABEL, OTHER, TEXT, config

picture = parts.picture


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
    assert "STOPPING=1" in daemon.told
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
    os.utime(picture, (1.7e9, 1.7e9))
    at = dt.datetime.fromtimestamp(1.7e9).isoformat(" ", "seconds")
    stands = f"still stands, said of the picture of {at}; said again when it changes\n"
    quiet = "[stdout]\nenabled = false\n"
    for expected, more, told in (
        ([TEXT], "", []),
        ([], "", [f'INFO: region picture: "{TEXT}" {stands}']),
        ([], quiet, [f"INFO: region picture: what it said last {stands}"]),
    ):
        with DaemonProcess(tmp_path, config(f"file:{picture}", "[store]\ncommit_s = 0.1\n" + more)) as daemon:
            daemon.until_ready()
            if expected:
                daemon.until_said(TEXT)
            else:
                time.sleep(1.5)
            daemon.end()
        assert daemon.texts == expected
        assert [line for line in daemon.log.splitlines(keepends=True) if "still stands" in line] == told


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
