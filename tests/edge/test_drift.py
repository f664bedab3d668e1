"""Drift: steady regions stay silent, slow harm is said with its cause and its date, and days survive what happens."""

import datetime as dt
import random
import sqlite3

import numpy as np
import pytest

import drift as simulated
from ocr_edge.cli import main
from ocr_edge.config.settings import Picture, Region
from ocr_edge.contract.types import Box
from ocr_edge.drift import monitor as monitors
from ocr_edge.drift.day import MAX_CLASSES, OTHERS, Day, Look
from ocr_edge.drift.journal import KEPT_DAYS, Journal, Key, Row
from ocr_edge.drift.judge import REFERENCE
from ocr_edge.drift.monitor import Monitor
from ocr_edge.drift.report import report
from ocr_edge.errors import PublishError
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.regions import quality
from ocr_edge.system.health import Health

from .broker import until

TODAY = dt.date(2026, 6, 1)


def rows(count, event=None, until_day=TODAY):
    """Rows of the simulation that end the day before a date; the event begins ``simulated.BEGINS`` days in."""
    days = list(simulated.days(random.Random(1), simulated.World(), count, event))
    # Weekends stay weekends: the dates are moved by whole weeks.
    shift = (until_day - days[-1][0]).days // 7 * 7
    return [Row(day + dt.timedelta(shift), "p", "r", sums) for day, sums in days]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "world", [simulated.World(), simulated.World(season=0.4)], ids=["weekends", "seasons"]
)
def test_a_steady_year_with_its_weekly_rhythm_gives_no_word(seed, world):
    known = []
    for each in simulated.days(random.Random(seed), world, 365):
        known.append(each)
        assert simulated.judged(known) == []


@pytest.mark.parametrize(
    ("event", "signal", "days"),
    [
        (simulated.slow_fog, "sharpness", 45),
        (simulated.sudden_fog, "sharpness", 3),
        (simulated.darkening, "brightness", 65),
        (simulated.new_font, "confidence unread", 4),
        (simulated.turned, "moved", 3),
    ],
)
def test_harm_is_noticed_in_time_and_its_cause_is_named(event, signal, days):
    took, first = simulated.noticed(simulated.World(), event, 3, seed=7)
    assert max(took) <= days
    assert set(first) <= set(signal.split())


def test_one_line_says_what_to_do_what_moved_and_since_when():
    known = rows(simulated.BEGINS + 20, simulated.sudden_fog)
    began = known[simulated.BEGINS].day
    found = report("display", known, TODAY)
    said = f"sharper pictures are needed: sharpness fell from 46 to 19 since {began.day} {began:%B}"
    assert found.act.startswith(f"{said}; confidence fell from 95 % to 81 %; pictures without a reading rose")
    assert found.text == found.act


def test_other_characters_are_mentioned_where_it_reads_less_surely():
    known = rows(simulated.BEGINS + 20, simulated.new_font)
    for row in known:
        row.sums.classes["0"] = 100
        if row.day >= known[simulated.BEGINS].day:
            row.sums.classes["O"] = 50
    assert "33% of the characters are none that it knew" in report("display", known, TODAY).act


def test_light_that_changes_alone_is_no_reason_to_act():
    def dim(since, values):
        values["brightness"] *= 0.5

    assert report("display", rows(simulated.BEGINS + 30, dim), TODAY).act == ""


def test_another_cut_begins_a_new_reference_and_another_bundle_one_of_reading_alone():
    known = rows(simulated.BEGINS + 20, simulated.sudden_fog)
    moved = [row._replace(picture="q") if n >= simulated.BEGINS else row for n, row in enumerate(known)]
    assert report("display", moved, TODAY).text == "learning what is usual, 20 of 28 days"
    other = [row._replace(reader="s") if n >= simulated.BEGINS else row for n, row in enumerate(known)]
    found = report("display", other, TODAY)
    assert found.act.startswith("sharper pictures are needed: sharpness fell")
    assert "confidence" not in found.act


def test_today_and_what_a_wrong_clock_dated_later_do_not_count():
    known = rows(100)
    wrong = [Row(TODAY, "p", "r", Day(1000, 1000)), Row(dt.date(2080, 1, 1), "x", "y", Day(1000, 1000))]
    assert report("display", [*known, *wrong], TODAY) == report("display", known, TODAY)


