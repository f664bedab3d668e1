"""A server with a page for tests: a daemon of plain values, a store with readings, and pictures."""

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ocr_edge.config.settings import Http, PageSettings, StoreSettings
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.sinks.store import Store
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health, State
from ocr_edge.web.application import application
from ocr_edge.web.log_tail import LogTail
from ocr_edge.web.sight import Asked, Sight
from ocr_edge.web.view import Newest, Seen, View

PASSWORD = "correct horse battery"


def reading(text: str, at: float = 1000.0, number: int = 0, **more) -> Reading:
    """A reading of region ``meter``, 0.9 sure."""
    characters = tuple(Character(c, 0.9, Box(10 + 8 * i, 10, 7, 12)) for i, c in enumerate(text))
    lines = (Line(characters),) if characters else ()
    made = Reading("camera", lines, at, **{"region": "meter", "timing_ms": {"total": 12.3}} | more)
    return made.numbered(number, "test") if number else made


def view(shade: int = 90, text: str = "123", masked: bool = False) -> View:
    """A grey frame of 200x100 with a region in its left half, whose pixels are 255."""
    image = np.full((100, 200, 3), shade, np.uint8)
    image[20:80, 10:90] = 255
    corners = np.array([[10, 20], [90, 20], [90, 80], [10, 80]], np.float64)
    return View(image, time.time(), (Seen("meter", corners, reading(text), ""),), masked)


class Parts:
    """What the server asks; ``asked`` goes into ``application`` or ``Serving``."""

    def __init__(self, folder: Path, *, trigger: bool = True) -> None:
        self.pulled: list[str] = []
        self.newest, self.log, self.store = Newest(), LogTail(), folder / "readings.sqlite"
        self.latest = (reading("123", value=123.0, unit="m³"),)
        self.samples = folder / "samples"
        board = {"name": "test", "regions": ["meter"]}
        sight = Sight(self.newest, self.store, lambda: board, self.log, samples=self.samples)
        self.asked = Asked(self.snapshot, self.pulled.append if trigger else None, sight)

    def snapshot(self) -> Snapshot:
        return Snapshot(State(time.time(), {}, {"bundle": "default"}), Counters(frames=7), (), self.latest)

    def keep(self, *readings: Reading) -> None:
        """Commit readings to the store."""
        store = Store(StoreSettings(), self.store, Health())
        for each in readings:
            store.publish(each)
        store.flush()
        assert store.close()


def app(parts: Parts, stack: ExitStack, **settings):
    """The application with a page."""
    return application(Http(page=PageSettings(frames_per_s=30), **settings), parts.asked, stack)
