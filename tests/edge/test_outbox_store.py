"""With a store an outbox delivers everything, once and in order, also what an earlier run left."""

import gc
import time
import tracemalloc

import pytest

from ocr_edge.config.settings import StoreSettings
from ocr_edge.errors import PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks import pending
from ocr_edge.sinks.outbox import Outbox
from ocr_edge.sinks.store import Store, queries
from ocr_edge.system.health import Health

from .broker import until


def reading(number: int) -> Reading:
    return Reading("camera", (), time.time(), "meter", number=number, device="pi")


class Receiver:
    """A sink that fails as long as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.numbers: list[int] = []

    def publish(self, reading: Reading) -> None:
        if self.error is not None:
            raise self.error
        self.numbers.append(reading.number)

    def close(self) -> None:
        pass


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def store(tmp_path, health):
    store = Store(StoreSettings(commit_s=0.02), tmp_path / "readings.sqlite", health, kept=5)
    yield store
    store.close()


def problems(health: Health) -> dict[str, str]:
    return dict(health.state(0).problems)


def down() -> PublishError:
    return PublishError("broker 10.0.0.5 not reachable: connection refused")


def test_what_the_queue_had_no_room_for_comes_from_the_store_once_and_in_order(health, store):
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health, store=store)
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
    box = Outbox("mqtt", receiver, health=health, store=store)
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


def test_a_reading_that_comes_both_ways_is_delivered_once(health, store, monkeypatch):
    for number in range(1, 11):
        store.publish(reading(number))
    store.set_delivered("mqtt", 0)
    read, receiver, boxes = store.after, Receiver(), []

    def meanwhile(number: int, limit: int, **more: bool) -> list[Reading]:
        found = read(number, limit, **more)
        until(lambda: boxes)
        for each in found:
            boxes[0].put(each)
        return found

    monkeypatch.setattr(store, "after", meanwhile)
    boxes.append(Outbox("mqtt", receiver, health=health, store=store))
    until(lambda: boxes[0].stats.delivered >= 10)
    assert boxes[0].close(1)
    assert receiver.numbers == list(range(1, 11))


def test_readings_that_leave_the_memory_while_the_file_is_read_are_not_lost(health, store, monkeypatch):
    store.set_delivered("mqtt", 0)
    for number in range(1, 21):
        store.publish(reading(number))
    store.flush()
    select, later, receiver = queries.select, iter(range(21, 41)), Receiver()

    def meanwhile(*arguments) -> list[tuple[int, str]]:
        found = select(*arguments)
        for number in later:
            store.publish(reading(number))
        store.flush()
        return found

    monkeypatch.setattr(queries, "select", meanwhile)
    box = Outbox("mqtt", receiver, health=health, store=store)
    until(lambda: len(receiver.numbers) >= 40)
    assert box.close(1)
    assert receiver.numbers == list(range(1, 41))


def test_a_receiver_that_keeps_up_needs_no_file(health, store, monkeypatch):
    monkeypatch.setattr(queries, "select", lambda *_: pytest.fail("the file was read"))
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health, store=store)
    for number in range(1, 101):
        store.publish(reading(number))
        box.put(reading(number))
        until(lambda number=number: receiver.numbers[-1:] == [number])
        store.flush()
    assert store.held(0) == 0
    assert box.close(1)


def test_what_memory_holds_is_delivered_although_the_file_was_damaged(health, tmp_path):
    path = tmp_path / "readings.sqlite"
    store = Store(StoreSettings(commit_s=0.02), path, health)
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health, store=store)
    for number in range(1, 11):
        store.publish(reading(number))
        box.put(reading(number))
    store.flush()
    path.write_bytes(b"garbage " * 2048)
    receiver.error = None
    box.kick()
    until(lambda: len(receiver.numbers) >= 10)
    assert receiver.numbers == list(range(1, 11))
    assert box.close(1)
    store.close()


def test_ten_thousand_readings_go_through_without_growth(health, store):
    box = Outbox("mqtt", Receiver(), health=health, store=store)

    def send(numbers: range) -> int:
        for number in numbers:
            store.publish(reading(number))
            box.put(reading(number))
            if (
                number % 1000 == 0
            ):  # the store drops the oldest of 5,000 that a busy machine has not committed
                store.flush()
        until(lambda: box.stats.delivered == numbers[-1], 120)
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


def test_a_store_that_cannot_be_read_back_is_tried_again(health, store, monkeypatch):
    receiver = Receiver(down())
    box = Outbox("mqtt", receiver, health=health, store=store)
    for number in range(1, 21):
        store.publish(reading(number))
        box.put(reading(number))
    read, failures = store.after, iter(range(2))

    def fail_twice(number: int, limit: int, **more: bool) -> list[Reading]:
        if next(failures, None) is not None:
            box.kick()
            raise PublishError("readings.sqlite: the disk failed")
        return read(number, limit, **more)

    monkeypatch.setattr(store, "after", fail_twice)
    receiver.error = None
    box.kick()
    until(lambda: len(receiver.numbers) == 20)
    assert receiver.numbers == list(range(1, 21))
    assert box.close(1)
    until(lambda: not problems(health))


def test_without_a_readable_file_new_readings_go_out_and_the_rest_waits_for_the_next_start(
    health, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(pending, "_TRIES", 1)
    path = tmp_path / "readings.sqlite"
    store = Store(StoreSettings(), path, health)
    box = Outbox("mqtt", Receiver(down()), health=health, store=store)
    for number in range(1, 6):
        store.publish(reading(number))
        box.put(reading(number))
    box.close(1)
    assert store.close()
    store = Store(StoreSettings(), path, health)
    receiver = Receiver()

    def fail(*_) -> None:
        raise PublishError("readings.sqlite: the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(queries, "select", fail)
        box = Outbox("mqtt", receiver, health=health, store=store)
        for number in (6, 7):
            store.publish(reading(number))
            box.put(reading(number))
            until(lambda number=number: receiver.numbers[-1:] == [number])
            store.flush()
        assert box.close(1)
    assert receiver.numbers == [6, 7]
    assert "not sent before the next start" in caplog.text
    assert store.close()
    store = Store(StoreSettings(), path, health)
    receiver = Receiver()
    box = Outbox("mqtt", receiver, health=health, store=store)
    until(lambda: len(receiver.numbers) == 7)
    assert receiver.numbers == [1, 2, 3, 4, 5, 6, 7]  # the last ones twice, rather than not at all
    assert box.close(1)
    assert store.close()
