"""The store survives full and read-only disks, locks, damage and removal, and says what is wrong."""

import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import PublishError
from ocr_edge.sinks.store import Store, database, faults, writer
from ocr_edge.system.health import Health

from .broker import until
from .store_parts import LAZY, content
from .store_parts import long_reading as reading


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def opened(health, monkeypatch):
    monkeypatch.setattr(writer, "RETRY_MIN_S", 0.05)
    monkeypatch.setattr(writer, "RETRY_MAX_S", 0.05)
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    stores: list[Store] = []

    def open_it(path: Path, settings: StoreSettings = LAZY, **more) -> Store:
        stores.append(Store(settings, path, health, **more))
        return stores[-1]

    yield open_it
    for each in stores:
        each.close()


def test_a_full_disk_is_named_readings_wait_and_are_committed_when_there_is_room(small_disk, opened, health):
    path = small_disk / "readings.sqlite"
    written = opened(path)
    written.publish(reading(1))
    written.flush()
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    for number in range(2, 52):
        written.publish(reading(number))
    with pytest.raises(PublishError, match=r"disk .*full"):
        written.flush()
    assert "50 readings wait in memory" in health.state(0).problems["store"]
    assert written.accepted == 1
    assert [each.number for each in written.after(0, 3)] == [1, 2, 3]
    ballast.unlink()
    until(lambda: written.accepted == 51)
    until(lambda: health.state(0).ok)
    assert written.close()
    assert content(path) == list(range(1, 52))


def test_a_disk_that_becomes_read_only_is_survived_and_one_that_is_so_at_the_start_too(
    small_disk, opened, health
):
    path = small_disk / "readings.sqlite"
    written = opened(path)
    written.publish(reading(1))
    assert written.close()
    remount = ["mount", "-o", "remount,ro", small_disk]
    subprocess.run(remount, check=True)
    written = opened(path)
    written.publish(reading(2))
    with pytest.raises(PublishError, match="read-only"):
        written.flush()
    assert "read-only" in health.state(0).problems["store"]
    subprocess.run([*remount[:2], "remount,rw", small_disk], check=True)
    until(lambda: written.accepted == 2)
    assert health.state(0).ok
    assert written.close()
    assert content(path) == [1, 2]


def test_memory_is_bounded_while_nothing_can_be_committed(small_disk, opened):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    written = opened(small_disk / "sub" / "readings.sqlite", limit=10)
    for number in range(1, 101):
        written.publish(reading(number))
    stats = written.stats
    assert (stats.queued, stats.dropped) == (10, 90)
    assert "read-only" in stats.last_error.lower()


def test_committed_readings_leave_the_memory_before_those_that_are_not(tmp_path, opened):
    written = opened(tmp_path / "readings.sqlite", limit=10, kept=6)
    assert written.delivered("mqtt") == 0
    for number in range(1, 9):
        written.publish(reading(number))
    written.flush()
    assert (written.held(0), written.count(0)) == (6, 8)
    for number in range(9, 18):
        written.publish(reading(number))
    assert (written.held(0), written.stats.queued, written.stats.dropped) == (10, 9, 0)
    for number in (18, 19):
        written.publish(reading(number))
    assert (written.held(0), written.stats.queued, written.stats.dropped) == (10, 10, 1)
    assert [each.number for each in written.after(2, 99)] == [*range(3, 9), *range(10, 20)]
    written.flush()
    written.set_delivered("mqtt", 17)
    assert (written.held(0), written.stats.queued) == (2, 0)


def test_a_database_that_another_program_has_locked_is_waited_for(tmp_path, opened, health):
    path = tmp_path / "readings.sqlite"
    written = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        written.publish(reading(1))
        with pytest.raises(PublishError, match="another program has locked it"):
            written.flush()
        assert not health.state(0).ok
        other.execute("COMMIT")
        until(lambda: written.accepted == 1)
    assert health.state(0).ok


@pytest.mark.parametrize("place", [0, 4096])
def test_a_damaged_database_is_moved_aside_at_the_start_and_a_new_one_begun(tmp_path, opened, health, place):
    path = tmp_path / "readings.sqlite"
    written = opened(path)
    for number in range(1, 101):
        written.publish(reading(number))
    assert written.close()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"garbage " * 2048)
    written = opened(path)
    written.publish(reading(101))
    until(lambda: "damaged store" in health.state(0).problems or written.flush())
    said = health.state(0).problems["damaged store"]
    (aside,) = tmp_path.glob("readings.sqlite.damaged-*Z")
    assert said == f"readings.sqlite was damaged and is now {aside.name}; a new one was begun"
    assert written.close()
    assert content(path) == [101]


def test_damage_that_a_reader_finds_costs_no_places(tmp_path, opened, health):
    path = tmp_path / "readings.sqlite"
    written = opened(path, StoreSettings(commit_s=0.01))
    assert written.delivered("mqtt") == 0
    for number in (1, 2, 3):
        written.publish(reading(number))
    written.set_delivered("mqtt", 3)
    written.flush()
    path.write_bytes(b"garbage " * 2048)
    Path(f"{path}-wal").write_bytes(b"")
    with pytest.raises(PublishError, match="damaged"):
        written.after(0, 10)
    until(lambda: "damaged store" in health.state(0).problems)
    written.publish(reading(5))
    until(lambda: written.accepted == 5)
    assert written.close()
    assert opened(path).delivered("mqtt") == 3


def test_only_a_few_damaged_databases_are_kept(tmp_path, monkeypatch):
    path = tmp_path / "readings.sqlite"
    for second in range(5):
        path.write_text(str(second))
        monkeypatch.setattr(faults.time, "strftime", lambda *_, second=second: f"2026010{second}T000000Z")
        faults.set_aside(path)
    assert sorted(each.read_text() for each in tmp_path.iterdir()) == ["2", "3", "4"]


@pytest.mark.parametrize("endings", [("",), ("", "-wal", "-shm")])
def test_a_file_that_is_removed_while_in_use_is_begun_anew(tmp_path, opened, endings):
    path = tmp_path / "state" / "readings.sqlite"
    written = opened(path)
    written.publish(reading(1))
    written.flush()
    for ending in endings:
        Path(f"{path}{ending}").unlink()
    written.publish(reading(2))
    with pytest.raises(PublishError):
        written.flush()
    until(lambda: written.accepted == 2)
    assert written.close()
    assert content(path) == [2]
