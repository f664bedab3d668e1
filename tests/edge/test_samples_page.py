"""The routes of the samples: what they tell, take and refuse."""

import io
import json
import tarfile

import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")


from ocr_edge.web import samples as routes

from . import page_client
from .page_parts import Parts
from .sample_parts import filled

PAIRS = [("1234", "1Z34"), ("5678", "S678"), ("9012", "9O12"), ("3O45", "3045")]
OWN = {"Origin": "http://localhost:9464"}

client = page_client.client


@pytest.fixture
def parts(tmp_path):
    made = Parts(tmp_path)
    made.folder = filled(made.samples, PAIRS, around=b"\xff\xd8jpeg")
    return made


def told(client, order=""):
    return client.get(f"/samples.json?order={order}").json()


def say(client, what, **headers):
    return client.post(
        "/sample-label", content=what if isinstance(what, str) else json.dumps(what), headers=headers
    )


def test_the_least_sure_come_first_with_all_that_the_page_shows(client):
    found = told(client)
    assert (found["total"], found["labelled"], found["harvests"], found["damaged"]) == (4, 0, False, 0)
    assert [each["text"] for each in found["samples"]] == ["1Z34", "S678", "9O12", "3045"]
    first = found["samples"][0]
    assert first["suggestions"] == ["8Z34", "1834"]
    assert first["characters"][1] == ["Z", 0.99, [56, 10, 26, 30]]
    assert first["around"] is True
    answer = client.get(f"/sample.png?id={first['id']}")
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert client.get(f"/sample-around.jpg?id={first['id']}").content == b"\xff\xd8jpeg"


def test_look_alikes_come_together(client, parts):
    groups = [each["group"] for each in told(client, "alike")["samples"]]
    assert groups == sorted(groups, key=lambda each: (-groups.count(each), each))


def test_a_label_is_written_counted_and_taken_back(client, parts):
    first = told(client)["samples"][0]["id"]
    assert say(client, {"id": first, "text": "1234"}, **OWN).json() == {"kind": "corrected"}
    assert parts.folder.label(first).text == "1234"
    assert told(client)["labelled"] == 1
    assert say(client, {"id": first, "text": ""}).json() == {"kind": "unreadable"}
    assert say(client, {"id": first, "text": None}).json() == {"kind": None}
    assert parts.folder.label(first) is None


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("", 400),
        ("[]", 400),
        ('{"id": "x"}', 400),
        ('{"id": 5, "text": ""}', 400),
        ({"id": "x", "text": "1" * 201}, 400),
        ({"id": "x", "text": "1", "more": 1}, 400),
        ({"id": "../../readings", "text": "1"}, 404),
        ({"id": "20260101T000000-000000", "text": "1"}, 404),
        ({"id": "20260101T000000-000000", "text": None}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(client, parts, what, code):
    answer = say(client, what)
    assert answer.status_code == code
    assert answer.json()["error"]
    assert [entry.label for entry in parts.folder.entries()] == [None] * 4


def test_no_name_leads_to_a_path_and_no_other_site_may_label(client, parts):
    for each in ("../readings.sqlite", "..%2freadings.sqlite", "", "x%00", "/etc/passwd"):
        assert client.get(f"/sample.png?id={each}").status_code == 404
    first = told(client)["samples"][0]["id"]
    for path, content in (("/sample-label", json.dumps({"id": first, "text": "1"})), ("/samples-drop", "{}")):
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post(path, content=content, headers=headers).status_code == 403
        assert client.get(path).status_code == 405
    assert told(client)["labelled"] == 0


def test_the_export_is_sent_as_it_is_made_and_the_labelled_ones_can_be_deleted(client, parts):
    for entry, (text, _) in zip(parts.folder.entries(), PAIRS[:3], strict=False):
        say(client, {"id": entry.about.id, "text": text})
    answer = client.get("/samples.tar")
    assert answer.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        rows = [json.loads(row) for row in archive.extractfile("ground_truth.jsonl")]
    assert [row["text"] for row in rows] == ["1234", "5678", "9012"]
    assert client.post("/samples-drop", headers=OWN).json() == {"deleted": 3}
    assert told(client)["total"] == 1


def test_a_damaged_sample_costs_no_other_one(client, parts):
    ids = [each["id"] for each in told(client)["samples"]]
    path = parts.samples / f"{ids[0]}.sample"
    path.write_bytes(path.read_bytes()[:-30])  # its first line is whole
    say(client, {"id": ids[1], "text": "5678"})
    say(client, {"id": ids[0], "text": "1234"})
    assert client.get(f"/sample-around.jpg?id={ids[0]}").status_code in (200, 503)
    with tarfile.open(fileobj=io.BytesIO(client.get("/samples.tar").content)) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert manifest["lines"] + manifest["damaged"] == 2
    path.write_bytes(b"nothing")
    found = told(client)
    assert (found["total"], found["damaged"]) == (3, 1)


def test_too_many_questions_are_refused(client, monkeypatch):
    monkeypatch.setattr(routes, "ASKING", 0)
    assert client.get("/samples.json").status_code == 503
