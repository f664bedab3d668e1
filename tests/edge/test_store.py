"""The store keeps readings in batches, knows how far each receiver is, and deletes no more than it must."""

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sinks.store import Store, database, queries
from ocr_edge.system.health import Health

LAZY = StoreSettings(commit_s=3600, commit_readings=10**6, keep_days=1e5)
"""Commits only when it is told to."""


def reading(number: int, text: str = "A1", *, at: float | None = None, **more) -> Reading:
    characters = tuple(Character(c, 0.9, Box(9 * i, 0, 8, 9), ((c, 0.9),)) for i, c in enumerate(text))
    moment = time.time() if at is None else at
    return Reading("camera", (Line(characters),), moment, "meter", number=number, device="pi", **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "readings.sqlite"


@pytest.fixture
def opened(path):
    stores = []

    def open_it(settings: StoreSettings = LAZY) -> Store:
        stores.append(Store(settings, path, Health()))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def numbers(path: Path) -> list[int]:
    return [number for (number,) in ask(path, "SELECT number FROM readings ORDER BY number")]


def ask(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_reading_is_accepted_when_its_commit_returned_and_not_before(opened, path):
    store = opened()
    store.publish(reading(1))
    assert (store.accepted, numbers(path)) == (0, [])
    store.flush()
    assert (store.accepted, numbers(path)) == (1, [1])


@pytest.mark.parametrize(
    "settings", [StoreSettings(commit_s=0.05), StoreSettings(commit_s=3600, commit_readings=3)]
)
def test_a_batch_is_committed_after_its_time_or_its_number(opened, settings):
    store = opened(settings)
    for number in (1, 2, 3):
        store.publish(reading(number))
    end = time.monotonic() + 3
    while store.accepted < 3:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_closing_commits_what_waits(opened, path):
    store = opened()
    store.publish(reading(1))
    assert store.close()
    assert numbers(path) == [1]
    assert os.listdir(path.parent) == [path.name]


def test_a_row_says_it_in_columns_and_as_published(opened, path):
    store = opened()
    one = reading(7, "AB", at=1795362147.25, value=12.5, unit="m³", raw="A8")
    store.publish(one)
    store.flush()
    columns = "number, time, utc, region, text, value, unit, confidence, why"
    assert ask(path, f"SELECT {columns} FROM readings")[0] == (
        (7, 1795362147.25, "2026-11-22T15:42:27.250Z", "meter", "AB", 12.5, "m³", 0.9, "")
    )
    assert ask(path, "SELECT json_extract(data, '$.id'), json_extract(data, '$.raw') FROM readings")[0] == (
        (one.id, "A8")
    )
    assert store.after(0, 10)[0].as_dict() == one.as_dict()


def test_numbers_and_places_survive_a_restart_and_do_not_depend_on_the_clock(opened):
    store = opened()
    store.delivered("mqtt")
    store.publish(reading(2_000_000_000_000, at=2e9))
    store.publish(reading(2_000_000_000_001, at=1e9))
    store.set_delivered("mqtt", 2_000_000_000_000)
    assert store.last_number() == 2_000_000_000_001
    store.close()
    store = opened()
    assert store.last_number() == store.accepted == 2_000_000_000_001
    assert store.delivered("mqtt") == 2_000_000_000_000
    assert [each.number for each in store.after(store.delivered("mqtt"), 9)] == [2_000_000_000_001]


def test_what_is_not_committed_yet_can_be_read_back_too(opened):
    store = opened()
    for number in (1, 2):
        store.publish(reading(number))
    store.flush()
    for number in (3, 4):
        store.publish(reading(number))
    assert [each.number for each in store.after(1, 2)] == [2, 3]
    assert [store.count(0), store.count(1), store.count(4)] == [4, 3, 0]
    assert [store.held(0), store.held(3)] == [2, 1]


def test_a_new_receiver_begins_with_what_is_read_from_now_on(opened):
    store = opened()
    store.publish(reading(1))
    assert store.delivered("webhook") == 1


def test_a_row_that_cannot_be_read_back_is_passed_over(opened, path, caplog):
    store = opened()
    for number in (1, 2, 3):
        store.publish(reading(number))
    store.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE readings SET data = '{' WHERE number = 2")
    assert [each.number for each in store.after(0, 9)] == [1, 3]
    assert "reading 2 cannot be read back" in caplog.text


DAY = 86400.0
TEN_DAYS = StoreSettings(commit_s=3600, commit_readings=10**6, keep_days=10)


def run_for(store: Store, seconds: float) -> None:
    """Let the store's own clock go on, as if the daemon had run so long."""
    store._born -= seconds


def test_old_readings_go_by_age_unless_a_receiver_still_waits_for_them(opened, path):
    store = opened(TEN_DAYS)
    store.delivered("mqtt")
    store.set_delivered("mqtt", 5)
    for number in range(1, 21):
        store.publish(reading(number))
        store.flush()
        run_for(store, DAY - 1)
    assert numbers(path) == list(range(6, 21))
    store.set_delivered("mqtt", 20)
    store.publish(reading(21))
    store.flush()
    assert numbers(path) == list(range(11, 22))
    assert store.stats.dropped == 0


def test_age_counts_from_the_storing_and_not_from_the_picture(opened, path):
    store = opened(TEN_DAYS)
    store.publish(reading(1, at=time.time() - 400 * DAY))
    store.publish(reading(2, at=time.time() + 400 * DAY))
    for _ in range(3):
        store.flush()
    assert numbers(path) == [1, 2]
    run_for(store, 11 * DAY)
    store.flush()
    assert numbers(path) == []


@pytest.mark.parametrize("years", [70, -70])
def test_a_leap_of_the_clock_deletes_nothing_and_stops_no_deletion(opened, path, monkeypatch, years):
    store = opened(TEN_DAYS)
    store.publish(reading(1))
    store.flush()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + years * 365 * DAY)
    store.publish(reading(2))
    store.flush()
    store.close()
    store = opened(TEN_DAYS)
    store.publish(reading(3))
    store.flush()
    assert numbers(path) == [1, 2, 3]
    monkeypatch.undo()
    run_for(store, 11 * DAY)
    store.flush()
    assert numbers(path) == []


def test_a_restart_does_not_make_readings_young_again(opened, path):
    for number in range(1, 9):
        store = opened(TEN_DAYS)
        run_for(store, 4 * DAY)
        store.publish(reading(number))
        store.close()
    assert numbers(path) == [6, 7, 8]


def test_a_deletion_is_logged_and_counted(opened, path, logged):
    store = opened(msgspec.structs.replace(TEN_DAYS, max_mb=0.5))
    for number in (1, 2):
        store.publish(reading(number))
    store.flush()
    run_for(store, 11 * DAY)
    for number in range(3, 503):
        store.publish(reading(number, "0123456789"))
        if number % 10 == 0:
            store.flush()
    store.flush()
    assert dict(store.deleted) == {"age": 2, "size": 500 - len(numbers(path))}
    said = [record.getMessage() for record in logged if "deleted" in record.getMessage()]
    assert said == ["store: readings deleted: 2 stored more than keep_days ago"]  # the next line in a day
    store.close()
    assert f"readings deleted: {store.deleted['size']} to stay below max_mb" in logged[-1].getMessage()


def test_a_database_of_the_first_version_is_taken_over_with_all_readings(opened, path):
    store = opened()
    store.publish(reading(1, at=0.0))
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE readings DROP COLUMN stored")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    queries.look(path)
    store = opened(TEN_DAYS)
    store.publish(reading(2))
    store.flush()
    assert store._health.state(0).ok
    assert numbers(path) == [1, 2]
    assert ask(path, "PRAGMA user_version") == [(database.VERSION,)]


def test_numbers_go_on_above_what_receivers_have_although_all_readings_were_deleted(opened, path):
    store = opened(TEN_DAYS)
    store.delivered("mqtt")
    store.publish(reading(7))
    store.set_delivered("mqtt", 7)
    store.flush()
    run_for(store, 11 * DAY)
    store.flush()
    store.close()
    assert numbers(path) == []
    assert opened().last_number() == 7


def test_the_file_stays_below_its_size_and_not_far_below(opened, path):
    store = opened(StoreSettings(commit_s=3600, commit_readings=10**6, max_mb=1))
    sizes, kept = [], []
    for number in range(1, 2001):
        store.publish(reading(number, "0123456789"))
        if number % 10 == 0:
            store.flush()
            sizes.append(path.stat().st_size + Path(f"{path}-wal").stat().st_size)
            kept.append(len(numbers(path)))
    store.close()
    assert path.stat().st_size <= 1_000_000
    assert path.stat().st_size > 850_000
    assert max(sizes) < 1_000_000 + database._WAL_BYTES + 300_000
    assert numbers(path) == list(range(2001 - kept[-1], 2001))
    assert min(kept[100:]) > 0.9 * max(kept[100:])


def test_a_smaller_limit_shrinks_the_file_step_by_step(opened, path):
    store = opened()
    for number in range(1, 1001):
        store.publish(reading(number, "0123456789"))
    store.close()
    assert path.stat().st_size > 1_300_000
    store = opened(StoreSettings(commit_s=3600, commit_readings=10**6, max_mb=0.5))
    store.publish(reading(1001))
    store.flush()
    assert 900 < len(numbers(path)) < 1000
    for number in range(1002, 1022):
        store.publish(reading(number))
        store.flush()
    store.close()
    assert 400_000 < path.stat().st_size <= 500_000


def test_space_forces_undelivered_readings_out_and_that_is_said(opened, path):
    store = opened(StoreSettings(commit_s=3600, commit_readings=10**6, max_mb=0.5))
    store.delivered("mqtt")
    for number in range(1, 501):
        store.publish(reading(number, "0123456789"))
        if number % 10 == 0:
            store.flush()
    kept = numbers(path)
    assert store.stats.dropped == 500 - len(kept) > 0
    assert "undelivered" in store._health.state(0).problems["store"]
    store.set_delivered("mqtt", 500)
    store.publish(reading(501))
    store.flush()
    assert store._health.state(0).ok


def test_the_file_can_be_read_while_it_is_written(opened, path):
    store = opened()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        for number in (1, 2):
            store.publish(reading(number))
            store.flush()
            assert reader.execute("SELECT max(number) FROM readings").fetchone() == (number,)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file/readings.sqlite", "folder cannot be made"),
        ("", "is a folder"),
        ("other.sqlite", "another program"),
        ("newer.sqlite", "schema 99"),
    ],
)
def test_a_path_that_cannot_be_used_is_said_and_tried_again(tmp_path, monkeypatch, name, why):
    monkeypatch.setattr("ocr_edge.sinks.store.store.RETRY_MIN_S", 0.05)
    home = tmp_path / "home"
    home.mkdir()
    (home / "file").write_text("")
    with closing(sqlite3.connect(home / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with closing(sqlite3.connect(home / "newer.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    health = Health()
    store = Store(LAZY, home / name, health)
    store.publish(reading(1))
    assert why in health.state(0).problems["store"]
    home.rename(tmp_path / "away")  # the owner puts it right
    end = time.monotonic() + 3
    while store.accepted < 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert health.state(0).ok
    assert store.close()


def test_the_queries_of_the_documentation_run(opened, path):
    store = opened()
    store.publish(reading(1, "12", at=1795362147.0, value=12.0))
    store.publish(reading(2, "19", at=1795362148.0, value=19.0))
    store.flush()
    page = (Path(__file__).parents[2] / "docs" / "sinks.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    times = {"__from": 0, "__to": 1e13}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = [connection.execute(query, times).fetchall() for query in queries]
    assert [len(rows) for rows in found] == [2, 1, 0, 2]
    assert found[1][0][1] == 7.0
