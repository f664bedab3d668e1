"""Setting up on the page: what is tried, saved, undone, refused, covered, and what goes on in the daemon."""

import hashlib
import json
import os
import time
import tomllib
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("tomlkit", reason="tomlkit is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from msgspec import structs
from starlette.testclient import TestClient

from ocr_edge.bundles import load as bundles
from ocr_edge.config import load
from ocr_edge.config.load import parse
from ocr_edge.config.settings import Http, PageSettings, Picture, Region, Stabilize
from ocr_edge.config.versions import Versions
from ocr_edge.daemon.reloads import Reloads
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.trying import Receivers
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.web import focus, form, helper
from ocr_edge.web.serving import Serving
from ocr_edge.web.setup import MAX_BYTES
from ocr_edge.web.sight import Setup
from ocr_edge.web.still import Stills, uncovers
from ocr_edge.web.view import Seen, View
from ocr_edge.web.wanted import Entry, Wanted

from .broker import Broker, Listener, retained, until
from .page_parts import Parts, app
from .test_config_edit import NASTY
from .test_webhook import receiver

__all__ = ["receiver"]

TEXT = """\
[source]
url = "file:x.png"   # the camera
# about the meter
[[region]]
name = "meter"   # its name
corners = [[70, 70], [570, 70], [570, 180], [70, 180]]
"""
CORNERS = [[70, 70], [570, 70], [570, 180], [70, 180]]
SIZE = (240, 640)
IDENTITY = np.eye(3)


def shown(number: str = "4711") -> np.ndarray:
    image = np.full((*SIZE, 3), (96, 120, 140), np.uint8)
    cv2.rectangle(image, (60, 60), (580, 190), (235, 240, 240), -1)
    cv2.putText(image, number, (120, 155), cv2.FONT_HERSHEY_DUPLEX, 3.0, (30, 30, 30), 6, cv2.LINE_AA)
    return image


def seen(image: np.ndarray, *, masked: bool = False, pose=IDENTITY, size=None) -> View:
    corners = np.array(CORNERS, np.float64)
    return View(image, time.time(), (Seen("meter", corners, None, ""),), masked, pose, size)


class Desk:
    """A page whose daemon takes every file that is right."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        self.path = folder / "config.toml"
        self.path.write_text(text)
        self.config, self.applied = load(self.path), 0
        self.parts = Parts(folder)
        receivers = Receivers(self.config, "test", folder)
        bundle = bundles.shipped()
        setup = Setup(self.path, receivers, lambda: (self.config, bundle), self.apply)
        sight = replace(self.parts.asked.sight, setup=setup)
        self.parts.asked = replace(self.parts.asked, sight=sight)

    def apply(self) -> Future:
        self.config, self.applied = load(self.path), self.applied + 1
        done: Future = Future()
        done.set_result("")
        return done


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def client(desk):
    with ExitStack() as stack:
        made = app(desk.parts, stack)
        yield TestClient(made, base_url="http://localhost:9464")


def post(client, path, **what):
    return client.post(f"/setup/{path}", json=what)


def held(client, desk, view=None) -> int:
    desk.parts.newest.show(view or seen(shown()))
    return post(client, "still").json()["number"]


def wanted(client, **more) -> dict:
    return client.get("/setup/state.json").json()["content"] | more


def region(was=0, **settings) -> dict:
    return {"was": was, "settings": {"name": "meter", "corners": CORNERS} | settings}


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


def test_what_is_saved_is_applied_and_undone(client, desk):
    state = client.get("/setup/state.json").json()
    assert (state["can_undo"], state["is_taken"]) == (False, True)
    asked = wanted(
        client, regions=[region(min_confidence=0.8), region(None, name="b")], picture={"min_match": 0.6}
    )
    answer = post(client, "save", hash=state["hash"], wanted=asked)
    assert (answer.status_code, answer.json()) == (200, {"note": ""})
    assert desk.applied == 1
    assert [each.name for each in desk.config.region] == ["meter", "b"]
    assert "# about the meter" in desk.path.read_text()
    assert desk.path.with_name("config.toml.1").read_text() == TEXT
    state = client.get("/setup/state.json").json()
    assert state["can_undo"]
    assert post(client, "undo", hash=state["hash"]).status_code == 200
    assert desk.path.read_text() == TEXT
    assert desk.applied == 2


def test_what_the_loader_refuses_is_not_written(client, desk):
    state = client.get("/setup/state.json").json()
    for wrong, line in (
        (region(pattern="[0-9"), "region meter: "),
        (region(min_confidence=7), "min_confidence"),
        (region(patern="x"), "unknown key 'patern'; did you mean 'pattern'?"),
        (region(corners=[[0, 0], [9, 0], [0, 9], [9, 9]]), "region meter: corners: "),
        (region(when={"region": "b", "matches": "x"}), "there is no region 'b'"),
        (region(name="a/b"), "name"),
    ):
        answer = post(client, "save", hash=state["hash"], wanted=wanted(client, regions=[wrong]))
        assert answer.status_code == 400
        assert line in answer.json()["error"]
        assert str(desk.path) not in answer.json()["error"]
    for foreign, line in (
        ({"blank_outside": False}, "changed in the file"),
        ({"reference": "/etc/passwd"}, "changed in"),
    ):
        answer = post(client, "save", hash=state["hash"], wanted=wanted(client, picture=foreign))
        assert (answer.status_code, line in answer.json()["error"]) == (400, True)
    assert post(client, "save", hash=state["hash"], wanted={"source": {}}).status_code == 400
    assert desk.path.read_text() == TEXT
    assert sorted(each.name for each in desk.path.parent.glob("config.toml*")) == ["config.toml"]


def test_a_file_that_somebody_else_changed_is_left_alone(client, desk):
    state = client.get("/setup/state.json").json()
    post(client, "save", hash=state["hash"], wanted=wanted(client, regions=[region(rotate=180)]))
    desk.path.write_text(TEXT + "# by hand\n")
    for path in ("save", "undo"):
        answer = post(client, path, hash=state["hash"], wanted=wanted(client))
        assert answer.status_code == 409
    assert (
        "somebody changed the file"
        in post(client, "save", hash=state["hash"], wanted=wanted(client)).json()["error"]
    )
    assert desk.path.read_text().endswith("# by hand\n")
    assert not client.get("/setup/state.json").json()["can_undo"]


def test_what_is_masked_is_neither_shown_nor_read_nor_uncovered(tmp_path):
    desk = Desk(tmp_path, TEXT + "[picture]\nblank_outside = true\n")
    small = [[70, 70], [300, 70], [300, 180], [70, 180]]
    with ExitStack() as stack:
        client = TestClient(app(desk.parts, stack), base_url="http://localhost:9464")
        image = shown()
        view = seen(image, masked=True)
        view = replace(view, regions=(Seen("meter", np.array(small, np.float64), None, ""),))
        number = held(client, desk, view)
        jpeg = client.get(f"/setup/still.jpg?number={number}").content
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)[:, 320:].max() < 12
        asked = wanted(client, regions=[region(corners=CORNERS)])
        (trial,) = post(client, "try", still=number, wanted=asked).json()["trials"]
        assert "4711" not in trial["said"]
        state = client.get("/setup/state.json").json()
        assert state["masked"]
        whole = {"was": 0, "settings": {"name": "meter"}}
        moved = region(corners=[[60, 70], [570, 70], [570, 180], [60, 180]])
        for each in (whole, moved):
            answer = post(client, "save", hash=state["hash"], wanted=wanted(client, regions=[each]))
            assert answer.status_code == 400
            assert "picture.blank_outside covers" in answer.json()["error"]
        assert post(client, "reference", still=number).status_code == 409
        answer = post(
            client, "save", hash=state["hash"], wanted=wanted(client, regions=[region(corners=small)])
        )
        assert answer.status_code == 200
        # The version before shows more than the one now.
        again = client.get("/setup/state.json").json()
        assert "covers" in post(client, "undo", hash=again["hash"]).json()["error"]
        assert focus.measured(view, "", desk.config.picture) is None


def test_regions_may_shrink_under_a_mask_and_not_grow():
    now = parse(TEXT + "[picture]\nblank_outside = true\n", Path("c.toml"))
    for corners, allowed in (
        (CORNERS, True),
        ([[80, 80], [560, 80], [560, 170], [80, 170]], True),
        ([[80, 80], [575, 80], [575, 170], [80, 170]], False),
    ):
        (old,) = now.region
        more = structs.replace(now, region=(structs.replace(old, corners=tuple(map(tuple, corners))),))
        assert (uncovers(now, more, SIZE) == "") is allowed


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


def test_receivers_are_tested_and_nothing_looks_like_a_reading(tmp_path, client, desk, receiver):
    with_hook = TEXT + f'[files]\npath = "out.jsonl"\n[webhook]\nurl = "{receiver.url}"\n'
    receivers = Receivers(parse(with_hook, desk.path), "test", tmp_path)
    assert receivers.names == ["store", "stdout", "files", "webhook"]
    desk.parts.keep()
    assert "can be written to" in receivers.test("store")
    assert "nothing was" in receivers.test("files")
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert 'took a body with "test": true' in receivers.test("webhook")
    ((_, headers, body),) = receiver.requests
    told = json.loads(body)
    assert (told["test"], told["why"], told["lines"], told["text"]) == (True, "test", [], "")
    assert headers["Idempotency-Key"].startswith("test-test-")
    receiver.code = 403
    with pytest.raises(PublishError, match=r"answers 403 .*check webhook.url"):
        receivers.test("webhook")
    (tmp_path / "readings.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(PublishError, match="damaged"):
        receivers.test("store")
    assert post(client, "receiver", name="stdout").json()["ok"]
    answer = post(client, "receiver", name="../x")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "there is no receiver '../x'; there are store, stdout",
    )


def test_a_broker_is_tested_on_a_topic_of_its_own(tmp_path):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with Broker(tmp_path, "allow_anonymous true") as broker, Listener(broker.port) as listener:
        text = TEXT + f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        receivers = Receivers(parse(text, tmp_path / "c.toml"), "pi", tmp_path)
        assert "took a message on ocr-edge/pi/test" in receivers.test("mqtt")
        until(lambda: listener.texts("ocr-edge/pi/test"))
        assert json.loads(listener.last("ocr-edge/pi/test"))["test"] is True
        assert retained(broker.port) == {}
        broker.stop()
        with pytest.raises(PublishError, match="broker 127"):
            receivers.test("mqtt")


def test_requests_of_a_set_up_may_be_larger_than_others(desk):
    body = b'{"wanted": {"regions": []}, "hash": "' + b"x" * 40_000 + b'"}'

    def sent(port: int, path: str, body: bytes) -> bytes:
        import socket

        with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            head += "Connection: close\r\n\r\n"
            try:
                connection.sendall(head.encode() + body)
                return b"".join(iter(lambda: connection.recv(65536), b""))
            except ConnectionError:
                return b""

    with Serving(Http(port=0, page=PageSettings()), Health(), desk.parts.asked) as serving:
        until(lambda: serving.port and sent(serving.port, "/setup/undo", b"{}"))
        assert b" 409 " in sent(serving.port, "/setup/save", body)
        assert sent(serving.port, "/setup/undo", body) == b""
        assert b" 413 " in sent(serving.port, "/setup/save", body + b" " * MAX_BYTES)
        assert sent(serving.port, "/trigger", body) == b""
    assert desk.parts.pulled == []


def test_versions_keep_mode_and_mark_and_undo_only_what_is_their_own(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfid = 'a'\r\n")
    path.chmod(0o640)
    versions = Versions(path)
    assert versions.before() is None
    now = versions.now()
    assert now.text == "id = 'a'\r\n"
    versions.replace("id = 'b'\r\n", now.hash)
    assert path.read_bytes() == b"\xef\xbb\xbfid = 'b'\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert versions.before() == "id = 'a'\r\n"
    with pytest.raises(ConfigError, match="somebody changed"):
        versions.replace("x", now.hash)
    os.utime(path)
    assert versions.before() is None
    assert versions.now().hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {each.name for each in tmp_path.iterdir()} == {"config.toml", "config.toml.1"}


def test_a_reload_answers_those_who_still_wait():
    reloads = Reloads()
    first, second = reloads.ask(), reloads.ask()
    first.cancel()
    (waiting,) = reloads.taken()
    waiting.set_result("done")
    assert second.result(0) == "done"
    assert reloads.taken() == []


def test_a_region_that_did_not_change_goes_on_and_another_one_begins_anew():
    bundle = bundles.load()
    text = (
        TEXT
        + '[region.value]\n[[region]]\nname = "b"\ncorners = [[70, 70], [570, 70], [570, 180], [70, 180]]\n'
    )
    before = Scene(parse(text, Path("c.toml")), bundle, Counters())
    frame = Frame(shown(), time.time(), time.monotonic(), "x")
    said = []
    for turn in range(5):
        said += before.look(replace(frame, monotonic=frame.monotonic + turn))
    assert {reading.region for reading in said} == {"meter", "b"}
    for changed, kept in (('name = "b"\nrotate = 180', {"meter"}), ('name = "b"', {"meter", "b"})):
        after = Scene(parse(text.replace('name = "b"', changed), Path("c.toml")), bundle, Counters())
        after.take_over(before)
        assert {r.region.name for r in after.readers if r in before.readers} == kept
    assert after.look(replace(frame, monotonic=frame.monotonic + 6)) == []
    wider = Scene(parse(text + "[stabilize]\nframes = 4\n", Path("c.toml")), bundle, Counters())
    wider.take_over(before)
    assert not any(reader in before.readers for reader in wider.readers)


def test_a_configuration_keeps_what_the_page_does_not_know():
    now = tomllib.loads(NASTY)
    entries = [Entry(place, settings) for place, settings in enumerate(now["region"])]
    marks = [mark["box"] for mark in now["picture"]["mark"]]
    same = Wanted(entries, marks, {"min_match": 0.5})
    assert same.into(NASTY) == NASTY
    assert tomllib.loads(Wanted(entries, marks, {}).into(NASTY))["picture"].keys() == {"mark"}
    with pytest.raises(ConfigError, match="not those of the file"):
        Wanted(entries[::-1]).into(NASTY)
    with pytest.raises(ConfigError, match="not those of the file"):
        Wanted([Entry(7, {})]).into(NASTY)
