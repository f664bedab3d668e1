"""A daemon of plain values behind the local page, and ways to ask it; without the packages its tests are skipped."""

import http.client
import socket
import time
from contextlib import closing

import pytest

from ocr_edge.config.settings import Http
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import ReceiverStats
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health, State
from ocr_edge.web import serving
from ocr_edge.web.sight import Asked

from .broker import until

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
server = pytest.importorskip("ocr_edge.web.server", reason="uvicorn is not installed")


class Daemon:
    """What the page asks."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.counters = Counters(frames=12, unchanged=9, read=3, read_seconds=0.25, capture_errors=1)
        self.counters.news["meter"] = 2
        self.counters.rejected["meter", "too fast"] = 1
        self.counters.spoiled["dark"] = 4
        self.pulled: list[str] = []
        self.regions = 1

    def snapshot(self) -> Snapshot:
        state = State(1.5, dict(self.problems), {"version": "1.2", "bundle": "default"})
        names = ["meter", *(f"meter {number}" for number in range(1, self.regions))]
        latest = tuple(Reading("camera", (), 1000.5, name, value=12.5, unit="m³") for name in names)
        boxes = (ReceiverStats("mqtt", 17, 5, 2, "refused"),)
        return Snapshot(state, self.counters, boxes, latest, {"age": 3})


@pytest.fixture
def daemon():
    return Daemon()


@pytest.fixture
def port(daemon):
    with serving.Serving(Http(port=0), Health(), Asked(daemon.snapshot, daemon.pulled.append)) as served:
        until(lambda: ask(served.port, "GET", "/healthz"))  # it is loaded, and all its files are open
        yield served.port


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def raw(port: int, data: bytes, timeout_s: float = 5.0) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=timeout_s)) as connection:
        connection.sendall(data)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def hung_up(port: int, data: bytes) -> bool:
    """Whether the connection is ended without an answer."""
    try:
        return raw(port, data) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def drip(port: int, data: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
