"""What the page saves and undoes, and what it refuses to save."""

import socket
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

from ocr_edge.config.load import parse
from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.system.health import Health
from ocr_edge.web import focus
from ocr_edge.web.serving import Serving
from ocr_edge.web.setup import MAX_BYTES
from ocr_edge.web.still import uncovers
from ocr_edge.web.view import Seen

from . import setup_parts as parts
from .broker import until
from .page_parts import app
from .setup_parts import CORNERS, SIZE, TEXT, Desk, held, post, region, seen, shown, wanted

desk, client = parts.desk, parts.client


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


def test_requests_of_a_set_up_may_be_larger_than_others(desk):
    body = b'{"wanted": {"regions": []}, "hash": "' + b"x" * 40_000 + b'"}'

    def sent(port: int, path: str, body: bytes) -> bytes:
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
