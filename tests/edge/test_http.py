"""The local page answers this machine's programs, no web page, and cannot be worn down."""

import contextlib
import http.client
import json
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import ocr_edge.web
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
    assert raw(port, body).startswith(b"HTTP/1.1 202 ")


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
    assert ask(port, "POST", "/trigger", **headers)[0] == (400 if "Host" in headers else 403)
    assert daemon.pulled == []


def test_a_name_that_suddenly_means_this_machine_sees_nothing(port):
    assert ask(port, "GET", "/metrics", Host="rebound.example")[0] == 400
    assert ask(port, "GET", "/healthz", Host="rebound.example")[0] == 400
    assert raw(port, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400 ")


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
    with serving.Serving(Http(port=0), Health(), Asked(daemon.snapshot)) as served:
        code, text = ask(served.port, "POST", "/trigger")
    assert (code, json.loads(text)) == (404, {"error": "there is /metrics, /healthz"})


def test_a_request_that_is_too_long_or_too_slow_is_hung_up_on(port, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 0.3)
    assert hung_up(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    assert hung_up(port, b"GET /" + b"x" * 5_000_000)  # it is not even read to the end
    begin = time.monotonic()
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        drip(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-More: more\r\n" * 40)
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("size", [16_385, 20_000, 70_000])
def test_a_request_of_more_than_16_kib_is_hung_up_on(daemon, port, size):
    def asked(size: int) -> bytes:
        head = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nX-Long: "
        return head + b"x" * (size - len(head) - 4) + b"\r\n\r\n"

    assert hung_up(port, asked(size))
    head = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\n"
    assert hung_up(port, head + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
    chunk = b"400\r\n" + bytes(0x400) + b"\r\n"
    assert hung_up(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * (size // 0x400 + 1))
    assert daemon.pulled == []
    assert raw(port, asked(16_000)).startswith(b"HTTP/1.1 202 ")


def test_a_trigger_counts_only_when_it_came_whole(daemon, port, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 0.3)
    assert hung_up(port, b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
    assert daemon.pulled == []


def test_each_connection_is_good_for_one_request(daemon, port):
    two = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2
    assert raw(port, two).count(b"HTTP/1.1 202 ") == 1
    assert daemon.pulled == ["http"]


@pytest.mark.parametrize(
    "rubbish",
    [b"\0\xff\x16\x03\x01\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"hello\r\n\r\n"],
)
def test_rubbish_is_answered_and_no_news(port, caplog, rubbish):
    assert raw(port, rubbish).startswith(b"HTTP/1.1 400 ")
    upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
    assert b" 200 OK" in raw(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert caplog.records == []


def test_an_error_of_ours_is_one_line_in_the_log(daemon, port, caplog, capfd):
    daemon.problems = None  # what no daemon has
    assert ask(port, "GET", "/healthz")[0] == 500
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("http: /healthz failed: TypeError(\"'NoneType' object is not iterable\")", None)
    ]
    assert "Traceback" not in capfd.readouterr().err
    daemon.problems = {}
    assert ask(port, "GET", "/healthz")[0] == 200


def test_idle_connections_keep_nobody_waiting(port):
    with ExitStack() as stack:
        idle = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            for _ in range(server.CONNECTIONS + 50)
        ]
        for connection in idle[::2]:
            with contextlib.suppress(ConnectionError):  # the first have been ended for the last
                connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(20):
            began = time.monotonic()
            assert ask(port, "GET", "/healthz")[0] == 200
            assert time.monotonic() - began < 0.5


def test_many_programs_at_once_are_all_answered(port):
    with ThreadPoolExecutor(server.CONNECTIONS) as programs:
        answers = list(programs.map(lambda _: ask(port, "GET", "/healthz")[0], range(3 * server.CONNECTIONS)))
    assert answers == [200] * (3 * server.CONNECTIONS)


def test_five_hundred_connections_cost_no_thread_and_few_files_and_pass(port):
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        for count in range(1, 501):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            assert threading.active_count() == threads
            assert len(os.listdir("/proc/self/fd")) <= files + count + 2 * server.CONNECTIONS
    assert ask(port, "GET", "/healthz")[0] == 200
    until(lambda: len(os.listdir("/proc/self/fd")) <= files)


def test_who_does_not_take_the_answer_is_hung_up_on(daemon, port, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 0.5)
    daemon.regions = 30_000  # more than the two sockets hold
    with closing(socket.create_connection(("127.0.0.1", port), timeout=15)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(1.0)
        taken = b"".join(iter(lambda: connection.recv(65536), b""))
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert not taken.endswith(b"0\r\n\r\n")  # the end of a whole answer


def test_a_port_that_is_in_use_is_said_and_taken_when_it_is_free(daemon, monkeypatch):
    monkeypatch.setattr(serving, "RETRY_MIN_S", 0.05)
    health = Health()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = serving.Serving(Http(port=port), health, Asked(daemon.snapshot))
        said = f"http.port {port} on 127.0.0.1: Address already in use; tried again"
        assert health.state(0).problems["http"] == said
    with served:
        until(lambda: served.port)
        assert ask(port, "GET", "/healthz")[0] == 200
        until(lambda: health.state(0).ok)


def test_a_page_that_never_got_its_port_ends_at_once(daemon):
    with socket.create_server(("127.0.0.1", 0)) as other:
        served = serving.Serving(Http(port=other.getsockname()[1]), Health(), Asked(daemon.snapshot))
        began = time.monotonic()
        served.close()
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("module", ["prometheus_client", "starlette.applications", "uvicorn"])
def test_a_missing_package_is_named_with_its_extra(daemon, monkeypatch, module):
    monkeypatch.setattr(serving, "RETRY_MIN_S", 0.05)
    health = Health()
    with monkeypatch.context() as patch:
        for name in ("server", "application", "programs", "guard", "answers"):
            patch.delattr(ocr_edge.web, name)
            patch.delitem(sys.modules, f"ocr_edge.web.{name}")
        patch.setitem(sys.modules, module, None)
        served = serving.Serving(Http(port=0), health, Asked(daemon.snapshot))
        until(lambda: not health.state(0).ok)
        said = f"[http] needs {module.partition('.')[0]}: pip install 'ocr-edge[http]'; tried again"
        assert health.state(0).problems["http"] == said
    with served:
        until(lambda: health.state(0).ok)
        assert ask(served.port, "GET", "/healthz")[0] == 200


def test_what_nobody_thought_of_is_said_and_tried_again(daemon, monkeypatch, capfd):
    monkeypatch.setattr(serving, "RETRY_MIN_S", 0.05)
    health = Health()
    with monkeypatch.context() as patch:
        patch.setattr(server.Server, "startup", lambda self, sockets: 1 / 0)
        served = serving.Serving(Http(port=0), health, Asked(daemon.snapshot))
        until(lambda: "ZeroDivisionError" in health.state(0).text)
    with served:
        until(lambda: health.state(0).ok)
        assert ask(served.port, "GET", "/healthz")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_it_listens_on_this_machine_alone(port):
    local = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()}
    assert f"0100007F:{port:04X}" in local
    assert f"00000000:{port:04X}" not in local


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\n",
        b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_it_ends_quickly_and_leaves_no_thread(daemon, caplog, half):
    threads = threading.active_count()
    served = serving.Serving(Http(port=0), Health(), Asked(daemon.snapshot, daemon.pulled.append))
    port = served.port
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall(half)
        time.sleep(0.1)  # until it is waited for the rest
        begin = time.monotonic()
        served.close()
        assert time.monotonic() - begin < 1
        assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    assert (daemon.pulled, caplog.records) == ([], [])


def test_it_can_be_ended_before_it_began(daemon):
    threads = threading.active_count()
    for wait_s in (0.0, 0.001, 0.003, 0.01, 0.03):
        served = serving.Serving(Http(port=0), Health(), Asked(daemon.snapshot))
        time.sleep(wait_s)
        served.close()
        assert threading.active_count() == threads


def test_the_other_loopback_works_too(daemon):
    health = Health()
    served = serving.Serving(Http(port=0, address="::1"), health, Asked(daemon.snapshot))
    if served.port is None:
        served.close()
        pytest.skip(f"no IPv6 here: {health.state(0).text}")
    with served, closing(http.client.HTTPConnection("::1", served.port, timeout=5)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
