"""RTSP through FFmpeg: a small server on loopback that speaks RTSP and RTP with JPEG payload (RFC 2326, RFC 2435)."""

import base64
import contextlib
import itertools
import re
import socket
import socketserver
import struct
import threading
import time

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.opening import open_source

LOGIN = ("maker", "p@ss:w/rd")
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
SDP += "m=video 0 RTP/AVP 26\r\na=control:video\r\n"


def packet(number: int, level: int) -> bytes:
    """A grey picture of 64 x 48 as one RTP packet, framed for RTSP over TCP."""
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes()
    tables = b"".join(match[-64:] for match in re.findall(rb"\xff\xdb\x00\x43.(?s:.{64})", jpeg, re.DOTALL))
    scan = jpeg[jpeg.index(b"\xff\xda") + 14 : -2]
    about = (
        struct.pack(">BBHBBBB", 0, 0, 0, 1, 255, 64 // 8, 48 // 8)
        + struct.pack(">BBH", 0, 0, len(tables))
        + tables
    )
    rtp = struct.pack(">BBHII", 0x80, 0x80 | 26, number & 0xFFFF, number * 1800, 1) + about + scan
    return struct.pack(">cBH", b"$", 0, len(rtp)) + rtp


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while request := self.rfile.readline().decode():
                heads = list(iter(lambda: self.rfile.readline().decode().strip(), ""))
                known = dict(head.split(": ", 1) for head in heads)
                self.answer(request.split()[0], known)

    def answer(self, method, known):
        camera = self.server
        status, more, body = "200 OK", ["Session: 1"], ""
        login = "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()
        if camera.private and known.get("Authorization") != login:
            status, more = "401 Unauthorized", ['WWW-Authenticate: Basic realm="camera"']
        elif method == "DESCRIBE":
            more, body = ["Content-Type: application/sdp", f"Content-Length: {len(SDP)}"], SDP
        elif method == "SETUP":
            more.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        lines = [f"RTSP/1.0 {status}", f"CSeq: {known['CSeq']}", *more, "", body]
        self.wfile.write("\r\n".join(lines).encode())
        if method == "PLAY" and status == "200 OK":
            for number in itertools.count():
                if not camera.open:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if not camera.silent:
                    self.wfile.write(packet(number, camera.level))
                time.sleep(0.02)


class RtspCamera(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Session)
        self.port, self.level = self.server_address[1], 60
        self.open, self.silent, self.private = True, False, False
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.open = False
        self.shutdown()
        self.server_close()
        self.thread.join(2)


@pytest.fixture
def camera():
    camera = RtspCamera()
    yield camera
    camera.close()


def settings(camera, **changed):
    defaults = {"timeout_s": 1.0, "retry_min_s": 0.05, "retry_max_s": 0.1}
    return SourceSettings(url=f"rtsp://127.0.0.1:{camera.port}/h264?token=secret", **(defaults | changed))


def next_within(capturer, timeout_s=6.0):
    deadline = time.monotonic() + timeout_s
    while (frame := capturer.next(time.monotonic(), 0.5)) is None:
        assert time.monotonic() < deadline, capturer.status
    return frame


def test_a_stream_gives_its_newest_frame_and_survives_silence_and_death(camera, capfd):
    chosen = settings(camera)
    with Capturer(lambda: open_source(chosen), chosen) as frames:
        frame = next_within(frames)
        assert frame.image.shape == (48, 64, 3)
        assert abs(float(frame.image.mean()) - 60) < 5
        assert frame.source == f"rtsp://127.0.0.1:{camera.port}/h264"
        camera.level = 150
        time.sleep(0.3)
        assert abs(float(next_within(frames).image.mean()) - 150) < 5
        camera.silent = True
        assert frames.next(time.monotonic() + 0.3, 1.5) is None
        assert frames.status.state == "lost"
        assert "no picture in" in frames.status.detail or "does not answer" in frames.status.detail
        camera.silent = False
        next_within(frames)
        camera.close()
        assert frames.next(time.monotonic() + 0.3, 0.8) is None
        assert frames.status.state == "lost"
        again = RtspCamera(camera.port)
        try:
            next_within(frames)
        finally:
            again.close()
    assert capfd.readouterr().err == ""


def test_a_login_is_sent_and_never_shown(camera, tmp_path):
    camera.private = True
    (tmp_path / "secret").write_text(LOGIN[1])
    with open_source(settings(camera, username=LOGIN[0], password_file=str(tmp_path / "secret"))) as source:
        assert source.grab()
        assert source.retrieve().image.shape == (48, 64, 3)
    with pytest.raises(CaptureError, match="check address, user name and password") as caught:
        open_source(settings(camera)).__enter__()
    assert "secret" not in str(caught.value)
