"""What is tried on the page without being saved: a still, regions on it, its focus, fields to fill in."""

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("tomlkit", reason="tomlkit is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.config.settings import Picture, Region, Stabilize
from ocr_edge.web import focus, form, helper
from ocr_edge.web.still import Stills
from ocr_edge.web.wanted import Entry, Wanted

from . import setup_parts as parts
from .setup_parts import SIZE, TEXT, held, post, region, seen, shown, wanted

desk, client = parts.desk, parts.client


def test_a_region_is_tried_on_a_still_and_explained(client, desk):
    number = held(client, desk)
    jpeg = client.get(f"/setup/still.jpg?number={number}").content
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape == (*SIZE, 3)
    (trial,) = post(client, "try", still=number, wanted=wanted(client)).json()["trials"]
    assert (trial["region"], trial["text"], trial["why"]) == ("meter", "4711", "")
    asked = wanted(client, regions=[region(pattern="[A-Z]{4}")])
    (trial,) = post(client, "try", still=number, wanted=asked).json()["trials"]
    assert trial["why"]
    assert "4711" in trial["said"]
    assert trial["advice"]
    answer = post(client, "explain", still=number, wanted=wanted(client), region="meter").json()
    name = answer["pictures"][0]
    png = client.get(f"/setup/explained.png?number={answer['number']}&name={name}").content
    assert cv2.imdecode(np.frombuffer(png, np.uint8), 1).size
    assert client.get(f"/setup/explained.png?number={answer['number']}&name=../{name}").status_code == 404
    found = post(client, "suggest", still=number).json()["suggestions"]
    assert found[0]["text"] == "4711"
    assert set(found[0]["settings"]) <= set(Region.__struct_fields__)
    Wanted([Entry(None, found[0]["settings"])]).into(TEXT)


def test_a_still_lies_in_the_coordinates_of_the_configuration():
    moved = np.array([[1, 0, 12], [0, 1, -7], [0, 0, 1]], np.float64)
    image = shown()
    shifted = cv2.warpAffine(image, moved[:2], SIZE[::-1])
    still = Stills().freeze(seen(shifted, pose=moved, size=SIZE))
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(still.flat[inner].astype(int) - image[inner]).mean() < 1
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    still = Stills().freeze(seen(half, pose=np.diag([0.5, 0.5, 1]), size=SIZE))
    assert still.size == SIZE
    assert np.abs(still.flat.astype(int) - image).mean() < 3


def test_every_setting_has_a_field_or_a_reason_why_not():
    made = form.form()
    for name, table in (("region", Region), ("picture", Picture), ("stabilize", Stabilize)):
        fields = {field["name"] for field in made[name]}
        assert fields | (set(form.IN_FILE) if name == "picture" else set()) == set(table.__struct_fields__)
    value = next(field for field in made["region"] if field["name"] == "value")
    assert {"format", "unit", "min", "max"} <= {field["name"] for field in value["fields"]}
    confidence = next(field for field in made["region"] if field["name"] == "min_confidence")
    assert (confidence["kind"], confidence["least"], confidence["most"], confidence["default"]) == (
        "number",
        0,
        1,
        0.7,
    )
    assert "is not said" in confidence["help"]
    rows = next(field for field in made["region"] if field["name"] == "rows")
    assert rows["choices"] == [2, 3, 4, "any"]
    corners = next(field for field in made["region"] if field["name"] == "corners")
    assert corners["kind"] == "corners"


def test_focus_tells_sharp_from_soft_and_nothing_from_both(client, desk):
    desk.parts.newest.show(seen(shown()))
    sharp = client.get("/setup/focus.json?after=-1&region=meter").json()
    desk.parts.newest.show(seen(cv2.GaussianBlur(shown(), (0, 0), 4)))
    soft = client.get("/setup/focus.json?region=meter").json()
    assert sharp["sharpness"] > soft["sharpness"] + 0.1
    assert len(sharp["histogram"]) == focus.BINS
    desk.parts.newest.show(seen(np.full((*SIZE, 3), 255, np.uint8)))
    empty = client.get("/setup/focus.json?region=meter").json()
    assert (empty["sharpness"], empty["burnt"], empty["problem"]) == (None, 1.0, "over-exposed")
    assert client.get("/setup/focus.json?region=none").status_code == 404


def test_a_long_trial_is_ended_and_the_next_one_answered(client, desk, monkeypatch):
    number = held(client, desk)
    monkeypatch.setattr(helper, "LIMIT_S", 0.05)
    answer = post(client, "try", still=number, wanted=wanted(client))
    assert (answer.status_code, "no answer within 0.05 s" in answer.json()["error"]) == (503, True)
    monkeypatch.undo()
    assert post(client, "try", still=number, wanted=wanted(client)).status_code == 200
