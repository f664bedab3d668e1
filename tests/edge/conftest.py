"""What several tests of this folder share: a network camera on loopback, and what is logged."""

import base64
import contextlib
import http.server
import logging
import threading
import time

import pytest

import ocr_edge.sources  # noqa: F401 - before anything else loads OpenCV, which reads its settings then

# isort: split
import cv2
import numpy as np


class FakeCamera:
    """``/stream`` is MJPEG, ``/snapshot`` one picture, both as ``picture`` says; ``/private`` wants a login."""

    login = ("maker", "p@ss:w/rd")

    def __init__(self, port=0):
        self.picture, self.pace_s, self.requests = lambda: self.jpeg(200), 0.02, []
        self.open, self.silent, self.boundary = True, threading.Event(), "frame"
        self.head = lambda part: (
            b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(part)
        )
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

    @staticmethod
    def jpeg(level: int, width: int = 64, height: int = 48) -> bytes:
        return cv2.imencode(".jpg", np.full((height, width, 3), level, np.uint8))[1].tobytes()

    def answer(self, handler):
        known = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
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
        handler.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={self.boundary}")
        handler.end_headers()
        while self.open:
            while self.silent.is_set() and self.open:
                time.sleep(0.02)
            part = self.picture()
            handler.wfile.write(self.head(part) + part + b"\r\n")
            time.sleep(self.pace_s)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def restart(self):
        """Come back on the same port."""
        self.close()
        self.__init__(self.port)

    def close(self):
        self.open = False
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(2)


@pytest.fixture
def logged():
    """What the package logs from INFO on, as records; works whatever a command has set up before."""
    records, logger = [], logging.getLogger("ocr_edge")
    handler, level = logging.Handler(), logger.level
    handler.emit = records.append
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield records
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def camera():
    camera = FakeCamera()
    yield camera
    camera.close()
