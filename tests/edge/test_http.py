"""The local page answers this machine's programs, no web page, and cannot be worn down."""

import contextlib
import http.client
import json
import os
import socket
import sys
import threading
import time
from contextlib import ExitStack, closing

import pytest

from ocr_edge.config.settings import Http
from ocr_edge.reading import Reading
from ocr_edge.sinks import http as page
from ocr_edge.sinks.base import ReceiverStats
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health, State

from .broker import until

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")


class Daemon:
    """What the page asks."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.counters = Counters(frames=12, unchanged=9, read=3, read_seconds=0.25, capture_errors=1)
        self.counters.news["meter"] = 2
        self.counters.rejected["meter", "too fast"] = 1
        self.counters.spoiled["dark"] = 4
        self.pulled: list[str] = []

    def snapshot(self) -> Snapshot:
        state = State(1.5, dict(self.problems), {"version": "1.2", "bundle": "default"})
        latest = Reading("camera", (), 1000.5, "meter", value=12.5, unit="m³")
        boxes = (ReceiverStats("mqtt", 17, 5, 2, "refused"),)
        return Snapshot(state, self.counters, boxes, (latest,), {"age": 3})


@pytest.fixture
def daemon():
    return Daemon()


@pytest.fixture
def port(daemon):
    with page.Page(Http(port=0), Health(), daemon.snapshot, daemon.pulled.append) as served:
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


def drip(port: int, data: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)


def test_metrics_are_named_and_counted_as_prometheus_wants_it(port):
    code, text = ask(port, "GET", "/metrics")
    assert code == 200
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    found = {sample.name: sample for family in families.values() for sample in family.samples}

    def value(name: str, **labels: str) -> float:
        assert found[name].labels == labels
        return found[name].value

    assert value("ocr_edge_info", version="1.2", bundle="default") == 1
    assert value("ocr_edge_healthy") == 1
    assert value("ocr_edge_frames_total") == 12
    assert value("ocr_edge_read_seconds_total") == 0.25
    assert value("ocr_edge_readings_total", region="meter") == 2
    assert value("ocr_edge_rejected_total", region="meter", reason="too fast") == 1
    assert value("ocr_edge_spoiled_total", reason="dark") == 4
    assert value("ocr_edge_queued", receiver="mqtt") == 17
    assert value("ocr_edge_delivered_total", receiver="mqtt") == 5
    assert value("ocr_edge_dropped_total", receiver="mqtt") == 2
    assert value("ocr_edge_deleted_total", reason="age") == 3
    assert value("ocr_edge_value", region="meter", unit="m³") == 12.5
    assert value("ocr_edge_reading_timestamp_seconds", region="meter") == 1000.5
    assert value("process_resident_memory_bytes") > 1e6
    assert value("process_open_fds") > 3
    assert all(family.documentation for family in families.values())


def test_metrics_can_be_asked_while_the_loop_counts_new_things(daemon, port, monkeypatch):
    from prometheus_client.core import CounterMetricFamily

    add = CounterMetricFamily.add_metric

    def count_and_add(family, *values, **more) -> None:
        daemon.counters.news[f"region-{len(daemon.counters.news)}"] += 1
        add(family, *values, **more)

    monkeypatch.setattr(CounterMetricFamily, "add_metric", count_and_add)
    assert ask(port, "GET", "/metrics")[0] == 200
    assert len(daemon.counters.news) > 1


def test_health_is_well_or_says_what_is_wrong(daemon, port):
    code, text = ask(port, "GET", "/healthz")
    assert (code, json.loads(text)["ok"]) == (200, True)
    daemon.problems["mqtt"] = "broker not reachable"
    code, text = ask(port, "GET", "/healthz")
    assert code == 503
    assert json.loads(text) == {
        "ok": False,
        "problems": {"mqtt": "broker not reachable"},
        "facts": {"version": "1.2", "bundle": "default"},
        "time": 1.5,
    }


def test_a_program_may_ask_for_a_picture(daemon, port):
    assert ask(port, "POST", "/trigger")[0] == 202
    assert ask(port, "POST", "/trigger", Host="LocalHost:80", Sec_Fetch_Site="same-origin")[0] == 202
    assert daemon.pulled == ["http", "http"]
    body = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000\r\n\r\n" + bytes(6000)
    assert raw(port, body).startswith(b"HTTP/1.0 202 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/page"},
        {"Referer": "http://localhost:3000/"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example:9464"},
        {"Host": "evil@localhost@evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
def test_a_web_page_in_a_browser_may_not(daemon, port, headers):
    assert ask(port, "POST", "/trigger", **headers)[0] == 403
    assert daemon.pulled == []


def test_a_name_that_suddenly_means_this_machine_sees_nothing(port):
    assert ask(port, "GET", "/metrics", Host="rebound.example")[0] == 403
    assert ask(port, "GET", "/healthz", Host="rebound.example")[0] == 403
    assert raw(port, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", 404),
        ("GET", "/favicon.ico", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/../etc/passwd", 404),
        ("GET", "/trigger", 405),
        ("OPTIONS", "/trigger", 405),
        ("POST", "/metrics", 405),
        ("DELETE", "/healthz", 405),
    ],
)
def test_there_is_nothing_else(daemon, port, method, path, code):
    assert ask(port, method, path)[0] == code
    assert daemon.pulled == []


def test_without_a_trigger_nobody_can_ask_for_a_picture(daemon):
    with page.Page(Http(port=0), Health(), daemon.snapshot) as served:
        assert ask(served.port, "POST", "/trigger")[0] == 404


def test_a_request_that_is_too_long_or_too_slow_is_hung_up_on(port, monkeypatch):
    monkeypatch.setattr(page, "_REQUEST_S", 0.3)
    assert raw(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n") == b""
    with pytest.raises(OSError, match=r"reset|Broken pipe"):  # it is not even read to the end
        raw(port, b"GET /" + b"x" * 5_000_000)
    begin = time.monotonic()
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        drip(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 9)
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("size", [16_385, 20_000, 20_480])
def test_a_request_of_more_than_16_kib_is_hung_up_on(daemon, port, size):
    def asked(size: int) -> bytes:
        head = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nX-Long: "
        return head + b"x" * (size - len(head) - 4) + b"\r\n\r\n"

    with contextlib.suppress(ConnectionError):
        assert raw(port, asked(size)) == b""
    body = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16384\r\n\r\n"
    assert raw(port, body) == b""  # at once: it is too long whatever follows
    assert daemon.pulled == []
    assert raw(port, asked(16_000)).startswith(b"HTTP/1.0 202 ")


def test_idle_connections_keep_nobody_waiting(port):
    with ExitStack() as stack:
        idle = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            for _ in range(50)
        ]
        for connection in idle[::2]:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(20):
            began = time.monotonic()
            assert ask(port, "GET", "/healthz")[0] == 200
            assert time.monotonic() - began < 0.5
        assert threading.active_count() < 50


def test_five_hundred_connections_cost_few_threads_and_files_and_pass(port):
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        for count in range(1, 501):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            assert threading.active_count() <= threads + page._CONNECTIONS
            assert len(os.listdir("/proc/self/fd")) <= files + count + page._CONNECTIONS + 1
    end = time.monotonic() + 5
    while True:
        assert time.monotonic() < end
        try:
            assert ask(port, "GET", "/healthz")[0] == 200
            break
        except OSError:
            time.sleep(0.05)


def test_a_port_that_is_in_use_is_said_and_taken_when_it_is_free(daemon, monkeypatch):
    monkeypatch.setattr(page, "RETRY_MIN_S", 0.05)
    health = Health()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = page.Page(Http(port=port), health, daemon.snapshot)
        said = f"http.port {port} on 127.0.0.1: Address already in use; tried again"
        assert health.state(0).problems["http"] == said
    with served:
        until(lambda: served.port)
        assert ask(port, "GET", "/healthz")[0] == 200
        until(lambda: health.state(0).ok)


def test_a_page_that_never_got_its_port_ends_at_once(daemon):
    with socket.create_server(("127.0.0.1", 0)) as other:
        served = page.Page(Http(port=other.getsockname()[1]), Health(), daemon.snapshot)
        began = time.monotonic()
        served.close()
        assert time.monotonic() - began < 1


def test_without_prometheus_the_missing_extra_is_named(daemon, monkeypatch):
    monkeypatch.setattr(page, "RETRY_MIN_S", 0.05)
    health = Health()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "prometheus_client", None)
        served = page.Page(Http(port=0), health, daemon.snapshot)
        assert "pip install 'ocr-edge[metrics]'" in health.state(0).problems["http"]
    with served:
        until(lambda: served.port)
        assert health.state(0).ok


def test_it_listens_on_this_machine_alone_and_ends_quickly(daemon):
    served = page.Page(Http(port=0), Health(), daemon.snapshot)
    assert served._server.socket.getsockname()[0] == "127.0.0.1"
    begin = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", served.port))):
        time.sleep(0.05)
        served.close()
    assert time.monotonic() - begin < 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.port), timeout=1)


def test_the_other_loopback_works_too(daemon):
    health = Health()
    served = page.Page(Http(port=0, address="::1"), health, daemon.snapshot)
    if served.port is None:
        served.close()
        pytest.skip(f"no IPv6 here: {health.state(0).text}")
    with served, closing(http.client.HTTPConnection("::1", served.port, timeout=5)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
