"""Network cameras: a real server on loopback that streams, hangs, dies, comes back, and answers with garbage."""

import base64
import contextlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources.capturer import Capturer
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.snapshot import Snapshot
from ocr_edge.sources.stream import Stream

LOGIN = ("maker", "p@ss:w/rd")


def jpeg(level: int, width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), level, np.uint8))[1].tobytes()


class FakeCamera:
    """``/stream`` is MJPEG, ``/snapshot`` one picture, both as ``picture`` says; ``/private`` wants a login."""

    def __init__(self, port=0):
        self.picture, self.pace_s, self.requests = lambda: jpeg(200), 0.02, []
        self.open, self.silent = True, threading.Event()
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                camera.requests.append(self.path)
                with contextlib.suppress(OSError):
                    camera.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def answer(self, handler):
        known = "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()
        if "private" in handler.path and handler.headers.get("Authorization") != known:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            handler.end_headers()
            return
        if "snapshot" in handler.path:
            handler.send_response(200)
            handler.send_header("Content-Type", "image/jpeg")
            handler.end_headers()
            handler.wfile.write(self.picture())
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        while self.open:
            while self.silent.is_set() and self.open:
                time.sleep(0.02)
            part = self.picture()
            head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(part)
            handler.wfile.write(head + part + b"\r\n")
            time.sleep(self.pace_s)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def close(self):
        self.open = False
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(2)


@pytest.fixture
def camera():
    camera = FakeCamera()
    yield camera
    camera.close()


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
    camera.picture = lambda: jpeg(next(shown, 240))
    with capturer(settings(camera.url("stream"))) as frames:
        first = next_within(frames)
        time.sleep(0.3)
        second = next_within(frames)
        assert level(second) - level(first) > 10
        assert second.image.shape == (48, 64, 3)
        assert abs(second.captured_at - time.time()) < 1
    assert capfd.readouterr().err == ""


def test_a_stream_that_changes_its_size_goes_on_and_has_the_new_size_when_opened_again(camera):
    with capturer(settings(camera.url("stream"))) as frames:
        assert next_within(frames).image.shape == (48, 64, 3)
        camera.picture = lambda: jpeg(90, 96, 80)
        time.sleep(0.2)
        frame = next_within(frames)
        assert abs(level(frame) - 90) < 5
        assert frame.image.shape == (48, 64, 3)  # FFmpeg's side of OpenCV scales to the first size
        assert frames.status.failures == 0
    with capturer(settings(camera.url("stream"))) as frames:
        assert next_within(frames).image.shape == (80, 96, 3)


def test_a_camera_that_dies_and_comes_back_is_found_again(camera):
    with capturer(settings(camera.url("stream"))) as frames:
        next_within(frames)
        camera.close()
        assert frames.next(time.monotonic() + 0.5, 1.0) is None
        assert frames.status.state == "lost"
        again = FakeCamera(camera.port)
        try:
            again.picture = lambda: jpeg(30)
            assert abs(level(next_within(frames)) - 30) < 5
            assert frames.status.state == "ok"
        finally:
            again.close()


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
        assert "no picture in" in frames.status.detail or "does not answer" in frames.status.detail
        camera.silent.clear()
        next_within(frames)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/x", "rtsp://127.0.0.1:{}/x"])
def test_a_camera_that_accepts_and_says_nothing_is_given_up(url):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        chosen = settings(url.format(listener.getsockname()[1]), timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(CaptureError, match=r"timed out|does not answer"), open_source(chosen):
            pass
        assert time.monotonic() - began < 1.5


def test_garbage_instead_of_pictures_is_no_frame_and_no_busy_loop(camera, capfd):
    camera.picture, camera.pace_s = lambda: os.urandom(2000), 0.0
    with capturer(settings(camera.url("stream"))) as frames:
        assert frames.next(0, 1.5) is None
        spent = time.process_time()
        assert frames.next(0, 1.0) is None
        assert time.process_time() - spent < 0.8
        assert frames.status.failures > 0
        camera.picture, camera.pace_s = lambda: jpeg(120), 0.02
        assert abs(level(next_within(frames)) - 120) < 5
    assert capfd.readouterr().err == ""


def test_snapshots_are_asked_for_one_by_one(camera):
    chosen = settings(camera.url("snapshot"), rotate=90)
    assert isinstance(open_source(chosen), Snapshot)
    with capturer(chosen) as frames:
        assert next_within(frames).image.shape == (64, 48, 3)
        asked = len(camera.requests)
        time.sleep(0.3)
        assert len(camera.requests) == asked
        next_within(frames)
        assert len(camera.requests) == asked + 1


@pytest.mark.parametrize(
    "answer", [b"", b"oops", jpeg(9)[:-200], os.urandom(500)], ids=["none", "text", "cut", "noise"]
)
def test_a_damaged_snapshot_is_a_failure_until_a_whole_one_comes(camera, answer, capfd):
    camera.picture = lambda: answer
    with capturer(settings(camera.url("snapshot"))) as frames:
        assert frames.next(0, 0.3) is None
        assert "damaged picture" in frames.status.detail
        camera.picture = lambda: jpeg(70)
        assert abs(level(next_within(frames)) - 70) < 5
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("path", ["private-stream", "private-snapshot"])
def test_a_login_is_sent_and_never_shown(camera, path, tmp_path):
    (tmp_path / "secret").write_text(LOGIN[1] + "\n")
    login = {"username": LOGIN[0], "password_file": str(tmp_path / "secret")}
    with capturer(settings(camera.url(path), **login)) as frames:
        frame = next_within(frames)
    assert frame.source == camera.url(path)
    refused = settings(camera.url(path) + "?token=secret").url.replace("//", "//maker:wrong@")
    with pytest.raises(CaptureError, match=r"401 .*password_file") as caught:
        open_source(settings(refused))
    assert "wrong" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_stream_opened_again_and_again_leaves_nothing_behind(camera):
    camera.pace_s = 0.001
    chosen = settings(camera.url("stream"))

    def cycle():
        with Stream(chosen.url, "camera", chosen) as stream:
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
        "from ocr_edge.sources.capturer import Capturer\n"
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
