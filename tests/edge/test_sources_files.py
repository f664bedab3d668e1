"""Files as cameras: one that is renewed, a folder that fills, a video that plays."""

import os
import shutil
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources import folder as folder_source
from ocr_edge.sources.base import EndOfSource
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.folder import Folder
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.still import Still
from ocr_edge.sources.video import Clip


def picture(path: Path, level: int) -> Path:
    cv2.imwrite(str(path), np.full((8, 12, 3), level, np.uint8))
    return path


def settings(url, **changed):
    return SourceSettings(url=url, **{"timeout_s": 2.0, "retry_min_s": 0.05, "retry_max_s": 0.1} | changed)


def capturer(url, state=None, **changed):
    chosen = settings(url, **changed)
    return Capturer(lambda: open_source(chosen, state), chosen)


def level(frame):
    return round(float(frame.image.mean()))


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    monkeypatch.setattr(folder_source, "SETTLE_S", 0.15)


def drain(source, seconds=0.5):
    """Names of all pictures that come in this time."""
    names, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        if source.grab():
            names.append(Path(source.retrieve().source).name)
        else:
            time.sleep(0.02)
    return names


def test_a_picture_that_is_renewed_is_read_again_and_given_whenever_asked(tmp_path, monkeypatch):
    path, loads = picture(tmp_path / "now.png", 10), []
    load = folder_source.pictures.load
    monkeypatch.setattr(
        "ocr_edge.sources.still.pictures.load",
        lambda *args, **live: loads.append(args) or load(*args, **live),
    )
    with capturer(f"file:{path}") as frames:
        assert [level(frames.next(time.monotonic(), 2)) for _ in range(3)] == [10, 10, 10]
        assert len(loads) == 1
        os.replace(picture(tmp_path / "next.png", 77), path)
        frame = frames.next(time.monotonic(), 2)
        assert level(frame) == 77
        assert frame.captured_at == pytest.approx(path.stat().st_mtime)
        assert len(loads) == 2


def test_a_picture_is_not_read_while_it_is_written(tmp_path):
    path = picture(tmp_path / "now.png", 10)
    whole = picture(tmp_path / "next.png", 77).read_bytes()

    def write_slowly():
        with path.open("wb") as file:
            for start in range(0, len(whole), 16):
                file.write(whole[start : start + 16])
                file.flush()
                time.sleep(0.08)

    with Still(path) as still:
        writer = threading.Thread(target=write_slowly)
        writer.start()
        time.sleep(0.04)
        while writer.is_alive():
            assert not still.grab() or not writer.is_alive()
            time.sleep(0.02)
        while not still.grab():
            time.sleep(0.02)
        assert level(still.retrieve()) == 77


def test_a_picture_that_is_replaced_all_the_time_is_read_all_the_same(tmp_path):
    path, over = picture(tmp_path / "now.png", 10), threading.Event()

    def replace_often():
        number = 0
        while not over.wait(0.05):
            number += 1
            os.replace(picture(tmp_path / "next.png", 50 + number % 100), path)

    writer = threading.Thread(target=replace_often)
    writer.start()
    try:
        with capturer(f"file:{path}") as frames:
            seen = [frames.next(time.monotonic(), 5) for _ in range(3)]
            assert None not in seen
            assert level(seen[-1]) >= 50
            assert frames.status.state == "ok"
    finally:
        over.set()
        writer.join()


def test_an_unchanged_file_is_given_once_when_each_picture_is_a_thing_of_its_own(tmp_path):
    path = picture(tmp_path / "now.png", 10)
    with capturer(f"file:{path}", separate=True) as frames:
        assert level(frames.next(time.monotonic(), 2)) == 10
        assert frames.next(time.monotonic(), 0.6) is None
        os.replace(picture(tmp_path / "next.png", 77), path)
        assert level(frames.next(time.monotonic(), 3)) == 77
        assert frames.next(time.monotonic(), 0.6) is None
    chosen = settings(f"file:{path}", separate=True, mode="trigger")
    with open_source(chosen) as still:  # whoever presses a button wants an answer
        assert [still.grab() and level(still.retrieve()) for _ in range(2)] == [77, 77]


def test_a_picture_that_is_taken_away_is_lost_until_it_is_back(tmp_path):
    path = picture(tmp_path / "now.png", 10)
    with capturer(f"file:{path}") as frames:
        assert frames.next(0, 2) is not None
        path.rename(tmp_path / "away.png")
        assert frames.next(time.monotonic(), 0.4) is None
        assert frames.status.state == "lost"
        assert "No such file" in frames.status.detail
        (tmp_path / "away.png").rename(path)
        assert frames.next(time.monotonic(), 3) is not None


