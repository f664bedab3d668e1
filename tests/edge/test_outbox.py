"""An outbox never holds the loop up, keeps the order, and says what is wrong with its receiver."""

import logging
import os
import sys
import threading
import time

import pytest

from ocr_edge.errors import LaterError, PublishError, RefusedError
from ocr_edge.reading import Reading
from ocr_edge.sinks import outbox
from ocr_edge.sinks.base import ReceiverStats
from ocr_edge.sinks.outbox import Outbox
from ocr_edge.sinks.streams import StdoutSink
from ocr_edge.system.health import Health, State

from .broker import until


def reading(number: int) -> Reading:
    return Reading("camera", (), time.time(), "meter", number=number, device="pi")


class Receiver:
    """A sink that fails as long as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.numbers: list[int] = []
        self.states: list[float] = []
        self.closed = False

    def publish(self, reading: Reading) -> None:
        if self.error is not None:
            raise self.error
        self.numbers.append(reading.number)

    def report(self, state: State) -> None:
        if self.error is not None:
            raise self.error
        self.states.append(state.time)

    def close(self) -> None:
        self.closed = True


class Hanging(Receiver):
    """A sink that takes a reading and does not come back before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.taken, self.go = threading.Event(), threading.Event()

    def publish(self, reading: Reading) -> None:
        self.taken.set()
        self.go.wait(10)
        super().publish(reading)


@pytest.fixture
def health():
    return Health()


def problems(health: Health) -> dict[str, str]:
    return dict(health.state(0).problems)


def waited(monkeypatch) -> list[float]:
    """The waits between attempts, which are not waited for."""
    waits: list[float] = []
    monkeypatch.setattr(Outbox, "_pause", lambda self, seconds: (waits.append(seconds), time.sleep(0.001)))
    monkeypatch.setattr(outbox.random, "uniform", lambda low, high: high)
    return waits


def down() -> PublishError:
    return PublishError("broker 10.0.0.5 not reachable: connection refused")


def test_readings_arrive_in_order_and_the_sink_is_closed(health):
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health)
    for number in range(1, 501):
        box.put(reading(number))
    assert box.close(2)
    assert receiver.numbers == list(range(1, 501))
    assert receiver.closed
    assert box.stats == ReceiverStats("mqtt", 0, 500, 0, "")


def test_a_dead_receiver_is_named_with_what_waits_and_served_as_soon_as_it_is_back(health, caplog):
    caplog.set_level(logging.INFO)
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health)
    for number in range(1, 18):
        box.put(reading(number))
    until(lambda: box.stats.last_error)
    box.kick()
    until(lambda: "17 readings wait" in problems(health).get("mqtt", ""))
    assert problems(health)["mqtt"].startswith("broker 10.0.0.5 not reachable: connection refused; ")
    receiver.error = None
    box.kick()
    until(lambda: len(receiver.numbers) == 17, timeout_s=0.7)  # without the kick it would take longer
    until(lambda: not problems(health))
    assert receiver.numbers == list(range(1, 18))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert box.close(1)


def test_attempts_become_rarer_up_to_a_minute_and_as_rare_as_the_receiver_asks(health, monkeypatch):
    waits = waited(monkeypatch)
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health)
    box.put(reading(1))
    until(lambda: len(waits) >= 8)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    receiver.error = LaterError("busy", 61)
    until(lambda: waits[-1] == 61)
    receiver.error = None
    until(lambda: receiver.numbers)
    del waits[:]
    receiver.error = down()
    box.put(reading(2))
    until(lambda: waits)
    assert waits[0] == 1
    box.close(1)


def test_a_state_that_gets_through_does_not_hide_that_readings_do_not(health, monkeypatch):
    waits = waited(monkeypatch)
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health)
    box.report(State(1.0))
    until(lambda: receiver.states)

    def fail(reading: Reading) -> None:
        raise down()

    monkeypatch.setattr(receiver, "publish", fail)
    box.put(reading(1))
    until(lambda: len(waits) >= 4)
    assert waits[:4] == [1, 2, 4, 8]
    assert len(receiver.states) >= 4
    assert problems(health)
    box.close(1)


