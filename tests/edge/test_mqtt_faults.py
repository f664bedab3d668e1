"""A broker that is away, slow, old or shared with a namesake: nothing is lost, and what is wrong is said."""

import json
import logging
import sys
import threading
import time

import pytest

from ocr_edge.config.settings import Mqtt
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.mqtt import sink as mqtt
from ocr_edge.sinks.mqtt.connection import Connection
from ocr_edge.system.health import State

from . import mqtt_parts as parts
from .broker import Line, retained, until
from .mqtt_parts import reading

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
broker, listener, connect, hurry = parts.broker, parts.listener, parts.connect, parts.hurry


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
    until(lambda: not _published(sink, reading("AB12")))
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


def test_what_a_slow_broker_has_not_acknowledged_is_offered_again_but_sent_once(
    broker, listener, connect, monkeypatch
):
    monkeypatch.setattr(mqtt, "ACK_S", 0.3)
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        line.stall()
        for _ in range(5):
            with pytest.raises(PublishError, match=r"no acknowledgement within 0\.3 s"):
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
        threading.Timer(0.3, lambda: (line.cut(), line.flow())).start()
        with pytest.raises(PublishError, match="lost"):
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


def test_an_old_broker_is_spoken_to_in_the_old_version(broker, connect):
    with Line(broker.port, old=True) as line:
        connect(line.port).publish(reading("OLD"))
        assert retained(broker.port)["ocr-edge/pi-1/region/label/value"] == "OLD"


def test_two_clients_of_one_name_are_told_so_and_do_not_fight_on(broker, connect, caplog):
    caplog.set_level(logging.INFO)
    connect(broker.port)
    connect(broker.port)
    until(lambda: "maybe another client with the id 'pi-1'; give each device an id of its own" in caplog.text)
    lost = caplog.text.count("lost")
    time.sleep(2.0)  # in which they would throw each other out twice
    assert caplog.text.count("lost") <= lost + 1


def test_a_broker_that_says_who_took_over_is_believed_at_once(broker, connect):
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        line.tell_client(b"\xe0\x01\x8e")  # DISCONNECT: session taken over
        refusals = []

        def refused():
            try:
                sink.publish(reading("B", 2))
            except PublishError as error:
                refusals.append(str(error))
            return bool(refusals)

        until(refused)
        assert "was taken over by another client with the id 'pi-1'" in refusals[0]


def test_without_the_package_the_owner_is_told_what_to_install(monkeypatch, connect):
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


def test_an_old_package_is_told_apart(monkeypatch, connect):
    monkeypatch.delattr(paho, "CallbackAPIVersion")
    with pytest.raises(ConfigError, match="needs paho-mqtt 2, found"):
        connect(1)


@pytest.mark.parametrize("broken", [False, True], ids=["broker", "stalled broker"])
def test_the_end_comes_soon_and_leaves_nothing_running(broker, connect, listener, broken):
    with Line(broker.port) as line:
        sink = connect(line.port)
        sink.publish(reading("A"))
        listener.until("ocr-edge/pi-1/status", "online")
        if broken:
            line.stall()
        began = time.monotonic()
        sink.close()
        assert time.monotonic() - began < 1.5
        line.flow()
        listener.until("ocr-edge/pi-1/status", "offline")
        ours = ("mqtt ", "paho-mqtt-client-pi-1")
        until(lambda: not [each for each in threading.enumerate() if each.name.startswith(ours)])


def test_a_farewell_that_is_stuck_does_not_keep_the_broker_from_writing_the_will(broker, listener):
    with Line(broker.port) as line:
        up = threading.Event()
        connection = Connection(
            Mqtt(host="127.0.0.1", port=line.port),
            client_id="pi-1",
            will="ocr-edge/pi-1/status",
            on_up=up.set,
            on_message=lambda *_: None,
        )
        connection.start()
        assert up.wait(10)
        line.stall()
        for number in range(30):  # more than may be on the way at once
            connection.send(f"ocr-edge/pi-1/{number}", b"x")
        connection.send("ocr-edge/pi-1/status", b"goodbye", retain=True)
        connection.close(0.5, clean=False)
        line.flow()
        listener.until("ocr-edge/pi-1/status", "offline")


def test_a_mistake_of_who_is_asked_for_a_picture_ends_nothing(broker, listener, connect, caplog):
    def mistaken(origin):
        raise RuntimeError("oops")

    sink = connect(broker.port, trigger=mistaken)
    sink.publish(reading("A"))
    listener.say("ocr-edge/pi-1/trigger", "")
    until(lambda: "oops" in caplog.text)
    sink.publish(reading("B", 2))
