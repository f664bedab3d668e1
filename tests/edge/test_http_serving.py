"""The local page begins, whatever is in its way, and ends: ports, missing packages, threads."""

import http.client
import socket
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import ocr_edge.web
from ocr_edge.config.settings import Http
from ocr_edge.system.health import Health
from ocr_edge.web import serving
from ocr_edge.web.sight import Asked

from . import http_parts as parts
from .broker import until
from .http_parts import ask, server

daemon, port = parts.daemon, parts.port


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
