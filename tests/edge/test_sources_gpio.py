"""Triggers, and lamp and button against a fake with gpiod's surface."""

import enum
import errno
import sys
import threading
import time
import types

import numpy as np
import pytest

from ocr_edge.config.settings import Button, SourceSettings
from ocr_edge.config.settings import Lamp as LampSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources import gpio
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.capture.light import LIT_S
from ocr_edge.sources.gpio import Lamp, watch_button
from ocr_edge.sources.trigger import Trigger


class FakeRequest:
    """One line: what was set and when, and edges that wait."""

    def __init__(self, chip, consumer, config):
        self.chip, ((self.line, self.settings),) = chip, config.items()
        self.history, self.released, self.edge = [], False, threading.Event()
        self.fail = False

    def set_value(self, line, value):
        assert line == self.line
        if self.fail:
            raise OSError(errno.EIO, "I/O error")
        self.history.append((value, time.monotonic()))

    def wait_edge_events(self, timeout):
        return self.edge.wait(timeout)

    def read_edge_events(self):
        self.edge.clear()

    def release(self):
        self.released = True

    @property
    def lit(self):
        return bool(self.history) and self.history[-1][0] == "ACTIVE"


@pytest.fixture
def lines(monkeypatch):
    """A fake ``gpiod``; the lines asked for, and ``error`` to refuse them with."""
    asked = types.SimpleNamespace(made=[], error=None)
    gpiod, line = types.ModuleType("gpiod"), types.ModuleType("gpiod.line")
    for name, members in {
        "Value": ["ACTIVE", "INACTIVE"], "Direction": ["INPUT", "OUTPUT"], "Edge": ["RISING"],
        "Bias": ["PULL_UP", "PULL_DOWN"],
    }.items():  # fmt: skip
        setattr(line, name, enum.StrEnum(name, [(member, member) for member in members]))

    def request_lines(chip, consumer, config):
        if asked.error:
            raise asked.error
        asked.made.append(FakeRequest(chip, consumer, config))
        return asked.made[-1]

    gpiod.line, gpiod.request_lines = line, request_lines
    gpiod.LineSettings = types.SimpleNamespace
    monkeypatch.setitem(sys.modules, "gpiod", gpiod)
    monkeypatch.setitem(sys.modules, "gpiod.line", line)
    return asked


class Camera:
    """Frames take 20 ms; ``seen`` is when each retrieved one was exposed."""

    name, separate, more, grabbed_at = "camera", False, False, 0.0

    def __init__(self, drained=False):
        self.drained, self.fails = drained, False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def grab(self):
        if self.fails:
            raise CaptureError("gone")
        began = time.monotonic()
        time.sleep(0.02)
        self.grabbed_at = time.monotonic() if self.drained else began
        return True

    def retrieve(self):
        return Frame(np.zeros((2, 2, 3), np.uint8), time.time(), self.grabbed_at, self.name)


SETTINGS = SourceSettings(url="file:x", timeout_s=0.3, retry_min_s=5)


def test_wishes_made_while_nobody_waits_count_as_one():
    trigger = Trigger()
    for origin in ("gpio", "mqtt", "http"):
        trigger.fire(origin)
    assert trigger.wait(0) == "gpio"
    assert trigger.wait(0.01) is None


def test_a_wish_wakes_who_waits_for_one():
    trigger = Trigger()
    timer = threading.Timer(0.1, trigger.fire, ["http"])
    timer.start()
    began = time.monotonic()
    assert trigger.wait(3) == "http"
    assert time.monotonic() - began < 1
    timer.join()


