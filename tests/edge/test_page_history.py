"""The history on the page: paged, filtered, as a table, as points; questions without an answer."""

import csv
import io

import numpy as np
import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.web import history
from ocr_edge.web.history import Filter, History, TooMuch, harmless, utc

from . import page_client
from .page_parts import Parts, reading

parts, client = page_client.parts, page_client.client


def test_history_is_paged_and_filtered(parts, client):
    texts = [f"{number:03d}" for number in range(120)]
    parts.keep(
        *(reading(text, 1000.0 + n, n + 1, value=float(n), unit="m³") for n, text in enumerate(texts)),
        reading("", 2000.0, 500, region="plate", why="too fast", raw="999"),
        reading("AB 12", 2001.0, 501, region="plate"),
    )

    def ask(**wanted):
        answer = client.get("/history.json", params=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = ask()
    assert [row["number"] for row in first["rows"]] == [501, 500, *range(120, 72, -1)]
    second = ask(before=first["next"])
    third = ask(before=second["next"])
    assert [row["number"] for row in third["rows"]] == list(range(22, 0, -1))
    assert third["next"] is None
    assert [row["text"] for row in ask(region="plate")["rows"]] == ["AB 12", ""]
    assert [row["why"] for row in ask(kind="doubted")["rows"]] == ["too fast"]
    assert [row["text"] for row in ask(text="ab")["rows"]] == ["AB 12"]
    assert [row["text"] for row in ask(**{"from": 1005, "to": 1008})["rows"]] == ["007", "006", "005"]
    assert ask(least=0.95)["rows"] == []
    assert ask(text="' OR 1=1 --")["rows"] == []
    assert ask(text="%")["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=nan",
        "to=inf",
        "least=2",
        "kind=other",
        "before=-1",
        "before=1.5",
        "surprise=1",
        "text=" + "x" * 300,
        "before=99999999999999999999",
        "region=" + "x" * 65,
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(parts, client, query):
    parts.keep(reading("1", number=1))
    for path in ("/history.json", "/points.json", "/history.csv"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "\n" not in answer.json()["error"]
        assert query.partition("=")[0] in answer.json()["error"] or "field" in answer.json()["error"]


def test_the_table_for_other_programs_has_all_rows_and_no_formula(parts, client, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 7)
    parts.keep(
        *(reading(f"{n}", 1_000_000_000.25 + n, n, value=float(n)) for n in range(1, 31)),
        reading("=1+1", 2.0, 40),
        reading("-3.4", 3.0, 41),
        reading("@x", 4.0, 42),
        reading('a,"b"', 5.0, 43),
    )
    answer = client.get("/history.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="readings.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["number"]) for row in rows] == [43, 42, 41, 40, *range(30, 0, -1)]
    assert [row["text"] for row in rows[:4]] == ['a,"b"', "'@x", "-3.4", "'=1+1"]
    assert rows[-1]["utc"] == "2001-09-09T01:46:41.250Z"
    assert (harmless("+4"), harmless("-a"), utc(1e30)) == ("+4", "'-a", "")


def test_points_of_a_short_span_are_all_and_of_a_long_one_spread_over_it(tmp_path, monkeypatch):
    parts = Parts(tmp_path)
    parts.keep(
        *(reading("1", 1000.0 + n, n + 1, value=float(n)) for n in range(400)),
        reading("", 1200.5, 900, why="no"),
    )
    asked = History(parts.store)
    found = asked.points(Filter(region="meter"))
    assert [point[1] for point in found["points"]] == list(range(400))
    assert found["sampled"] is False
    monkeypatch.setattr(history, "POINTS", 100)
    monkeypatch.setattr(history, "PARTS", 40)
    newest = asked.points(Filter())
    assert [point[1] for point in newest["points"]] == list(range(300, 400))
    spread = asked.points(Filter(since=1000.0))
    values = [point[1] for point in spread["points"]]
    assert spread["sampled"] is True
    assert values[0] == 0
    assert values[-1] == 399
    assert len(values) == 41
    assert max(np.diff(values)) <= 11


def test_a_question_that_takes_too_long_is_ended(parts, client, monkeypatch):
    parts.keep(*(reading(str(n), number=n) for n in range(1, 200)))
    monkeypatch.setattr(history, "LIMIT_S", -1.0)
    monkeypatch.setattr(history, "STEPS", 10)
    with pytest.raises(TooMuch):
        History(parts.store).rows(Filter(text="nowhere"))
    answer = client.get("/history.json?text=nowhere")
    assert (answer.status_code, answer.json()["error"]) == (
        503,
        "too many readings to look through: choose a shorter time",
    )


def test_a_store_that_is_not_there_or_damaged_is_said(parts, client):
    answer = client.get("/history.json")
    assert (answer.status_code, "cannot be opened" in answer.json()["error"]) == (503, True)
    parts.store.write_bytes(b"no database" * 1000)
    assert client.get("/history.csv").status_code == 503
    assert not (parts.store.parent / "readings.sqlite-wal").exists()  # it is only read