def test_days_with_few_looks_are_joined():
    few = [
        Row(TODAY - dt.timedelta(n), "p", "r", Day(looks=7, sharpness=3.5, brightness=700))
        for n in range(90, 0, -1)
    ]
    found = report("display", few, TODAY)
    assert {day.looks for _, day in found.days} == {21}
    assert found.known == REFERENCE
    assert {row.sums.looks for row in few} == {7}


def a_look(text="4711", confidence=0.9, believed=True):
    characters = tuple(Character(c, confidence, Box(0, 0, 5, 9)) for c in text)
    judged = quality.judge(np.full((40, 80), 200, np.uint8), Picture())
    return Look(judged, Reading("camera", (Line(characters),) if text else (), 0.0), believed)


def test_a_day_is_summed_up_and_added():
    day = Day()
    for look in (a_look(), a_look("4712", 0.7), a_look(""), a_look(believed=False)):
        day.take(look, 0.01)
    assert (day.looks, day.unread, day.said, day.classes["4"]) == (4, 2, 3, 3)
    assert day.mean("confidence") == pytest.approx((0.9 + 0.7 + 0.9) / 3)
    assert day.mean("moved") == pytest.approx(0.01)
    assert day.mean("brightness") == 200
    both = Day()
    both.add(day)
    both.add(day)
    assert (both.looks, both.classes["4"], both.mean("sharpness")) == (8, 6, day.mean("sharpness"))
    assert Day().mean("sharpness") is None
    for number in range(200):
        day.take(a_look(chr(0x4E00 + number)), None)
    assert len(day.classes) == MAX_CLASSES + 1
    assert day.classes[OTHERS] > 100


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "drift.sqlite")


def test_parts_of_a_day_are_added_across_restarts(journal):
    key = Key("display", "2026-05-01", "p", "r")
    for _ in range(2):
        Journal(journal.path).add({key: Day(looks=3, brightness=300)})
    (row,) = journal.rows("display")
    assert (row.day, row.sums.looks, row.sums.brightness) == (dt.date(2026, 5, 1), 6, 600)
    assert journal.rows("other") == []


def test_it_stays_small_and_keeps_the_reference(journal):
    dates = [TODAY - dt.timedelta(n) for n in range(500, 0, -1)]
    journal.add({Key("display", d.isoformat(), "p", "r"): Day(looks=30) for d in dates})
    journal.add({Key("gone", "2025-01-01", "p", "r"): Day(looks=30)})
    journal.prune("display", report("display", journal.rows("display"), TODAY).kept)
    journal.forget(["display"], TODAY - dt.timedelta(KEPT_DAYS))
    left = [row.day for row in journal.rows("display")]
    assert left == dates[:REFERENCE] + dates[-KEPT_DAYS:]
    assert journal.regions() == ["display"]
    assert journal.path.stat().st_size < 200_000


def test_a_damaged_file_is_put_aside_and_damaged_days_are_left_out(journal):
    journal.path.write_bytes(b"no database at all" * 1000)
    journal.add({Key("display", "2026-05-01", "p", "r"): Day(looks=3)})
    assert len(journal.rows("display")) == 1
    assert journal.path.with_suffix(".damaged").exists()
    with sqlite3.connect(journal.path) as connection:
        for day, sums in (("2026-05-02", "{"), ("no day", "{}"), ("2026-05-03", '{"looks": -1}')):
            connection.execute("INSERT INTO days VALUES ('display', ?, 'p', 'r', ?)", (day, sums))
    assert len(journal.rows("display")) == 1


def seed_days(journal, event=simulated.sudden_fog):
    known = rows(simulated.BEGINS + 20, event, until_day=dt.date.today())
    region = Region(name="display")
    picture, reader = monitors._hash([region.corners, region.rotate]), monitors._hash([region, "default"])
    journal.add({Key("display", r.day.isoformat(), picture, reader): r.sums for r in known})
    return region


def test_the_monitor_says_it_in_the_state_until_it_is_accepted(tmp_path, journal, capsys):
    region, health = seed_days(journal), Health()
    with Monitor(tmp_path, health) as monitor:
        monitor.look(region, "default", a_look(), None)
        monitor.tick(["display"])
        until(lambda: "drift display" in health.state(0).problems)
        assert "sharper pictures are needed" in health.state(0).problems["drift display"]
        assert main(["status", "--state-dir", str(tmp_path)]) == 1
        assert "display  sharper pictures are needed: sharpness fell from 46 to 19" in capsys.readouterr().out
        monitor.accept("display")
        assert health.state(0).problems == {}
    assert main(["status", "--state-dir", str(tmp_path)]) == 0
    assert "learning what is usual, 0 of 28 days" in capsys.readouterr().out


