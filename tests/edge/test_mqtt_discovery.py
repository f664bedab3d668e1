"""Home Assistant's description of a device stands at a real broker, and follows what changes."""

import json

import pytest

from ocr_edge.config.settings import Mqtt
from ocr_edge.sinks.mqtt import sink as mqtt
from ocr_edge.sinks.mqtt.sink import MqttSink

from .broker import Broker, Listener, retained, until
from .mqtt_parts import LABEL, METER, reading

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
DISCOVERY = "homeassistant/device/pi-1/config"


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def connect(broker, monkeypatch):
    monkeypatch.setattr(mqtt, "_BIRTH_S", 0.1)
    made = []

    def make(*regions, **settings):
        sink = MqttSink(
            Mqtt(host="127.0.0.1", port=broker.port, **settings),
            device="pi-1",
            name="The Pi",
            version="1.2.3",
            regions=regions,
        )
        ready = []
        sink.on_ready = lambda: ready.append(True)
        made.append(sink)
        until(lambda: ready)
        return sink

    yield make
    for sink in made:
        sink.close()


def test_the_description_stays_at_the_broker(broker, connect):
    connect(METER, LABEL)
    found = json.loads(retained(broker.port)[DISCOVERY])
    assert found["device"]["name"] == "The Pi"
    assert {"region_meter", "region_label"} <= set(found["components"])


def test_it_is_told_again_when_home_assistant_starts(broker, connect):
    connect(LABEL)
    with Listener(broker.port) as listener:
        before = len(listener.texts(DISCOVERY))
        listener.say("homeassistant/status", "offline")
        listener.say("homeassistant/status", "online")
        until(lambda: len(listener.texts(DISCOVERY)) == before + 1)
        listener.until("ocr-edge/pi-1/status", "online")


def test_a_region_that_was_removed_from_the_configuration_disappears(broker, connect):
    first = connect(METER, LABEL)
    first.publish(reading("12", region="meter", value=12.0))
    first.close()
    second = connect(LABEL)
    until(lambda: "region_meter" in retained(broker.port)[DISCOVERY])
    kept = retained(broker.port)
    assert json.loads(kept[DISCOVERY])["components"]["region_meter"] == {"platform": "sensor"}
    assert not [topic for topic in kept if "/meter/" in topic]
    second.close()
    connect(LABEL)
    assert "region_meter" not in json.loads(retained(broker.port)[DISCOVERY])["components"]


def test_regions_may_change_while_it_runs(broker, connect):
    sink = connect(METER)
    sink.set_regions([LABEL])
    until(lambda: "region_label" in retained(broker.port)[DISCOVERY])
    components = json.loads(retained(broker.port)[DISCOVERY])["components"]
    assert components["region_meter"] == {"platform": "sensor"}


def test_without_a_prefix_home_assistant_is_told_nothing(broker, connect):
    connect(LABEL, discovery_prefix="")
    assert not [topic for topic in retained(broker.port) if not topic.startswith("ocr-edge/")]
