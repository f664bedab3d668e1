"""Readings, states and pictures reach a real broker, and those of two devices do not mix."""

import json
import time

import cv2
import numpy as np
import pytest

from ocr_edge.contract.labels import LINE
from ocr_edge.errors import RefusedError
from ocr_edge.sinks.mqtt import sink as mqtt
from ocr_edge.sinks.mqtt.snapshot import jpeg
from ocr_edge.sinks.mqtt.topics import Topics
from ocr_edge.system.health import State

from . import mqtt_parts as parts
from .broker import Broker, Listener, retained, until
from .mqtt_parts import NOW, reading

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
broker, listener, connect, hurry = parts.broker, parts.listener, parts.connect, parts.hurry


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


def test_every_mark_arrives_as_it_was_read(broker, listener, connect):
    sink = connect(broker.port)
    text = "".join(LINE).strip()
    each = reading(text, 8)
    sink.publish(each)
    until(lambda: listener.texts("ocr-edge/pi-1/region/label/reading"))
    assert json.loads(listener.last("ocr-edge/pi-1/region/label/reading"))["text"] == text
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/label/value"] == text
    assert json.loads(kept["ocr-edge/pi-1/region/label/attributes"])["text"] == text


def test_a_number_below_zero_keeps_its_sign(broker, connect):
    connect(broker.port).publish(reading("-3.4°C", region="meter", value=-3.4, unit="°C", raw="-3.4°C"))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/meter/value"] == "-3.4"
    assert json.loads(kept["ocr-edge/pi-1/region/meter/attributes"])["raw"] == "-3.4°C"


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
    assert state == {
        "time": 1.5,
        "ok": False,
        "text": "camera: gone",
        "problems": {"camera": "gone"},
        "facts": facts,
    }


def test_two_devices_do_not_mix(broker, connect):
    connect(broker.port, "pi-1").publish(reading("ONE"))
    connect(broker.port, "pi-2").publish(reading("TWO", device="pi-2"))
    kept = retained(broker.port)
    assert kept["ocr-edge/pi-1/region/label/value"] == "ONE"
    assert kept["ocr-edge/pi-2/region/label/value"] == "TWO"


def test_a_reading_too_large_for_the_broker_is_refused_for_good(tmp_path, connect):
    with Broker(tmp_path, "allow_anonymous true", "max_packet_size 4096") as broker:
        sink = connect(broker.port, discovery_prefix="")
        sink.publish(reading("A"))
        with pytest.raises(RefusedError, match="only 4096"):
            sink.publish(reading("B" * 100, 2))


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


@pytest.mark.parametrize("shape", [(1, 1, 3), (3000, 2, 3), (2, 3000, 3), (900, 1600, 3)])
def test_any_picture_becomes_a_small_one(shape):
    noise = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    data = jpeg(noise, 4096)
    assert len(data) <= 4096
    assert max(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape) <= 1280


@pytest.mark.parametrize("region", ["meter", "attributes", "region", "a-b_c"])
def test_a_topic_tells_its_region(region):
    topics = Topics("plant/region", "pi-1")
    assert topics.region(topics.attributes(region)) == region
    assert not topics.region(topics.value(region))
    assert not topics.region(Topics("plant/region", "pi-12").attributes(region))
