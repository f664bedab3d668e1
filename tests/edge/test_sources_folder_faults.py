"""What may go wrong in a folder: pictures that end the program, that are too large, that are dated in another world."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.sources import folder as folder_source
from ocr_edge.sources import pictures
from ocr_edge.sources.base import file_time
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.folder import Folder
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.still import Still

KILLED = """
import os, sys, time
from pathlib import Path
from ocr_edge.sources import folder
folder.SETTLE_S = 0.05
source = folder.Folder(Path(sys.argv[1]), Path(sys.argv[2])).__enter__()
while True:
    if source.grab():
        name = Path(source.retrieve().source).name
        print(name, flush=True)
        if name == "2.png":
            os.kill(os.getpid(), 9)
    time.sleep(0.02)
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    monkeypatch.setattr(folder_source, "SETTLE_S", 0.05)


@pytest.fixture
def box(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def picture(path: Path, level: int = 50) -> Path:
    cv2.imwrite(str(path), np.full((8, 12, 3), level, np.uint8))
    return path


def drain(source, seconds=0.4):
    frames, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        if source.grab():
            frames.append(source.retrieve())
        else:
            time.sleep(0.02)
    return frames


def names(frames):
    return [Path(frame.source).name for frame in frames]


def test_a_picture_that_ends_the_program_twice_is_skipped(box, tmp_path, logged):
    for number in (1, 2, 3):
        picture(box / f"{number}.png")
    for _ in range(2):
        run = [sys.executable, "-c", KILLED, str(box), str(tmp_path / "state")]
        ended = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout.split()) == (-9, ["1.png", "2.png"]), ended.stderr
    with Folder(box, tmp_path / "state") as folder:
        assert names(drain(folder)) == ["1.png", "3.png"]
    errors = [record.getMessage() for record in logged if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "2.png: the program ended 2 times" in errors[0]
    os.utime(box / "2.png", (1, 1))  # written anew: a new picture
    with Folder(box, tmp_path / "state") as folder:
        assert names(drain(folder)) == ["2.png"]


@pytest.mark.parametrize("kind", ["one byte", "empty", "cut short", "damaged", "gone"])
def test_a_thousand_bad_files_do_not_delay_the_good_one_after_them(box, tmp_path, monkeypatch, kind):
    good = picture(box / "9999.png").read_bytes()
    damaged = good[:60] + bytes(len(good) - 80) + good[-20:]
    content = {"one byte": b"x", "empty": b"", "cut short": good[:-30], "damaged": damaged, "gone": good}[
        kind
    ]
    bad = [box / f"{number}.png" for number in range(1000)]
    for path in bad:
        path.write_bytes(content)
    load = pictures.whole

    def deleted_meanwhile(path, live):
        while bad:
            bad.pop().unlink()
        return load(path, live)

    if kind == "gone":
        monkeypatch.setattr(pictures, "whole", deleted_meanwhile)
    force = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (time.sleep(0.02), force(descriptor)))  # an SD card
    chosen = SourceSettings(url=f"dir:{box}")
    began = time.monotonic()
    with Capturer(lambda: open_source(chosen, tmp_path / "state"), chosen) as frames:
        assert names([frames.next(0, 10)]) == ["9999.png"]
    assert time.monotonic() - began < 5


def test_the_picture_in_work_is_forced_to_the_disk_while_it_is_read(box, tmp_path, monkeypatch):
    decode, forced = pictures.decode, []

    def fsync(descriptor):
        (begun,) = (tmp_path / "state" / "folders").glob("*.begun")
        if os.path.samestat(os.fstat(descriptor), begun.stat()):
            forced.append(begun.read_text())

    def slowly(path, data, live):
        ends = time.monotonic() + 3
        while not any(path.name in text for text in forced) and time.monotonic() < ends:
            time.sleep(0.01)
        assert any(path.name in text for text in forced)
        return decode(path, data, live)

    with Folder(box, tmp_path / "state") as folder:
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(pictures, "decode", slowly)
        for name in ("1.png", "2.png"):
            picture(box / name)
            assert names(drain(folder, 0.3)) == [name]
    assert "1.png" not in forced[-1]


def test_an_orderly_end_in_the_middle_of_a_picture_does_not_count(box, tmp_path):
    picture(box / "1.png")
    for _ in range(3):
        with Folder(box, tmp_path / "state") as folder:
            while not folder.grab():
                time.sleep(0.02)
            folder.retrieve()