def test_a_folder_gives_each_picture_once_in_natural_order(tmp_path):
    for number in (10, 9, 100, 1):
        picture(tmp_path / f"{number}.png", number)
    (tmp_path / "notes.txt").write_text("no picture")
    picture(tmp_path / ".hidden.png", 3)
    with capturer(f"dir:{tmp_path}") as frames:
        seen = [frames.next(time.monotonic(), 3) for _ in range(4)]
        assert [level(frame) for frame in seen] == [1, 9, 10, 100]
        assert seen[0].source == str(tmp_path / "1.png")
        assert seen[0].captured_at == pytest.approx((tmp_path / "1.png").stat().st_mtime)
        picture(tmp_path / "5.png", 5)
        assert level(frames.next(time.monotonic(), 3)) == 5
        picture(tmp_path / "1.png", 200)  # written anew: a new picture
        assert level(frames.next(time.monotonic(), 3)) == 200
        assert frames.next(time.monotonic(), 1) is None
        assert frames.separate
        assert frames.status.state == "ok"


def test_a_half_written_picture_is_waited_for(tmp_path):
    whole = picture(tmp_path / "whole.png", 60).read_bytes()
    (tmp_path / "whole.png").unlink()
    with Folder(tmp_path) as folder, (tmp_path / "slow.png").open("wb") as file:
        for start in range(0, len(whole), 16):
            file.write(whole[start : start + 16])
            file.flush()
            assert drain(folder, 0.06) == []
        assert drain(folder) == ["slow.png"]


def test_a_broken_picture_is_reported_once_and_skipped(tmp_path, logged):
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8\xff oops")
    picture(tmp_path / "2.jpg", 50)
    with Folder(tmp_path) as folder:
        assert drain(folder) == ["2.jpg"]
    assert ["1.jpg" in record.getMessage() for record in logged] == [True]


def test_a_restart_reads_only_what_is_new(tmp_path):
    pictures, state = tmp_path / "in", tmp_path / "state"
    pictures.mkdir()
    for number in (1, 2):
        picture(pictures / f"{number}.png", number)
    with Folder(pictures, state) as folder:
        assert drain(folder) == ["1.png", "2.png"]
    picture(pictures / "3.png", 3)
    (pictures / "1.png").unlink()
    with Folder(pictures, state) as folder:
        assert drain(folder) == ["3.png"]
    remembered = next((state / "folders").glob("*.jsonl"))
    assert len(remembered.read_text().splitlines()) == 2
    remembered.write_bytes(remembered.read_bytes()[:-5])  # a power cut while it was written
    with Folder(pictures, state) as folder:
        assert drain(folder) == ["3.png"]
    with Folder(pictures) as folder:
        assert drain(folder) == ["2.png", "3.png"]


def test_a_picture_counts_as_read_only_when_the_next_is_asked_for(tmp_path):
    pictures, state = tmp_path / "in", tmp_path / "state"
    pictures.mkdir()
    picture(pictures / "1.png", 1)
    with Folder(pictures, state) as folder:
        while not folder.grab():
            time.sleep(0.05)
        folder.retrieve()
    with Folder(pictures, state) as folder:
        assert drain(folder) == ["1.png"]


def test_what_was_read_is_remembered_after_a_while_and_not_only_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_source, "REMEMBER_AFTER_S", 0.05)
    picture(tmp_path / "1.png", 1)
    with Folder(tmp_path, tmp_path / "state") as folder:
        assert drain(folder) == ["1.png"]
        (remembered,) = (tmp_path / "state" / "folders").glob("*.jsonl")
        assert "1.png" in remembered.read_text()


def test_a_folder_that_goes_away_is_lost_and_found_again(tmp_path):
    pictures = tmp_path / "in"
    pictures.mkdir()
    with capturer(f"dir:{pictures}", tmp_path / "state") as frames:
        picture(pictures / "1.png", 1)
        assert level(frames.next(0, 3)) == 1
        shutil.rmtree(pictures)
        assert frames.next(0, 0.6) is None
        assert frames.status.state == "lost"
        pictures.mkdir()
        picture(pictures / "2.png", 2)
        assert level(frames.next(0, 4)) == 2


@pytest.fixture
def clip(tmp_path):
    """A second of video, each frame brighter than the one before."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPG")
    for number in range(10):
        writer.write(np.full((48, 64, 3), number * 20, np.uint8))
    writer.release()
    return path


def test_a_video_plays_at_its_own_pace_and_ends(clip):
    began = time.monotonic()
    with capturer(f"video:{clip}") as frames:
        seen = []
        while frames.status.state != "ended":
            frame = frames.next(time.monotonic(), 0.5)
            if frame is not None:
                seen.append(frame)
                time.sleep(0.25)
    assert 0.8 < time.monotonic() - began < 2.5
    assert 2 <= len(seen) <= 5
    levels = [level(frame) for frame in seen]
    assert levels == sorted(levels)
    assert seen[0].source == f"{clip}#t=0.00"


def test_a_video_of_slow_frames_does_not_hang(clip, monkeypatch):
    monkeypatch.setattr(
        "ocr_edge.sources.video.frames",
        lambda *_, **__: iter([(0.0, np.zeros((2, 2, 3), np.uint8)), (9.0, None)]),
    )
    with Clip(clip) as playing:
        assert playing.grab()
        began = time.monotonic()
        assert not playing.grab()
        assert time.monotonic() - began < 0.5


def test_a_video_file_that_is_none_is_refused_in_one_line(tmp_path):
    (tmp_path / "text.mp4").write_text("Dear diary")
    with pytest.raises(CaptureError, match="not a video"), Clip(tmp_path / "text.mp4"):
        raise EndOfSource
