"""Connections to the page: kept for a browser, ended for who stalls or sends too much, and TLS."""

import contextlib
import http.client
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from contextlib import ExitStack, closing

import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.system.health import Health
from ocr_edge.web import server
from ocr_edge.web.serving import Serving

from . import page_client
from .broker import until
from .page_client import get
from .page_parts import reading, view

parts, served = page_client.parts, page_client.served


def test_a_browser_keeps_its_connection_and_a_stalled_one_is_ended(parts, served, monkeypatch):
    parts.newest.show(view())
    monkeypatch.setattr(server, "STALLED_S", 0.3)
    with closing(http.client.HTTPConnection("127.0.0.1", served, timeout=5)) as connection:
        connection.connect()
        ours = connection.sock
        for _ in range(3):
            connection.request("GET", "/live.jpg")
            assert connection.getresponse().read().startswith(b"\xff\xd8")
            assert connection.sock is ours
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert ours.recv(65536) == b""
        assert time.monotonic() - began < 3


def test_who_waits_for_a_picture_is_not_hung_up_on(parts, served, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 0.2)
    threading.Timer(1.0, parts.newest.show, [view()]).start()
    assert b'"region":"meter"' in get(served, "/live.json")


def test_who_does_not_take_the_table_is_hung_up_on_and_others_are_answered(parts, served, monkeypatch):
    monkeypatch.setattr(server, "STALLED_S", 0.5)
    parts.keep(reading("1", number=1))
    with sqlite3.connect(parts.store) as store:  # 6 MB of text
        columns = "time, region, text, value, unit, confidence, why, data"
        long = f"SELECT ?, {columns.replace('text', '?')} FROM readings WHERE number = 1"
        rows = ((number, "x" * 1500) for number in range(2, 4000))
        store.executemany(f"INSERT INTO readings (number, {columns}) {long}", rows)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with closing(slow):
        slow.settimeout(20)
        slow.connect(("127.0.0.1", served))
        slow.sendall(b"GET /history.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.recv(1, socket.MSG_PEEK)
        began = time.monotonic()
        assert get(served, "/state.json").startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 2
        time.sleep(2.0)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while part := slow.recv(65536):
                taken += len(part)
    assert taken < 4000 * 1500


def test_a_form_that_is_too_large_is_hung_up_on(served):
    head = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", served), timeout=5)) as connection:
        answer = b""
        try:
            connection.sendall(head + bytes(100_000))
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
    assert answer == b""


@pytest.fixture
def certificate(tmp_path):
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    return {"cert_file": tmp_path / "cert.pem", "key_file": tmp_path / "key.pem"}


def test_it_speaks_tls_with_an_own_certificate_and_waits_for_no_handshake(parts, certificate, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 2.0)
    monkeypatch.setattr(server, "CONNECTIONS", 8)
    settings = Http(port=0, page=PageSettings(), **certificate)
    with Serving(settings, Health(), parts.asked) as serving:
        context = ssl.create_default_context(cafile=certificate["cert_file"])
        until(lambda: serving.port)

        def ask() -> bytes:
            with (
                socket.create_connection(("127.0.0.1", serving.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                connection.sendall(b"GET /page.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b"".join(iter(lambda: connection.recv(65536), b""))

        assert ask().startswith(b"HTTP/1.1 200 ")
        with ExitStack() as stack:  # more than may wait: the rest is closed at once
            silent = [
                stack.enter_context(closing(socket.create_connection(("127.0.0.1", serving.port), timeout=5)))
                for _ in range(10)  # few enough for the queue of the kernel
            ]
            began = time.monotonic()
            assert silent[-1].recv(1) == b""
            assert time.monotonic() - began < 1.5
            assert silent[0].recv(1) == b""
            assert time.monotonic() - began < 4
        assert ask().startswith(b"HTTP/1.1 200 ")


def test_a_wrong_certificate_is_said_and_tried_again(parts, tmp_path):
    (tmp_path / "x.pem").write_text("no certificate")
    for file, why in ((tmp_path / "x.pem", "SSL"), (tmp_path / "nowhere.pem", "No such file")):
        health = Health()
        with Serving(Http(port=0, cert_file=file, key_file=file), health, parts.asked):
            until(lambda health=health: not health.state(0).ok)
            said = health.state(0).problems["http"]
            assert said.startswith(f"http.cert_file {file}, key_file: ")
            assert why in said
