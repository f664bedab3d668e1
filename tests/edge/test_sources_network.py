"""Network cameras: a real server on loopback that streams, hangs, dies, comes back, and answers with garbage."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time

import cv2
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.stream import Stream


def settings(url, **changed):
    return SourceSettings(url=url, **{"timeout_s": 1.0, "retry_min_s": 0.05, "retry_max_s": 0.2} | changed)


def capturer(chosen):
    return Capturer(lambda: open_source(chosen), chosen)


def level(frame):
    return round(float(frame.image.mean()))


def next_within(capturer, timeout_s=6.0):
    deadline = time.monotonic() + timeout_s
    while (frame := capturer.next(time.monotonic(), 0.5)) is None:
        assert time.monotonic() < deadline, capturer.status
    return frame


def test_a_stream_gives_its_newest_frame(camera, capfd):
    shown = iter(range(10, 240, 2))
    camera.picture = lambda: camera.jpeg(next(shown, 240))
    with capturer(settings(camera.url("stream"))) as frames:
        first = next_within(frames)
        time.sleep(0.3)
        second = next_within(frames)
        assert level(second) - level(first) > 10
        assert second.image.shape == (48, 64, 3)
        assert abs(second.captured_at - time.time()) < 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("boundary", ["frame", "--frame", '"frame"'])
@pytest.mark.parametrize(
    "head",
    [
        "--frame\r\nContent-Type: image/jpeg\r\n\r\n",
        "--frame\nContent-type: image/jpeg\n\n",
        "--frame\r\nX-Time: 1\r\n\r\n",
        "--frame\r\nContent-Type: application/octet-stream\r\n\r\n",
        "--frame\r\n\r\nhi\r\n--frame\r\n\r\n",
        "--frame\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi\r\n--frame\r\nContent-Type: image/jpeg\n\n",
    ],
    ids=["no length", "bare line ends", "no type", "bytes", "other parts of no type", "other parts"],
)
def test_streams_that_are_written_otherwise_are_understood(camera, head, boundary):
    camera.head, camera.boundary = lambda part: head.encode(), boundary
    shown = iter(range(0, 250, 25))
    camera.picture = lambda: camera.jpeg(next(shown))
    seen = []
    with open_source(settings(camera.url("stream"))) as source:
        while len(seen) < 4:
            if source.grab():
                seen.append(level(source.retrieve()) // 25)
    assert seen == [0, 1, 2, 3]


def test_a_stream_without_end_marks_or_with_a_mad_length_is_given_up(camera):
    camera.head = lambda part: b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999999\r\n\r\n"
    with pytest.raises(CaptureError, match="32 MiB"), open_source(settings(camera.url("stream"))) as source:
        source.grab()
    camera.head, camera.pace_s = lambda part: b"\n", 0.01
    with (
        pytest.raises(CaptureError, match="no picture in"),
        open_source(settings(camera.url("stream"))) as source,
    ):
        source.grab()


def test_a_length_of_thousands_of_digits_is_one_line(camera, logged):
    lengths = iter([b"9" * 5000, b"9" * 5000])
    camera.head = lambda part: (
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %s\r\n\r\n"
        % next(lengths, b"%d" % len(part))
    )
    with capturer(settings(camera.url("stream"))) as frames:
        assert next_within(frames)
    lost = [record for record in logged if record.levelname == "WARNING"]
    assert ["32 MiB" in record.getMessage() for record in lost] == [True] * len(lost)
    assert lost
    assert not any(record.exc_info for record in lost)


def test_a_stream_too_large_for_the_daemon_is_refused_before_a_frame_is_decoded(monkeypatch):
    class Huge:
        released = False

        def __init__(self, *_):
            pass

        def isOpened(self):  # noqa: N802 - OpenCV's name
            return True

        def get(self, _):
            return 8192.0

        def release(self):
            Huge.released = True

    monkeypatch.setattr(cv2, "VideoCapture", Huge)
    with (
        pytest.raises(CaptureError, match="gives 8192x8192, at most 17 million"),
        open_source(settings("rtsp://x/y")),
    ):
        pass
    assert Huge.released


def test_a_page_is_not_a_camera(camera):
    camera.boundary = "x"
    camera.answer = lambda handler: handler.send_error(200)
    with pytest.raises(CaptureError, match="answers with text/html, expected image/jpeg"):
        open_source(settings(camera.url("index"))).__enter__()


def test_a_stream_may_change_its_size(camera):
    with capturer(settings(camera.url("stream"))) as frames:
        assert next_within(frames).image.shape == (48, 64, 3)
        camera.picture = lambda: camera.jpeg(90, 96, 80)
        time.sleep(0.2)
        frame = next_within(frames)
        assert frame.image.shape == (80, 96, 3)
        assert abs(level(frame) - 90) < 5
        assert frames.status.failures == 0


def test_a_camera_that_dies_and_comes_back_is_found_again(camera):
    with capturer(settings(camera.url("stream"))) as frames:
        next_within(frames)
        camera.close()
        assert frames.next(time.monotonic() + 0.5, 1.0) is None
        assert frames.status.state == "lost"
        camera.restart()
        camera.picture = lambda: camera.jpeg(30)
        assert abs(level(next_within(frames)) - 30) < 5
        assert frames.status.state == "ok"


def test_a_stream_that_falls_silent_is_lost_and_not_waited_for_forever(camera):
    with capturer(settings(camera.url("stream"))) as frames:
        next_within(frames)
        camera.silent.set()
        deadline = time.monotonic() + 4
        while frames.status.state != "lost":
            began = time.monotonic()
            frames.next(began + 60, 0.2)
            assert time.monotonic() - began < 0.5
            assert time.monotonic() < deadline, frames.status
        assert "no picture in" in frames.status.detail
        camera.silent.clear()
        next_within(frames)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/x", "rtsp://127.0.0.1:{}/x"])
def test_a_camera_that_accepts_and_says_nothing_is_given_up(url):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        chosen = settings(url.format(listener.getsockname()[1]), timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(CaptureError, match=r"no picture in 0\.\d s|does not answer"), open_source(chosen):
            pass
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\r\nContent-Length: 0",
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=x, algorithm=ROT13, nonce=1\r\nContent-Length: 0",
        "HTTP/1.1 302 Away\r\nLocation: file:///etc/passwd\r\nContent-Length: 0",
        "HTTP/1.1 302 Away\r\nLocation: http://[::1\r\nContent-Length: 0",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: image/jpeg\r\n\r\n" + "f" * 5000,
        "HTTP/1.1 200 OK\r\nContent-Length: " + "9" * 5000 + "\r\nContent-Type: image/jpeg",
        "HTTP/1.1 " + "9" * 5000 + " OK",
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary*=x'y'%FF%00\r\n\r\n--\r\n\r\n",
    ],
    ids=["empty realm", "algorithm", "file", "address", "chunk", "length", "status", "boundary"],
)
def test_an_answer_that_makes_no_sense_is_a_lost_camera(head):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(4096)
                        connection.sendall(head.encode() + b"\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        chosen = settings(f"http://127.0.0.1:{listener.getsockname()[1]}/x", username="me", timeout_s=0.3)
        with pytest.raises(CaptureError) as caught, open_source(chosen) as source:
            source.grab()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300
        listener.shutdown(socket.SHUT_RDWR)


def test_garbage_instead_of_pictures_is_no_frame_and_no_busy_loop(camera, capfd):
    camera.picture, camera.pace_s = lambda: os.urandom(2000), 0.0
    with capturer(settings(camera.url("stream"))) as frames:
        assert frames.next(0, 1.5) is None
        spent = time.process_time()
        assert frames.next(0, 1.0) is None
        assert time.process_time() - spent < 0.8
        assert frames.status.failures > 0
        camera.picture, camera.pace_s = lambda: camera.jpeg(120), 0.02
        assert abs(level(next_within(frames)) - 120) < 5
    assert capfd.readouterr().err == ""


def test_snapshots_are_asked_for_one_by_one(camera):
    chosen = settings(camera.url("snapshot"), rotate=90)
    with capturer(chosen) as frames:
        assert next_within(frames).image.shape == (64, 48, 3)
        asked = len(camera.requests)
        time.sleep(0.3)
        assert len(camera.requests) == asked
        next_within(frames)
        assert len(camera.requests) == asked + 1


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: b"oops", lambda data: data[:-200], lambda data: data[:300] + bytes(300)],
    ids=["none", "text", "cut", "zeros"],
)
def test_a_damaged_snapshot_is_a_failure_until_a_whole_one_comes(camera, damage, capfd):
    camera.picture = lambda: damage(camera.jpeg(9, 640, 480))
    with capturer(settings(camera.url("snapshot"))) as frames:
        assert frames.next(0, 0.3) is None
        assert re.search("damaged or cut short JPEG|not a picture", frames.status.detail)
        camera.picture = lambda: camera.jpeg(70)
        assert abs(level(next_within(frames)) - 70) < 5
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("path", ["private-stream", "private-snapshot"])
def test_a_login_is_sent_and_never_shown(camera, path, tmp_path):
    (tmp_path / "secret").write_text(camera.login[1] + "\n")
    login = {"username": camera.login[0], "password_file": str(tmp_path / "secret")}
    with capturer(settings(camera.url(path), **login)) as frames:
        frame = next_within(frames)
    assert frame.source == camera.url(path)
    refused = settings(camera.url(path) + "?token=secret").url.replace("//", "//maker:wrong@")
    with pytest.raises(CaptureError, match=r"401 .*password_file") as caught, open_source(settings(refused)):
        pass
    assert "wrong" not in str(caught.value)
    assert "secret" not in str(caught.value)


def through_opencv(chosen):
    return Stream(chosen.url, "camera", chosen)


@pytest.mark.parametrize("make", [open_source, through_opencv])
def test_a_stream_opened_again_and_again_leaves_nothing_behind(camera, make):
    camera.pace_s = 0.001
    chosen = settings(camera.url("stream"))

    def cycle():
        with make(chosen) as stream:
            assert stream.grab()
            assert stream.retrieve().image.shape == (48, 64, 3)

    for _ in range(5):
        cycle()
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(200):
        cycle()
    deadline = time.monotonic() + 3  # the server's own threads end when they notice
    while (len(os.listdir("/proc/self/fd")), threading.active_count()) > (before[0] + 2, before[1] + 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_webcam_that_is_not_there_is_said_to_be_missing():
    with (
        pytest.raises(CaptureError, match="/dev/video97: no such device"),
        open_source(settings("webcam:97")),
    ):
        pass


def test_a_process_ends_although_its_camera_hangs():
    script = (
        "import socket, sys, time\n"
        "from ocr_edge.config.settings import SourceSettings\n"
        "from ocr_edge.sources.capture import Capturer\n"
        "from ocr_edge.sources.opening import open_source\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "url = f'rtsp://127.0.0.1:{listener.getsockname()[1]}/x'\n"
        "settings = SourceSettings(url=url, timeout_s=30)\n"
        "with Capturer(lambda: open_source(settings), settings) as frames:\n"
        "    assert frames.next(0, 0.3) is None\n"
        "print('over', flush=True)\n"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, "over\n"), done.stderr
    assert time.monotonic() - began < 8
