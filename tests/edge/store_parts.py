"""A store that is told when to commit, and what is in its file."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sinks.store import Store
from ocr_edge.system.health import Health

LAZY = StoreSettings(commit_s=3600, commit_readings=10**6, keep_days=1e5)
"""Commits only when it is told to."""


def reading(number: int, text: str = "A1", *, at: float | None = None, **more) -> Reading:
    characters = tuple(Character(c, 0.9, Box(9 * i, 0, 8, 9), ((c, 0.9),)) for i, c in enumerate(text))
    moment = time.time() if at is None else at
    return Reading("camera", (Line(characters),), moment, "meter", number=number, device="pi", **more)


def long_reading(number: int) -> Reading:
    """One that takes more of a small disk than most."""
    return Reading("camera", (), time.time(), "meter", number=number, device="pi", raw="x" * 500)


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


def content(path: Path) -> list[int]:
    """The numbers in a database that is whole."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return numbers(path)
