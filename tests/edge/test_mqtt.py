"""Readings reach a real broker, survive its absence, and are told apart from those of other devices."""

import json
import logging
import time

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import Mqtt, Region, Value
from ocr_edge.contract.types import Box
from ocr_edge.errors import ConfigError, PublishError, RefusedError
from ocr_edge.health import State
from ocr_edge.reading import Character, Line as TextLine, Reading
from ocr_edge.sinks import mqtt, mqtt_connection
from ocr_edge.sinks.mqtt import MqttSink

from .broker import Broker, Line, Listener, retained, until

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
METER = Region(name="meter", corners=CORNERS, value=Value(decimals=2, unit="m³"))
LABEL = Region(name="label", corners=CORNERS)
NOW = time.time() + 3600  # later than any start of a sink in these tests


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def listener(broker):
    with Listener(broker.port) as listening:
        yield listening


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Shorter waits than an owner needs; nothing else is changed."""
    monkeypatch.setattr(mqtt_connection, "RETRY_S", (1, 1))
    monkeypatch.setattr(mqtt, "_BIRTH_S", 0.1)
    monkeypatch.setattr(mqtt, "_LEARN_S", 0.2)


@pytest.fixture
def connect():
    """Makes sinks that are closed at the end of the test."""
    made = []

    def make(port, device="pi-1", regions=(METER, LABEL), trigger=None, **settings):
        sink = MqttSink(
            Mqtt(host="127.0.0.1", port=port, **settings),
            device=device,
            name="The Pi",
            version="1.2.3",
            regions=regions,
            trigger=trigger,
        )
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close()


def reading(text, number=1, region="label", device="pi-1", when=NOW, **more):
    characters = tuple(Character(c, 0.9, Box(0, 0, 5, 9)) for c in text if not c.isspace())
    lines = (TextLine(characters),) if characters else ()
    return Reading("cam", lines, when, region, number=number, device=device, **more)


def test_a_reading_arrives_in_full_and_its_value_and_attributes_stay(broker, listener, connect):
    sink = connect(broker.port)
    each = reading("AB12", 7)
    sink.publish(each)
    until(lambda: listener.texts("ocr-edge/pi-1/region/label/reading"))
    assert json.loads(listener.last("ocr-edge/pi-1/region/label/reading")) == each.as_dict()
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/status"] == "online"
    assert kept["ocr-edge/pi-1/region/label/value"] == "AB12"
    assert "ocr-edge/pi-1/region/label/reading" not in kept
    attributes = json.loads(kept["ocr-edge/pi-1/region/label/attributes"])
    assert attributes["id"] == each.id
    assert attributes["confidence"] == 0.9
    assert attributes["time"] == round(NOW, 3)


def test_a_meter_shows_its_number(broker, connect):
    connect(broker.port).publish(reading("01234", region="meter", value=12.34, unit="m³"))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/meter/value"] == "12.34"
    assert json.loads(kept["ocr-edge/pi-1/region/meter/attributes"])["unit"] == "m³"


def test_without_regions_the_whole_picture_has_a_name(broker, connect):
    connect(broker.port, regions=()).publish(reading("A", region=""))
    assert retained(broker.port)["ocr-edge/pi-1/region/picture/value"] == "A"


def test_a_text_too_long_for_home_assistant_is_cut_and_stands_whole_in_the_attributes(broker, connect):
    connect(broker.port).publish(reading("ß" * 300))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/label/value"] == "ß" * 254 + "…"
    assert json.loads(kept["ocr-edge/pi-1/region/label/attributes"])["text"] == "ß" * 300


def test_a_rejected_reading_says_why_and_leaves_the_value(broker, connect):
    sink = connect(broker.port)
    sink.publish(reading("01234", 1, region="meter", value=12.34, unit="m³"))
    sink.publish(reading("", 2, region="meter", why="goes down", raw="01111"))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/meter/value"] == "12.34"
    attributes = json.loads(kept["ocr-edge/pi-1/region/meter/attributes"])
    assert (attributes["value"], attributes["why"], attributes["raw"]) == (12.34, "goes down", "01111")
    sink.publish(reading("01240", 3, region="meter", value=12.4, unit="m³"))
    attributes = json.loads(retained(broker.port)["ocr-edge/pi-1/region/meter/attributes"])
    assert (attributes["why"], attributes["value"]) == ("", 12.4)


def test_a_reading_of_an_earlier_run_does_not_replace_a_newer_value(broker, listener, connect):
    first = connect(broker.port)
    first.publish(reading("NEW", 20))
    first.close()
    again = connect(broker.port)
    again.publish(reading("OLD", 19, when=NOW - 7200))
    until(lambda: len(listener.texts("ocr-edge/pi-1/region/label/reading")) == 2)
    assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "NEW"
    again.publish(reading("NEXT", 21))
    assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "NEXT"


def test_numbers_that_begin_anew_do_not_lock_the_value(broker, connect):
    first = connect(broker.port)
    first.publish(reading("NEW", 20))
    first.close()
    connect(broker.port).publish(reading("AFTER", 3))
    assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "AFTER"


def test_the_state_of_the_device_stays_at_the_broker(broker, connect):
    connect(broker.port).report(State(1.5, {"camera": "gone"}, {"bundle": "default"}))
    state = json.loads(retained(broker.port)["ocr-edge/pi-1/state"])
    facts = {"bundle": "default"}
    assert state == {"time": 1.5, "ok": False, "text": "camera: gone", "problems": {"camera": "gone"}, "facts": facts}


def test_two_devices_do_not_mix(broker, connect):
    connect(broker.port, "pi-1").publish(reading("ONE"))
    connect(broker.port, "pi-2").publish(reading("TWO", device="pi-2"))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/label/value"] == "ONE"
    assert kept["ocr-edge/pi-2/region/label/value"] == "TWO"


def test_a_closed_sink_is_offline_and_takes_nothing(broker, connect):
    sink = connect(broker.port)
    sink.publish(reading("A"))
    sink.close()
    assert retained(broker.port)["ocr-edge/pi-1/status"] == "offline"
    with pytest.raises(PublishError, match="closed"):
        sink.publish(reading("B"))


def test_a_lost_device_is_offline_by_its_last_will(broker, listener, connect):
    with Line(broker.port) as line:
        connect(line.port).publish(reading("A"))
        listener.until("ocr-edge/pi-1/status", "online")
        line.cut()
        listener.until("ocr-edge/pi-1/status", "offline")
        listener.until("ocr-edge/pi-1/status", "online")


def test_a_broker_that_comes_back_empty_is_told_everything_again(broker, connect):
    sink = connect(broker.port)
    ready = []
    sink.publish(reading("AB12"))
    sink.report(State(1.5))
    sink.on_ready = lambda: ready.append(True)
    broker.stop()
    with pytest.raises(PublishError, match=f"broker 127.0.0.1:{broker.port}"):
        sink.publish(reading("LOST", 2))
    broker.start()
    until(lambda: ready)
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/status"] == "online"
    assert kept["ocr-edge/pi-1/region/label/value"] == "AB12"
    assert json.loads(kept["ocr-edge/pi-1/state"])["ok"]
    assert "homeassistant/device/pi-1/config" in kept
    sink.publish(reading("LOST", 2))
    assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "LOST"


def test_what_a_slow_broker_has_not_acknowledged_is_offered_again_but_sent_once(broker, listener, connect, monkeypatch):
    monkeypatch.setattr(mqtt, "ACK_S", 0.3)
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        line.stall()
        for _ in range(5):
            with pytest.raises(PublishError, match="no acknowledgement within 0.3 s"):
                sink.publish(reading("B", 2))
        line.flow()
        sink.publish(reading("B", 2))
        sink.publish(reading("C", 3))
        until(lambda: listener.last("ocr-edge/pi-1/region/label/value") == "C")
        texts = [json.loads(text)["text"] for text in listener.texts("ocr-edge/pi-1/region/label/reading")]
        assert texts == ["A", "B", "C"]


def test_a_reading_in_flight_when_the_line_is_cut_is_delivered_once_more_at_most(broker, listener, connect):
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        line.stall()
        infos_lost = pytest.raises(PublishError, match="lost")
        with infos_lost:
            import threading

            threading.Timer(0.3, lambda: (line.cut(), line.flow())).start()
            sink.publish(reading("B", 2))
        until(lambda: _published(sink, reading("B", 2)))
        texts = [json.loads(text)["text"] for text in listener.texts("ocr-edge/pi-1/region/label/reading")]
        assert texts[0] == "A"
        assert texts.count("B") in (1, 2)


def _published(sink, each):
    try:
        sink.publish(each)
    except PublishError:
        return False
    return True


def test_a_reading_too_large_for_the_broker_is_refused_for_good(tmp_path, connect):
    with Broker(tmp_path, "allow_anonymous true", "max_packet_size 4096") as broker:
        sink = connect(broker.port, discovery_prefix="")
        sink.publish(reading("A"))
        with pytest.raises(RefusedError, match="only 4096"):
            sink.publish(reading("B" * 100, 2))


def test_an_old_broker_is_spoken_to_in_the_old_version(broker, connect):
    with Line(broker.port, old=True) as line:
        connect(line.port).publish(reading("OLD"))
        assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "OLD"


def test_two_clients_of_one_name_are_told_so_and_do_not_fight_on(broker, connect, caplog):
    connect(broker.port)
    connect(broker.port)
    until(lambda: "maybe another client with the id 'pi-1'; give each device an id of its own" in caplog.text)


def test_a_broker_that_says_who_took_over_is_believed_at_once(broker, connect):
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        line.tell_client(b"\xe0\x01\x8e")  # DISCONNECT: session taken over
        until(lambda: not _published(sink, reading("B", 2)))
        with pytest.raises(PublishError, match="was taken over by another client with the id 'pi-1'"):
            sink.publish(reading("B", 2))


def test_a_message_asks_for_a_picture_once_and_a_retained_one_never(broker, listener, connect):
    listener.say("ocr-edge/pi-1/trigger", "old", retain=True)
    asked = []
    connect(broker.port, trigger=asked.append).publish(reading("A"))
    for _ in range(5):
        listener.say("ocr-edge/pi-1/trigger", "")
    until(lambda: asked)
    time.sleep(0.1)
    assert asked == ["mqtt"]


def test_a_picture_is_shown_small_enough_and_not_too_often(broker, connect, monkeypatch):
    monkeypatch.setattr(mqtt, "_SNAPSHOT_S", 0.5)
    sink = connect(broker.port, snapshot=True, snapshot_max_kb=20)
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 0] = 255
    with Listener(broker.port, "ocr-edge/pi-1/snapshot") as watcher:
        pictures = []
        watcher.client.on_message = lambda _, __, message: pictures.append(message.payload)
        sink.publish(reading("A"))
        sink.snapshot(noise)
        until(lambda: len(pictures) == 1)
        assert len(pictures[0]) <= 20 * 1024
        for _ in range(10):
            sink.snapshot(red)
        until(lambda: len(pictures) == 2)
        time.sleep(0.7)
        assert len(pictures) == 2
        blue, green, red_back = cv2.imdecode(np.frombuffer(pictures[1], np.uint8), cv2.IMREAD_COLOR)[20, 30]
        assert red_back > 200
        assert max(blue, green) < 60


def test_without_the_package_the_owner_is_told_what_to_install(monkeypatch, connect):
    import sys

    monkeypatch.setitem(sys.modules, "paho.mqtt", None)
    with pytest.raises(ConfigError, match=r"pip install 'ocr-edge\[mqtt\]'"):
        connect(1)


def test_nothing_is_logged_twice_while_the_broker_is_away(connect, caplog):
    caplog.set_level(logging.INFO)
    sink = connect(1)  # nobody listens on port 1
    with pytest.raises(PublishError, match="cannot be reached"):
        sink.publish(reading("A"))
    time.sleep(2.5)
    assert caplog.text.count("cannot be reached") == 1
