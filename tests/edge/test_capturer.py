"""The capture thread: newest frame, time limits, lost and hung sources, order, light."""

import threading
import time

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.sources.base import EndOfSource, Frame
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.capture.thread import MOST_DAMAGED


class FakeSource:
    """Counts; its frames show their number. ``mood`` is called before each grab and may raise or sleep."""

    name = "fake"
    more = False
    grabbed_at = 0.0

    def __init__(self, drained=True, separate=False, pace_s=0.01, mood=lambda number: None):
        self.drained, self.separate, self.pace_s, self.mood = drained, separate, pace_s, mood
        self.opened = self.closed = self.grabbed = self.retrieved = 0

    def __enter__(self):
        self.opened += 1
        return self

    def __exit__(self, *exc):
        self.closed += 1

    def grab(self):
        self.mood(self.grabbed + 1)
        time.sleep(self.pace_s)
        self.grabbed += 1
        self.grabbed_at = time.monotonic()
        return True

    def retrieve(self):
        self.retrieved += 1
        image = np.full((2, 3, 3), self.grabbed % 256, np.uint8)
        return Frame(image, time.time(), self.grabbed_at, self.name, image[:, :, 0].copy())


def settings(**changed) -> SourceSettings:
    return SourceSettings(
        url="file:x", **{"timeout_s": 0.3, "retry_min_s": 0.01, "retry_max_s": 0.04} | changed
    )


def wait_until(condition, timeout_s=3.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def fail_for(times: int, error: Exception):
    """A mood that raises so many times."""
    left = [error] * times

    def mood(_number):
        if left:
            raise left.pop()

    return mood


def test_the_newest_frame_is_given_and_the_others_are_never_decoded():
    source = FakeSource()
    with Capturer(lambda: source, settings()) as capturer:
        wait_until(lambda: source.grabbed >= 20)
        asked = time.monotonic()
        frame = capturer.next(asked, 1)
        assert frame.monotonic >= asked
        assert int(frame.image[0, 0, 0]) >= 20
        assert source.retrieved == 1
        assert capturer.status.state == "ok"
    assert source.closed == 1


def test_a_source_without_a_buffer_is_grabbed_only_when_a_frame_is_wanted():
    source = FakeSource(drained=False)
    with Capturer(lambda: source, settings()) as capturer:
        wait_until(lambda: capturer.status.state == "ok")
        time.sleep(0.1)
        assert source.grabbed == 0
        assert capturer.next(0, 1) is not None
        assert source.grabbed == 1
        due = time.monotonic() + 0.15
        assert capturer.next(due, 1).monotonic >= due
        assert source.grabbed == 2


def test_frames_older_than_asked_for_are_passed_over():
    source = FakeSource(drained=False)
    source.grab = lambda original=source.grab: (
        original() and setattr(source, "grabbed_at", ages.pop(0)) is None
    )
    with Capturer(lambda: source, settings()) as capturer:
        now = time.monotonic()
        ages = [now - 2, now - 1, now + 1]
        assert capturer.next(now, 1).monotonic == now + 1
        assert source.retrieved == 1


def test_a_source_that_says_nothing_new_is_asked_again_at_leisure():
    source = FakeSource(drained=False, pace_s=0)
    source.grab = lambda original=source.grab: original() and False
    with Capturer(lambda: source, settings()) as capturer:
        assert capturer.next(0, 0.5) is None
        assert 2 <= source.grabbed <= 4
        assert capturer.status.state == "ok"


def test_a_source_that_has_more_to_look_at_is_not_left_waiting():
    source = FakeSource(drained=False, separate=True, pace_s=0)

    def grab(original=source.grab):
        original()
        source.more = source.grabbed < 1000
        return not source.more

    source.grab = grab
    with Capturer(lambda: source, settings()) as capturer:
        began = time.monotonic()
        assert capturer.next(0, 5) is not None
        assert time.monotonic() - began < 1
    assert source.grabbed == 1000


def test_a_source_that_gives_no_pictures_is_lost_and_opened_anew_now_and_then(monkeypatch, logged):
    monkeypatch.setattr("ocr_edge.sources.capture.hunger.LEAST_PATIENCE_S", 0.2)
    full = threading.Event()
    source = FakeSource()
    source.grab = lambda original=source.grab: original() and full.is_set()
    with Capturer(lambda: source, settings(timeout_s=0.06, retry_max_s=0.4)) as capturer:
        time.sleep(0.4)
        assert capturer.status.state == "ok"  # nobody has asked
        assert source.opened == 1
        began = time.monotonic()
        while capturer.status.state == "ok":
            assert capturer.next(time.monotonic(), 0.02) is None
            assert time.monotonic() - began < 2
        assert time.monotonic() - began > 0.19
        assert (capturer.status.state, capturer.status.detail) == ("lost", "file:x: gives no pictures")
        while time.monotonic() - began < 1.2:
            assert capturer.next(time.monotonic(), 0.02) is None
            assert capturer.status.state == "lost"
        assert 3 <= source.opened <= 4
        full.set()
        assert capturer.next(0, 1) is not None
        assert (capturer.status.state, capturer.status.detail) == ("ok", "")
        wait_until(lambda: "gives pictures again" in logged[-1].getMessage())
    assert [record.levelname for record in logged] == ["WARNING", "INFO"]


def test_an_empty_folder_is_not_lost(monkeypatch):
    monkeypatch.setattr("ocr_edge.sources.capture.hunger.LEAST_PATIENCE_S", 0.1)
    source = FakeSource(drained=False, separate=True, pace_s=0)
    source.grab = lambda: False
    with Capturer(lambda: source, settings(timeout_s=0.03)) as capturer:
        assert capturer.next(0, 0.4) is None
        assert (capturer.status.state, source.opened) == ("ok", 1)


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("no room")])
def test_a_picture_for_which_memory_is_short_is_passed_over(error):
    source, errors = FakeSource(), [error]
    source.retrieve = lambda original=source.retrieve: fail(errors.pop()) if errors else original()
    with Capturer(lambda: source, settings()) as capturer:
        assert capturer.next(0, 2) is not None
        assert (source.opened, capturer.status.failures) == (1, 1)


