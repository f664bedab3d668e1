"""No number is given twice, whatever the clock says and the disk does."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from ocr_edge.config.load import parse
from ocr_edge.daemon import numbers
from ocr_edge.daemon.numbers import Numbers
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.reading import Reading
from ocr_edge.system.health import Health

HOUR = 3600.0


@pytest.fixture
def clock(monkeypatch):
    """The clock, to be set."""
    now, offset = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + offset[0])
    return offset


def taken(health: Health, path: Path, count: int = 11, least: int = 0) -> list[int]:
    given = Numbers(path, least, health)
    return [given.next() for _ in range(count)]


def outputs(state: Path, more: str = "") -> Outputs:
    text = f'state_dir = "{state}"\nid = "pi"\n[source]\nurl = "file:x"\n[stdout]\nenabled = false\n{more}'
    return Outputs(parse(text, state / "config.toml"), Health())


def ids(given: Outputs, count: int) -> list[str]:
    found = []
    for _ in range(count):
        given.publish(Reading("c", (), time.time(), region="a"))
        found.append(given.latest["a"].id)
    return found


@pytest.mark.parametrize("lost", ["nothing", "store", "no store was there"])
@pytest.mark.parametrize("back_s", [HOUR, 1e9])
def test_ids_of_readings_that_were_not_committed_do_not_come_again(tmp_path, clock, lost, back_s):
    more = "[store]\nenabled = false\n" if lost == "no store was there" else "[store]\ncommit_s = 3600\n"
    said: list[str] = []
    for life in range(4):
        with outputs(tmp_path / f"{life}", more) as given:
            said += ids(given, 11)
            # The disk as a power cut leaves it: nothing of this life is committed.
            shutil.copytree(tmp_path / f"{life}", tmp_path / f"{life + 1}")
        if lost == "store":
            for each in (tmp_path / f"{life + 1}").glob("readings.sqlite*"):
                each.unlink()
        clock[0] -= back_s
    assert said == sorted(set(said))
    assert len(said) == 44


def test_a_number_is_on_the_disk_as_used_before_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "BLOCK", 10)
    given = Numbers(tmp_path / "numbers", 0, Health())
    for _ in range(200):
        number = given.next()
        assert int((tmp_path / "numbers").read_text()) >= number
        while given._reserving:
            time.sleep(0.001)


def test_a_disk_that_hangs_holds_nothing_up(tmp_path, monkeypatch):
    given, hang = Numbers(tmp_path / "numbers", 0, Health()), threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: hang.wait(10))
    began = time.monotonic()
    found = [given.next() for _ in range(2 * numbers.BLOCK)]
    assert time.monotonic() - began < 2
    hang.set()
    assert found == sorted(set(found))
    # Past what was written down a leap by chance keeps them apart from those of the next start.
    assert found[numbers.BLOCK] - found[numbers.BLOCK - 1] > 1


def test_without_a_disk_two_starts_with_the_same_clock_differ_and_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(time, "time", lambda: 1e9)
    health = Health()
    path = tmp_path / "file" / "numbers"
    first, second = taken(health, path), taken(health, path)
    assert not set(first) & set(second)
    assert health.state(0).problems["numbers"].startswith(f"{path}: cannot be written: ")
    (tmp_path / "file").unlink()
    taken(health, path)
    assert health.state(0).ok


def test_a_disk_that_came_back_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "AGAIN_S", 0.01)
    (tmp_path / "file").write_text("")
    health = Health()
    given = Numbers(tmp_path / "file" / "numbers", 0, health)
    given.next()
    (tmp_path / "file").unlink()
    end = time.monotonic() + 3
    while not health.state(0).ok:
        assert time.monotonic() < end
        given.next()
        time.sleep(0.02)
    assert int((tmp_path / "file" / "numbers").read_text()) > given.next()


@pytest.mark.parametrize("garbage", [b"", b"\0" * 14, b"\xff\xfe", b"12 monkeys\n"])
def test_a_damaged_file_is_replaced_and_numbers_are_above_those_of_the_store(tmp_path, garbage):
    path = tmp_path / "numbers"
    path.write_bytes(garbage)
    assert taken(Health(), path, least=10**14)[0] > 10**14
    assert int(path.read_text()) > 10**14
