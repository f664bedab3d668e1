"""Who asks the page in tests: a client of its application, and a socket to a real server."""

import socket
from contextlib import ExitStack, closing

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.system.health import Health
from ocr_edge.web.serving import Serving

from .broker import until
from .page_parts import Parts, app


@pytest.fixture
def parts(tmp_path):
    return Parts(tmp_path)


@pytest.fixture
def client(parts):
    with ExitStack() as stack:
        yield TestClient(app(parts, stack), base_url="http://localhost:9464")


@pytest.fixture
def served(parts):
    """A port of a real server."""
    with Serving(Http(port=0, page=PageSettings(frames_per_s=30)), Health(), parts.asked) as serving:
        until(lambda: serving.port and get(serving.port, "/page.css"))
        yield serving.port


def get(port: int, path: str, wait_s: float = 5.0) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=wait_s)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