def test_a_stream_is_not_left_waiting_after_something_that_is_no_picture():
    source = FakeSource(pace_s=0.05)
    source.grab = lambda original=source.grab: original() and False
    with Capturer(lambda: source, settings()):
        time.sleep(0.6)
        assert source.grabbed >= 5


def test_a_mad_stream_does_not_take_the_core():
    source = FakeSource(pace_s=0)
    with Capturer(lambda: source, settings()):
        time.sleep(0.5)
        assert 20 < source.grabbed <= 110


def test_a_hung_source_never_blocks_and_recovers_when_it_ends_by_itself():
    hang, asleep = threading.Event(), threading.Event()

    def mood(number):
        if number == 3:
            asleep.set()
            hang.wait(10)

    with Capturer(lambda: FakeSource(mood=mood), settings(timeout_s=0.1)) as capturer:
        assert asleep.wait(2)
        began = time.monotonic()
        assert capturer.next(began, 0.3) is None
        assert time.monotonic() - began < 0.6
        status = capturer.status
        assert (status.state, status.failures) == ("hung", 1)
        assert "no answer" in status.detail
        hang.set()
        assert capturer.next(time.monotonic(), 2) is not None
        assert (capturer.status.state, capturer.status.detail, capturer.status.failures) == ("ok", "", 1)


def test_the_end_does_not_wait_for_a_driver_that_never_returns():
    hang = threading.Event()
    with Capturer(lambda: FakeSource(mood=lambda _: hang.wait(20)), settings()) as capturer:
        wait_until(lambda: capturer.status.state == "hung")
        began = time.monotonic()
    assert time.monotonic() - began < 1.5
    hang.set()