def test_a_picture_for_which_memory_is_short_is_skipped_and_the_next_one_read(box, monkeypatch, logged):
    def decode(data, flags, original=cv2.imdecode):
        image = original(data, flags)
        if image.mean() > 200:
            raise MemoryError
        return image

    monkeypatch.setattr(cv2, "imdecode", decode)
    picture(box / "1.png", 250)
    picture(box / "2.png")
    chosen = SourceSettings(url=f"dir:{box}")
    with Capturer(lambda: open_source(chosen), chosen) as frames:
        assert names([frames.next(0, 5)]) == ["2.png"]
        assert frames.status.state == "ok"
    assert "1.png: too large for the memory" in logged[0].getMessage()


def test_a_file_of_an_absurd_date_counts_as_taken_now(box, monkeypatch):
    for seconds in (300_000_000_000, -3_000_000_000):
        assert abs(file_time(seconds * 10**9) - time.time()) < 5
    assert file_time(1_700_000_000 * 10**9) == 1_700_000_000
    # Few file systems keep such dates: let an early one be too late.
    monkeypatch.setattr("ocr_edge.sources.base.YEAR_9999", 1000)
    path = picture(box / "1.png")
    os.utime(path, (2000, 2000))
    with Folder(box) as folder, Still(path) as still:
        still.grab()
        for frame in (*drain(folder), still.retrieve()):
            assert abs(frame.captured_at - time.time()) < 5


def test_a_picture_is_not_remembered_before_its_reading_is_on_the_disk(box, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_source, "REMEMBER_AFTER_S", 0.0)
    picture(box / "1.png")
    chosen = SourceSettings(url=f"dir:{box}")
    for commit_s, remembered in ((3600.0, 0), (0.0, 1)):
        state = tmp_path / f"state-{remembered}"
        source = open_source(chosen, state, commit_s).__enter__()  # and a power cut, no end
        assert names(drain(source)) == ["1.png"]
        (memory,) = (state / "folders").glob("*.jsonl")
        assert len(memory.read_text().splitlines()) == remembered


def test_the_memory_of_what_was_read_forgets_pictures_that_are_gone(box, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_source, "REMEMBER_AFTER_S", 0.0)
    monkeypatch.setattr(folder_source, "MOST_LINES", 5)
    with Folder(box, tmp_path / "state") as folder:
        for number in range(8):
            path = picture(box / f"{number}.png")
            assert names(drain(folder, 0.25)) == [path.name]
            if number != 0:
                path.unlink()
        drain(folder, 0.1)
        (remembered,) = (tmp_path / "state" / "folders").glob("*.jsonl")
        lines = remembered.read_text().splitlines()
    assert len(lines) <= 6
    assert "0.png" in {json.loads(line)[0] for line in lines}


def test_an_entry_that_cannot_be_looked_at_costs_itself_alone(box, logged):
    (box / "loop.png").symlink_to("loop.png")
    (box / "nothing.png").symlink_to("gone.png")
    (box / "way.png").symlink_to(box / "1.png" / "deeper.png")
    for number in (1, 2):
        picture(box / f"{number}.png")
    with Folder(box) as folder:
        assert names(drain(folder)) == ["1.png", "2.png"]
        picture(box / "3.png")
        assert names(drain(folder)) == ["3.png"]
    warned = [record.getMessage() for record in logged]
    assert [message for message in warned if "loop.png" in message] == [
        f"{box / 'loop.png'}: skipped: Too many levels of symbolic links"
    ]
    assert len([message for message in warned if "way.png" in message]) == 1


def test_a_mistake_of_ours_costs_one_picture_of_the_folder(box, tmp_path, monkeypatch, logged):
    for number in (1, 2, 3):
        picture(box / f"{number}.png")
    decode = pictures.decode

    def fail(path, data, live=False):
        if path.name == "2.png":
            raise RuntimeError("a mistake")
        return decode(path, data, live)

    monkeypatch.setattr(pictures, "decode", fail)
    for expected in (["1.png", "3.png"], []):
        with Folder(box, tmp_path / "state") as folder:
            assert names(drain(folder)) == expected
    assert len([record for record in logged if "the program failed on it" in record.getMessage()]) == 1
