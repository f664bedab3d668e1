"""The local page cannot be worn down: by long or slow requests, rubbish, or many connections."""

import contextlib
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from . import http_parts as parts
from .broker import until
from .http_parts import ask, drip, hung_up, raw, server

daemon, port = parts.daemon, parts.port


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


def test_idle_connections_keep_nobody_waiting(port, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 60.0)  # none of them ends by itself
    with ExitStack() as stack:
        idle = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            for _ in range(server.CONNECTIONS + 50)
        ]
        for connection in idle[::2]:
            with contextlib.suppress(ConnectionError):  # the first have been ended for the last
                connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(20):
            assert ask(port, "GET", "/healthz")[0] == 200  # or a timeout after 5 s


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