def test_a_hanging_receiver_holds_nobody_up_and_the_oldest_readings_are_dropped_and_counted(health):
    receiver = Hanging()
    box = Outbox("webhook", receiver, health=health, limit=10)
    box.put(reading(1))
    assert receiver.taken.wait(5)
    slowest = 0.0
    for number in range(2, 1002):
        begin = time.perf_counter()
        box.put(reading(number))
        slowest = max(slowest, time.perf_counter() - begin)
    assert slowest < 0.1
    assert box.stats.dropped >= 989
    assert "dropped" in problems(health)["webhook"]
    begin = time.perf_counter()
    assert not box.close(0.2)
    assert time.perf_counter() - begin < 1
    receiver.go.set()
    until(lambda: receiver.closed)
    assert receiver.numbers[0] == 1


def test_a_queue_that_was_too_long_is_forgotten_when_it_is_short_again(health):
    receiver = Hanging()
    box = Outbox("webhook", receiver, health=health, limit=4)
    for number in range(1, 20):
        box.put(reading(number))
    assert problems(health)
    receiver.go.set()
    until(lambda: not problems(health))
    assert receiver.numbers[-4:] == [16, 17, 18, 19]
    box.close(1)


def test_a_refused_reading_is_counted_said_once_in_a_row_and_the_next_ones_go_on(health, caplog):
    receiver = Receiver(RefusedError("too long"))
    box = Outbox("mqtt", receiver, health=health)
    for number in range(1, 6):
        box.put(reading(number))
    until(lambda: box.stats.dropped == 5)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    receiver.error = None
    box.put(reading(6))
    assert box.close(1)
    assert receiver.numbers == [6]


def test_a_mistake_in_a_sink_is_logged_with_its_traceback_and_the_thread_survives(
    health, caplog, monkeypatch
):
    monkeypatch.setattr(outbox, "RETRY_MIN_S", 0.01)
    receiver = Receiver(KeyError("oops"))
    box = Outbox("mqtt", receiver, health=health)
    box.put(reading(1))
    until(lambda: box.stats.dropped == 1)
    assert caplog.records[0].exc_info is not None
    receiver.error = None
    box.put(reading(2))
    assert box.close(1)
    assert receiver.numbers == [2]


def test_the_newest_state_wins_and_is_sent_again_after_a_failure(health):
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health)
    box.report(State(1.0))
    until(lambda: receiver.states == [1.0])
    receiver.error = down()
    box.put(reading(1))
    until(lambda: box.stats.last_error)
    receiver.error = None
    box.kick()
    until(lambda: receiver.numbers == [1])
    assert receiver.states == [1.0, 1.0]  # a broker that was away may have forgotten it
    receiver.error = down()
    for moment in (2.0, 3.0, 4.0):
        box.report(State(moment))
    until(lambda: box.stats.last_error)
    receiver.error = None
    box.kick()
    until(lambda: receiver.states[-1] == 4.0)
    assert box.close(1)
    assert 3.0 not in receiver.states


def test_a_reader_of_stdout_that_went_away_is_the_end_of_it_and_no_error(health, caplog, monkeypatch):
    reader, writer = os.pipe()
    with open(reader) as received, open(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        box = Outbox("stdout", StdoutSink("json"), health=health)
        box.put(reading(1))
        assert '"id":"pi-000000000000001"' in received.readline()
        received.close()
        box.put(reading(2))
        until(lambda: box.gone)
        box.put(reading(3))
        assert box.close(1)
        assert box.stats == ReceiverStats("stdout", 0, 1, 0, "")
        assert not problems(health)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)  # what is left in the stream goes nowhere


def test_closing_gives_a_dead_receiver_one_more_chance_and_no_more(health):
    box = Outbox("mqtt", Receiver(down()), health=health)
    box.put(reading(1))
    until(lambda: box.stats.last_error)
    begin = time.perf_counter()
    assert box.close(5)
    assert time.perf_counter() - begin < 1
    assert box.stats.queued == 1