def test_a_button_fires_the_trigger_and_is_given_back(lines):
    trigger = Trigger()
    with watch_button(Button(line=17, active_low=True, debounce_s=0.05), trigger):
        (line,) = lines.made
        assert (line.chip, line.line, line.settings.active_low) == ("/dev/gpiochip0", 17, True)
        assert line.settings.debounce_period.total_seconds() == 0.05
        assert line.settings.bias == "PULL_UP"
        for _ in range(2):
            line.edge.set()
            assert trigger.wait(1) == "gpio"
        assert trigger.wait(0.05) is None
    assert line.released
    assert "button" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "no such GPIO chip"),
        (PermissionError(errno.EACCES, "Permission denied"), "group gpio"),
        (OSError(errno.EBUSY, "Device or resource busy"), "used by another program"),
        (ValueError("line offset of out range"), "out range"),
    ],
)
def test_a_line_that_cannot_be_had_is_one_clear_line_and_asked_for_again(lines, monkeypatch, error, words):
    monkeypatch.setattr(gpio, "AGAIN_S", 0.02)
    lines.error, said, trigger = error, [], Trigger()
    with Lamp(LampSettings(line=4), said.append) as lamp, watch_button(Button(line=17), trigger, said.append):
        lamp.on()
        lamp.off()
        end = time.monotonic() + 3
        assert "line 17" in said[1]
        assert all(words in each for each in said)
        assert said[0].startswith("GPIO /dev/gpiochip0 line 4: ")
        assert lines.made == []
        lines.error = None
        lamp.on()
        while len(lines.made) < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        lit = next(line for line in lines.made if line.line == 4)
        assert lit.lit
        next(line for line in lines.made if line.line == 17).edge.set()
        assert trigger.wait(1) == "gpio"
        assert said.count("") == 2
    assert not lit.lit
    assert all(line.released for line in lines.made)


def test_a_missing_or_old_gpiod_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiod", types.ModuleType("gpiod"))  # version 1 has no gpiod.line
    monkeypatch.delitem(sys.modules, "gpiod.line", raising=False)
    said: list[str] = []
    with Lamp(LampSettings(line=4), said.append):
        assert "ocr-edge[gpio]" in said[0]


@pytest.mark.parametrize("drained", [False, True])
def test_the_lamp_is_lit_for_a_picture_and_the_picture_is_from_after_it_is_steady(lines, drained):
    with (
        Lamp(LampSettings(line=4, settle_s=0.1)) as lamp,
        Capturer(lambda: Camera(drained), SETTINGS, lamp) as frames,
    ):
        (line,) = lines.made
        time.sleep(0.1)
        assert line.history == []
        asked = time.monotonic()
        frame = frames.next(asked, 1)
        assert line.lit
        (value, lit_at) = line.history[0]
        assert (value, lit_at >= asked, frame.monotonic >= lit_at + 0.1) == ("ACTIVE", True, True)
        assert (
            frames.next(frame.monotonic + 1e-6, 1).monotonic < frame.monotonic + 0.1
        )  # still lit: no new wait
        time.sleep(LIT_S + 0.3)
        assert not line.lit
        assert len(line.history) == 2
    assert line.released


def test_a_short_wait_asked_again_goes_on_with_the_same_light(lines):
    with Lamp(LampSettings(line=4, settle_s=0.25)) as lamp, Capturer(Camera, SETTINGS, lamp) as frames:
        time.sleep(0.05)
        asked = time.monotonic()
        answers = [frames.next(asked, 0.05) is not None for _ in range(8)]
        assert any(answers)
        assert [value for value, _ in lines.made[0].history] == ["ACTIVE"]


def test_the_lamp_is_dark_after_an_error_a_hang_and_the_end(lines):
    camera = Camera()
    with Lamp(LampSettings(line=4, settle_s=0)) as lamp, Capturer(lambda: camera, SETTINGS, lamp) as frames:
        (line,) = lines.made
        assert frames.next(0, 1) is not None
        assert line.lit
        camera.fails = True
        assert frames.next(time.monotonic(), 0.2) is None
        assert not line.lit
    with Lamp(LampSettings(line=4, settle_s=0)) as lamp, Capturer(Camera, SETTINGS, lamp) as frames:
        assert frames.next(0, 1) is not None
        assert lines.made[1].lit
    assert not lines.made[1].lit
    hang, camera = threading.Event(), Camera()
    camera.grab = lambda: hang.wait(10)
    with Lamp(LampSettings(line=4, settle_s=0)) as lamp, Capturer(lambda: camera, SETTINGS, lamp) as frames:
        assert frames.next(0, 0.1) is None
        assert lines.made[2].lit
        assert frames.next(0, 0.4) is None
        assert not lines.made[2].lit
        hang.set()


def test_a_lamp_that_cannot_be_switched_does_not_stop_the_pictures(lines):
    with Lamp(LampSettings(line=4, settle_s=0)) as lamp, Capturer(Camera, SETTINGS, lamp) as frames:
        lines.made[0].fail = True
        assert frames.next(0, 1) is not None
