"""The store deletes no more than it must: by age, by size, and never for a clock that leaps."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.sinks.store import Store, database, queries

from . import store_parts as parts
from .store_parts import ask, numbers, reading

path, opened = parts.path, parts.opened

DAY = 86400.0
TEN_DAYS = StoreSettings(commit_s=3600, commit_readings=10**6, keep_days=10)


def run_for(store: Store, seconds: float) -> None:
    """Let the store's own clock go on, as if the daemon had run so long."""
    store._writer._born -= seconds


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
    assert store._writer._health.state(0).ok
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
    assert "undelivered" in store._writer._health.state(0).problems["store"]
    store.set_delivered("mqtt", 500)
    store.publish(reading(501))
    store.flush()
    assert store._writer._health.state(0).ok
