"""The local page answers this machine's programs, and no web page."""

import json

import pytest

from ocr_edge.config.settings import Http
from ocr_edge.system.health import Health
from ocr_edge.web import serving
from ocr_edge.web.sight import Asked

from . import http_parts as parts
from .http_parts import ask, parser, raw

daemon, port = parts.daemon, parts.port


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


def test_an_error_of_ours_is_one_line_in_the_log(daemon, port, caplog, capfd):
    daemon.problems = None  # what no daemon has
    assert ask(port, "GET", "/healthz")[0] == 500
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("http: /healthz failed: TypeError(\"'NoneType' object is not iterable\")", None)
    ]
    assert "Traceback" not in capfd.readouterr().err
    daemon.problems = {}
    assert ask(port, "GET", "/healthz")[0] == 200
