"""What the tests of the MQTT sink share: a broker, a listener, sinks that are closed again, and readings."""

import time

import pytest

from ocr_edge.config.settings import Mqtt, Region, Value
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.sinks.mqtt import connection
from ocr_edge.sinks.mqtt import sink as mqtt
from ocr_edge.sinks.mqtt.sink import MqttSink

from .broker import Broker, Listener

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
    monkeypatch.setattr(connection, "RETRY_S", (1, 1))
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
    lines = (Line(characters),) if characters else ()
    return Reading("cam", lines, when, region, number=number, device=device, **more)
