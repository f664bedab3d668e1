"""What was accepted survives kills at any moment, and a log that was cut or damaged anywhere."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ocr_edge.sinks.store import Store, database
from ocr_edge.system.health import Health

from .broker import until
from .store_parts import LAZY, content
from .store_parts import long_reading as reading

KILLS = 200


def test_no_accepted_reading_is_lost_to_any_of_200_kills(tmp_path):
    path = tmp_path / "readings.sqlite"
    accepted = Path(f"{path}.accepted")
    chance = random.Random(3)
    writer = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("store_writer.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    commits = 0
    with writer:
        for kill in range(1, KILLS + 1):
            writer.stdin.write(f"{path}\n")
            writer.stdin.flush()
            child = int(writer.stdout.readline())
            # From the opening of the file on; every third time only after it has begun to accept.
            if kill % 3 == 0:
                size = accepted.stat().st_size if accepted.exists() else 0
                until(lambda size=size: accepted.exists() and accepted.stat().st_size > size)
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            assert writer.stdout.readline() == "ended\n"
            if kill % 20 == 0:
                lines = accepted.read_text().splitlines()
                commits, newest = len(lines), int(lines[-1])
                found = content(path)
                assert found == list(range(1, len(found) + 1))
                assert len(found) >= newest
        writer.stdin.close()
        assert writer.wait(5) == 0
    assert commits > KILLS


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_database_whose_log_is_cut_or_damaged_anywhere_is_as_it_was_after_some_commit(
    tmp_path, damage, monkeypatch
):
    monkeypatch.setattr(database, "_WAL_BYTES", 150_000)
    path = tmp_path / "readings.sqlite"
    # So small that old readings go, and their pages are used again: what is old and new in the file is mixed.
    written = Store(msgspec.structs.replace(LAZY, max_mb=0.15), path, Health())
    chance = random.Random(4)
    number, commits, copies = 0, {0: []}, 0
    while copies < 160:
        for _ in range(chance.randint(1, 8)):
            number += 1
            written.publish(reading(number))
        written.set_delivered("mqtt", number)
        written.flush()
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
            commits[number] = [
                each for (each,) in reader.execute("SELECT number FROM readings ORDER BY number")
            ]
        if len(commits) % 3:
            continue
        log = Path(f"{path}-wal").read_bytes()
        for _ in range(2 if log else 0):
            copies += 1
            copy = tmp_path / f"{copies}" / "readings.sqlite"
            copy.parent.mkdir()
            shutil.copy(path, copy)
            changed, place = bytearray(log), chance.randrange(len(log))
            if damage == "cut":
                del changed[place:]
            else:
                changed[place] ^= 1 << chance.randrange(8)
            Path(f"{copy}-wal").write_bytes(changed)
            health = Health()
            again = Store(LAZY, copy, health)
            last = again.accepted
            again.publish(reading(number + 1))
            assert again.close()
            assert health.state(0).ok
            assert content(copy) == [*commits[last], number + 1]
            shutil.rmtree(copy.parent)
    assert written.close()
    assert commits[number][0] > 1
