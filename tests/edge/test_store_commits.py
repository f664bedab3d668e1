"""The store keeps readings in batches and in order, and knows how far each receiver is."""

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.sinks.store import Store
from ocr_edge.system.health import Health

from . import store_parts as parts
from .store_parts import LAZY, ask, numbers, reading

path, opened = parts.path, parts.opened


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
    monkeypatch.setattr("ocr_edge.sinks.store.writer.RETRY_MIN_S", 0.05)
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
