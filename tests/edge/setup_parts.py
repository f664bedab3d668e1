"""A page to set up a daemon with, for tests: a meter in a picture, and a daemon that takes every right file."""

import time
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from ocr_edge.bundles import load as bundles
from ocr_edge.config import load
from ocr_edge.sinks.trying import Receivers
from ocr_edge.web.sight import Setup
from ocr_edge.web.view import Seen, View

from .page_parts import Parts, app

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
