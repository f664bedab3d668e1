"""An outbox never holds the loop up, keeps the order, and says what is wrong with its receiver."""

import gc
import logging
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import PublishError, RefusedError
from ocr_edge.health import Health, State
from ocr_edge.reading import Reading
from ocr_edge.sinks import outbox
from ocr_edge.sinks.outbox import Outbox
from ocr_edge.sinks.store import Store


def reading(number: int) -> Reading:
    return Reading("camera", (), time.time(), "meter", number=number, device="pi")


def until(true: Callable[[], object], timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


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


@pytest.fixture
def store(tmp_path, health):
    store = Store(StoreSettings(commit_s=0.02), tmp_path / "readings.sqlite", health)
    yield store
    store.close()


def problems(health: Health) -> dict[str, str]:
    return dict(health.state(0).problems)


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
    assert box.stats == outbox.OutboxStats("mqtt", 0, 500, 0, "")


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
    waits: list[float] = []
    monkeypatch.setattr(Outbox, "_pause", lambda self, seconds: (waits.append(seconds), time.sleep(0.001)))
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health)
    box.put(reading(1))
    until(lambda: len(waits) >= 8)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    receiver.error = outbox.LaterError("busy", 61)
    until(lambda: waits[-1] == 61)
    receiver.error = None
    until(lambda: receiver.numbers)
    del waits[:]
    receiver.error = down()
    box.put(reading(2))
    until(lambda: waits)
    assert waits[0] == 1
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


def test_a_mistake_in_a_sink_is_logged_with_its_traceback_and_the_thread_survives(health, caplog, monkeypatch):
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


def test_a_reader_that_went_away_is_the_end_of_it_and_no_error(health, caplog):
    receiver = Receiver(BrokenPipeError())
    box = Outbox("stdout", receiver, health=health)
    box.put(reading(1))
    until(lambda: box.gone)
    box.put(reading(2))
    assert box.close(1)
    assert not problems(health)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_closing_gives_a_dead_receiver_one_more_chance_and_no_more(health):
    box = Outbox("mqtt", Receiver(down()), health=health)
    box.put(reading(1))
    until(lambda: box.stats.last_error)
    begin = time.perf_counter()
    assert box.close(5)
    assert time.perf_counter() - begin < 1
    assert box.stats.queued == 1


def test_what_the_queue_had_no_room_for_comes_from_the_store_once_and_in_order(health, store):
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health, store=store, limit=10)
    for number in range(1, 1001):
        store.publish(reading(number))
        box.put(reading(number))
    box.kick()
    until(lambda: "; 1000 readings wait" in problems(health).get("mqtt", ""))
    assert box.stats.dropped == 0
    receiver.error = None
    box.kick()
    until(lambda: len(receiver.numbers) >= 1000)
    assert receiver.numbers == list(range(1, 1001))
    assert box.close(1)
    assert box.stats.queued == 0


def test_what_an_earlier_run_did_not_deliver_is_delivered_after_the_restart(health, tmp_path):
    path = tmp_path / "readings.sqlite"
    store = Store(StoreSettings(), path, health)
    dead = Outbox("mqtt", Receiver(down()), health=health, store=store)
    for number in range(1, 301):
        store.publish(reading(number))
        dead.put(reading(number))
    assert dead.close(1)
    assert store.close()
    store = Store(StoreSettings(), path, health)
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health, store=store)
    store.publish(reading(301))
    box.put(reading(301))
    until(lambda: len(receiver.numbers) >= 301)
    assert receiver.numbers == list(range(1, 302))
    assert box.close(1)
    assert store.close()
    store = Store(StoreSettings(), path, health)
    again = Receiver()
    box = Outbox("mqtt", again, health=health, store=store)
    until(lambda: not box.stats.queued)
    assert box.close(1)
    assert again.numbers == []
    assert store.close()


def test_a_receiver_that_comes_and_goes_gets_everything(health, store):
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health, store=store, limit=5)
    for number in range(1, 401):
        if number % 50 == 0:
            receiver.error = None if receiver.error else down()
            box.kick()
        store.publish(reading(number))
        box.put(reading(number))
        time.sleep(0.001)
    receiver.error = None
    box.kick()
    until(lambda: receiver.numbers and receiver.numbers[-1] == 400)
    assert receiver.numbers == list(range(1, 401))
    assert box.close(1)


def test_ten_thousand_readings_go_through_without_growth(health, store):
    box = Outbox("mqtt", Receiver(), health=health, store=store)

    def send(numbers: range) -> int:
        for number in numbers:
            store.publish(reading(number))
            box.put(reading(number))
        until(lambda: not box.stats.queued, 20)
        store.flush()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = send(range(1, 1001))
        after = send(range(1001, 10001))
    finally:
        tracemalloc.stop()
    assert box.stats.delivered == 10000
    assert after - before < 600_000  # the receiver's own list of numbers is half of it
    assert box.close(2)
