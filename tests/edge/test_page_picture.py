"""The page shows the newest picture, masked where the owner wants that, made only for who asks."""

import asyncio
import json
import threading
import time

import cv2
import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.config.settings import PageSettings
from ocr_edge.web import pictures
from ocr_edge.web.pictures import Pictures, made
from ocr_edge.web.view import Newest

from . import page_client
from .page_client import decoded
from .page_parts import view

parts, client = page_client.parts, page_client.client


def test_the_newest_picture_comes_with_what_was_seen_in_it(parts, client):
    parts.newest.show(view(text="123"))
    told = client.get("/live.json").json()
    assert (told["width"], told["height"]) == (200, 100)
    (region,) = told["regions"]
    assert (region["region"], region["text"], region["confidence"]) == ("meter", "123", 0.9)
    assert region["corners"][0] == [10.0, 20.0]
    assert region["timing_ms"] == {"total": 12.3}
    assert region["lines"][0]["box"] == [10, 10, 23, 12]
    assert region["lines"][0]["characters"][1] == ["2", 0.9, [18, 10, 7, 12]]
    jpeg = client.get(f"/live.jpg?number={told['number']}").content
    assert decoded(jpeg).shape == (100, 200, 3)
    assert client.get("/live.jpg").content == jpeg
    for number in ("999", "-1x", "1" * 30):
        assert client.get(f"/live.jpg?number={number}").status_code == (404 if number == "999" else 200)


def test_before_the_first_picture_there_is_none(client, monkeypatch):
    monkeypatch.setattr(pictures.Pictures.next, "__defaults__", (0.05,))
    assert client.get("/live.json").status_code == 204
    assert client.get("/live.jpg").status_code == 404


def test_masked_regions_are_masked_on_the_page_too():
    seen = decoded(made(view(shade=90, masked=True), 1, 960).jpeg)
    assert seen[50, 50].min() > 240
    assert seen[50, 150].max() < 10  # 90 in the frame
    assert seen[5, 5].max() < 10
    assert decoded(made(view(shade=90), 1, 960).jpeg)[50, 150].min() > 80
    lost = view(masked=True)
    unknown = type(lost.regions[0])("meter", None, None, "")
    lost = type(lost)(lost.image, lost.time, (unknown,), masked=True)
    assert decoded(made(lost, 1, 960).jpeg).max() < 10  # where the regions are is not known


def test_a_large_picture_is_sent_small_and_boxes_stay_those_of_the_frame():
    large = view()
    large = type(large)(cv2.resize(large.image, (2000, 1000)), large.time, large.regions, masked=False)
    picture = made(large, 1, 500)
    assert decoded(picture.jpeg).shape == (250, 500, 3)
    assert json.loads(picture.told)["width"] == 2000


def test_pictures_are_made_only_for_who_asks_once_for_all_and_at_most_so_often(monkeypatch):
    count = 0
    make = pictures.made

    def counted(*args):
        nonlocal count
        count += 1
        return make(*args)

    monkeypatch.setattr(pictures, "made", counted)
    newest = Newest()
    stop = threading.Event()

    def show():
        while not stop.is_set():
            newest.show(view())
            time.sleep(0.002)

    showing = threading.Thread(target=show)
    showing.start()

    async def look(viewers: int, seconds: float) -> list[int]:
        made = Pictures(newest, PageSettings(frames_per_s=10))

        async def viewer() -> int:
            after, seen, ends = -1, 0, time.monotonic() + seconds
            while time.monotonic() < ends:
                picture = await made.next(after)
                assert picture.number > after
                after, seen = picture.number, seen + 1
            return seen

        try:
            return await asyncio.gather(*(viewer() for _ in range(viewers)))
        finally:
            made.close()

    try:
        time.sleep(0.1)
        assert count == 0
        seen = asyncio.run(look(5, 1.05))
    finally:
        stop.set()
        showing.join()
    assert 6 <= count <= 12  # 10 a second, for five viewers
    assert max(seen) <= 12
    assert min(seen) >= 5


def test_who_waits_hears_of_the_next_picture_and_leaves_nothing_behind():
    newest = Newest()

    async def wait() -> tuple[bool, bool, int]:
        late = await newest.wait(-1, 0.02)
        left = len(newest._waiting)
        threading.Timer(0.05, newest.show, [view()]).start()
        return late, await newest.wait(-1, 5.0), left

    assert asyncio.run(wait()) == (False, True, 0)
    newest.show(view())  # nobody waits, and the loop of then has ended