def test_looks_are_kept_when_the_disk_cannot_be_written_and_when_the_daemon_ends(tmp_path, monkeypatch):
    health, refused = Health(), [True]
    add = Journal.add

    def adding(journal, parts):
        if refused[0]:
            raise PublishError("disk is full")
        add(journal, parts)

    monkeypatch.setattr(Journal, "add", adding)
    with Monitor(tmp_path, health) as monitor:
        monitor.look(Region(name="display"), "default", a_look(), None)
        monitor.tick(["display"])
        until(lambda: "disk is full" in health.state(0).text)
        monitor.look(Region(name="display"), "default", a_look(), None)
        refused[0] = False
    (row,) = Journal(tmp_path / "drift.sqlite").rows("display")
    assert row.sums.looks == 2


def test_the_loop_pays_microseconds(tmp_path):
    import timeit

    with Monitor(tmp_path, Health()) as monitor:
        region, look = Region(name="display"), a_look()
        took = (
            min(timeit.repeat(lambda: monitor.look(region, "default", look, 0.0), number=100, repeat=5)) / 100
        )
    assert took < 0.002  # a frame takes 50 ms


def test_the_page_is_told_and_may_learn_anew(tmp_path, journal):
    pytest.importorskip("httpx2", reason="httpx2 is not installed")
    from contextlib import ExitStack

    from starlette.testclient import TestClient

    from ocr_edge.config.settings import Http, PageSettings
    from ocr_edge.web.application import application
    from ocr_edge.web.log_tail import LogTail
    from ocr_edge.web.sight import Asked, Sight
    from ocr_edge.web.view import Newest

    from .page_parts import Parts

    seed_days(journal)
    with Monitor(tmp_path, Health()) as monitor, ExitStack() as stack:
        monitor.tick(["display"])
        until(lambda: "display" in monitor.reports)
        asked = Asked(Parts(tmp_path).snapshot, None, Sight(Newest(), None, dict, LogTail(), drift=monitor))
        client = TestClient(application(Http(page=PageSettings()), asked, stack), base_url="http://localhost")
        (told,) = client.get("/drift.json").json()["regions"]
        assert told["act"].startswith("sharper pictures are needed")
        sharpness = next(s for s in told["signals"] if s["name"] == "sharpness")
        assert len(sharpness["values"]) == len(told["days"]) == 120
        assert sharpness["strength"] > 1
        assert sharpness["usual"] > 2 * sharpness["values"][-1]
        for body, code in ((b"", 400), (b'{"region": "../x"}', 404), (b'{"region": "display"}', 200)):
            assert client.post("/drift/accept", content=body).status_code == code
        (told,) = client.get("/drift.json").json()["regions"]
        assert (told["act"], told["known"]) == ("", 0)


def test_the_daemon_notes_what_it_looks_at(tmp_path):
    """From the camera to the file: looks, sharpness, characters, and the shift where there are marks."""
    from daemon import scene
    from lib.soak.world import Camera

    from .daemon_process import DaemonProcess

    shown = [scene(1000 * number + 123) for number in range(4)]
    url = Camera(5, lambda count: shown[count // 10 % len(shown)]).url
    region = "[[region]]\nname = 'card'\ncorners = [[380, 260], [900, 260], [900, 460], [380, 460]]\n"
    config = f"[source]\nurl = '{url}'\nmode = 'continuous'\n{region}"
    with DaemonProcess(tmp_path, config) as running:
        running.until_ready()
        until(lambda: len(running.readings) >= 2, 60)
        running.end()
    (row,) = Journal(tmp_path / "state" / "drift.sqlite").rows("card")
    assert row.sums.looks >= 2
    assert row.sums.said >= 2
    assert {"0", "1", "2", "3"} <= set(row.sums.classes)
    assert 0.2 < row.sums.mean("sharpness") <= 1
    assert row.sums.mean("brightness") > 150
    assert row.sums.placed == 0