@pytest.mark.parametrize("error", [CaptureError("gone"), ConfigError("gone"), RuntimeError("gone")])
def test_a_lost_source_is_opened_again_with_growing_pauses_and_comes_back(error, logged):
    opened = []

    def make():
        opened.append(time.monotonic())
        if len(opened) <= 6:
            raise error
        return FakeSource()

    with Capturer(make, settings(retry_min_s=0.02, retry_max_s=0.16)) as capturer:
        wait_until(lambda: capturer.status.state == "lost")
        assert "gone" in capturer.status.detail
        assert capturer.next(0, 3) is not None
        assert (capturer.status.state, capturer.status.failures) == ("ok", 6)
    pauses = np.diff(opened)
    for pause, longest in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.16, 0.16), strict=True):
        assert 0.74 * longest <= pause < longest + 0.08
    assert len([record for record in logged if record.levelname == "WARNING"]) == 1
    assert "after 6 failed attempts" in logged[-1].getMessage()


def test_a_source_that_breaks_off_is_closed_and_opened_again():
    source = FakeSource(mood=fail_for(3, CaptureError("unplugged")))
    with Capturer(lambda: source, settings()) as capturer:
        assert capturer.next(0, 2) is not None
        assert (source.opened, source.closed) == (4, 3)
        assert capturer.status.failures == 3


def test_a_damaged_picture_is_survived_but_many_are_a_lost_source():
    source = FakeSource()
    whole, damaged = source.retrieve, [2, MOST_DAMAGED]

    def retrieve():
        if damaged and damaged[0]:
            damaged[0] -= 1
            raise CaptureError("garbage")
        return whole()

    source.retrieve = retrieve
    with Capturer(lambda: source, settings()) as capturer:
        assert capturer.next(0, 2) is not None
        assert (source.opened, capturer.status.failures) == (1, 2)
        damaged.pop(0)
        assert capturer.next(time.monotonic(), 2) is not None
        assert (source.opened, capturer.status.failures) == (2, 2 + MOST_DAMAGED)


def test_separate_pictures_come_one_by_one_in_order_even_when_one_comes_too_late():
    def mood(number):
        time.sleep(0.2 if number == 2 else 0)

    source = FakeSource(drained=False, separate=True, pace_s=0, mood=mood)
    with Capturer(lambda: source, settings()) as capturer:
        numbers = []
        while len(numbers) < 5:
            frame = capturer.next(time.monotonic(), 0.1)
            if frame is None:
                time.sleep(0.2)  # nobody asks when it comes
            else:
                numbers.append(int(frame.image[0, 0, 0]))
        assert numbers == [1, 2, 3, 4, 5]
        assert capturer.separate
    with Capturer(FakeSource, settings(separate=True)) as capturer:
        assert capturer.separate  # the owner says so


def test_the_last_frame_of_a_finite_source_is_given_and_then_nothing_at_once():
    source = FakeSource(drained=False, separate=True, mood=lambda number: number > 2 and fail(EndOfSource()))
    with Capturer(lambda: source, settings()) as capturer:
        assert [capturer.next(0, 1) is not None for _ in range(2)] == [True, True]
        began = time.monotonic()
        assert capturer.next(0, 5) is None
        assert capturer.next(0, 5) is None
        assert time.monotonic() - began < 1
        assert capturer.status.state == "ended"
        assert source.closed == 1


def fail(error: Exception):
    raise error


@pytest.mark.parametrize(("degrees", "shape"), [(0, (2, 3)), (90, (3, 2)), (180, (2, 3)), (270, (3, 2))])
def test_the_picture_is_turned_clockwise_once(degrees, shape):
    source = FakeSource(drained=False)
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    source.retrieve = lambda: Frame(image, 0.0, source.grabbed_at, "fake", image[:, :, 0])
    with Capturer(lambda: source, settings(rotate=degrees)) as capturer:
        frame = capturer.next(0, 1)
    assert np.array_equal(frame.image, np.rot90(image, -degrees // 90))
    assert frame.small.shape == shape
    assert np.array_equal(frame.small, frame.image[:, :, 0])


def test_hundreds_of_reopenings_leave_nothing_behind():
    threads = threading.active_count()
    source = FakeSource(pace_s=0, mood=fail_for(200, CaptureError("unplugged")))
    with Capturer(lambda: source, settings(retry_min_s=0.001, retry_max_s=0.001)) as capturer:
        assert capturer.next(0, 10) is not None
        assert threading.active_count() == threads + 1
    assert source.opened == source.closed == 201
    assert threading.active_count() == threads
