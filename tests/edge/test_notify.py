"""What systemd is told, on a real datagram socket."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_edge.system import notify
from ocr_edge.system.notify import Notifier


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0)

    def heard(self) -> list[str]:
        """Every message so far; a datagram on a local socket has arrived when sendto returns."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(8192).decode())
            except BlockingIOError:
                return messages


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path: Path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path}"
    listening = Manager(name.replace("@", "\0"))
    listening.environ = {"NOTIFY_SOCKET": name}
    yield listening
    listening.socket.close()


def with_watchdog(manager: Manager, **more: str) -> Notifier:
    return Notifier({**manager.environ, "WATCHDOG_USEC": "400000", **more})


def test_start_status_and_end_are_told(manager):
    notifier = Notifier(manager.environ)
    notifier.ready()
    notifier.status("meter: 01234 (0.98)")
    notifier.stopping()
    assert manager.heard() == ["READY=1", "STATUS=meter: 01234 (0.98)", "STOPPING=1"]


def test_a_reload_carries_its_time_and_ends_with_ready(manager):
    notifier = Notifier(manager.environ)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    notifier.ready()
    reloading, ready = manager.heard()
    flag, monotonic = reloading.split("\n")
    assert (flag, ready) == ("RELOADING=1", "READY=1")
    name, usec = monotonic.split("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(usec) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_the_same_status_is_sent_once(manager):
    notifier = Notifier(manager.environ)
    for text in ("a", "a", "b", "a"):
        notifier.status(text)
    assert manager.heard() == ["STATUS=a", "STATUS=b", "STATUS=a"]


def test_a_reading_cannot_smuggle_in_a_second_message(manager):
    Notifier(manager.environ).status("a\nWATCHDOG=1\rb\x1b[31m")
    assert manager.heard() == ["STATUS=a WATCHDOG=1 b [31m"]


def test_a_long_status_is_cut_between_characters(manager):
    Notifier(manager.environ).status("ä" * 5000 + "\ud800")
    (message,) = manager.heard()
    assert len(message.encode()) <= notify.STATUS_BYTES + len("STATUS=")
    assert set(message.removeprefix("STATUS=")) == {"ä"}


def test_a_status_that_is_no_unicode_is_still_shown(manager):
    Notifier(manager.environ).status("a\udcff")
    assert manager.heard() in (["STATUS=a?"], ["STATUS=a "])


def test_the_watchdog_is_fed_at_most_four_times_in_its_time(manager):
    notifier = with_watchdog(manager)
    end = time.monotonic() + 0.45
    while time.monotonic() < end:
        notifier.watchdog()
        time.sleep(0.002)
    fed = manager.heard()
    assert set(fed) == {"WATCHDOG=1"}
    assert 3 <= len(fed) <= 5


def test_the_watchdog_starves_when_nobody_feeds_it(manager):
    with_watchdog(manager).watchdog()
    assert manager.heard() == ["WATCHDOG=1"]
    time.sleep(0.5)
    assert manager.heard() == []


def test_the_watchdog_is_fed_again_after_a_meal_that_did_not_arrive(manager, tmp_path):
    other = tmp_path / "later"
    notifier = Notifier({"NOTIFY_SOCKET": str(other), "WATCHDOG_USEC": "60000000"})
    notifier.watchdog()
    late = Manager(str(other))
    notifier.watchdog()
    assert late.heard() == ["WATCHDOG=1"]
    late.socket.close()


@pytest.mark.parametrize("usec", ["", "0", "many"])
def test_without_a_watchdog_none_is_fed(manager, usec):
    notifier = with_watchdog(manager, WATCHDOG_USEC=usec)
    notifier.watchdog()
    assert notifier.watchdog_s is None
    assert manager.heard() == []


def test_a_watchdog_meant_for_another_process_is_left_alone(manager):
    assert with_watchdog(manager, WATCHDOG_PID="1").watchdog_s is None
    assert with_watchdog(manager, WATCHDOG_PID=str(os.getpid())).watchdog_s == pytest.approx(0.4)


@pytest.mark.parametrize("name", ["", "/nowhere/notify", "vsock:2:1234"])
def test_no_manager_is_no_trouble(name):
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"})
    assert (notifier.watchdog_s is None) == (name != "/nowhere/notify")
    notifier.ready()
    notifier.reloading()
    notifier.status("fine")
    notifier.watchdog()
    notifier.stopping()


def test_a_manager_that_does_not_empty_its_mailbox_delays_only_a_moment(manager):
    notifier = Notifier(manager.environ)
    began = time.monotonic()
    sent = 0
    while time.monotonic() - began < 5:
        start = time.monotonic()
        notifier.ready()
        sent += 1
        if time.monotonic() - start > notify.SEND_TIMEOUT_S / 2:
            break
    assert time.monotonic() - start < notify.SEND_TIMEOUT_S + 0.5
    assert 0 < len(manager.heard()) < sent


def test_a_child_cannot_speak_for_the_daemon(manager):
    code = (
        "import os, subprocess, sys; from ocr_edge.system.notify import Notifier\n"
        "Notifier().ready()\n"
        "subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.environ))'], check=True)"
    )
    environ = {**os.environ, **manager.environ, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=30, check=True
    )
    assert manager.heard() == ["READY=1"]
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        assert f"'{name}'" not in done.stdout
