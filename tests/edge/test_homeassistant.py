"""Home Assistant finds the device, its regions and what is wrong with it, and forgets what is gone."""

import json
import re

import msgspec
import pytest

from ocr_edge.config.settings import Mqtt, Region, Value
from ocr_edge.sinks import homeassistant, mqtt
from ocr_edge.sinks.device_classes import KINDS, plain
from ocr_edge.sinks.mqtt import MqttSink
from ocr_edge.sinks.topics import Topics

from .broker import Broker, Listener, retained, until

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
WATER = Value(decimals=3, unit="m³", device_class="water", state_class="total_increasing")
METER = Region(name="meter", corners=CORNERS, value=WATER)
LABEL = Region(name="label", corners=CORNERS)
DISCOVERY = "homeassistant/device/pi-1/config"

# What Home Assistant's documentation of MQTT discovery allows, as far as we use it; a star means required.
DEVICE = "identifiers* name manufacturer model sw_version"
ORIGIN = "name* sw_version support_url"
TOP = "device* origin* components* availability"
COMMON = "platform* unique_id* name qos entity_category json_attributes_topic"
PLATFORMS = {
    "sensor": "state_topic* value_template unit_of_measurement device_class state_class expire_after"
    " suggested_display_precision",
    "binary_sensor": "state_topic* value_template device_class",
    "image": "image_topic* content_type",
    "button": "command_topic*",
}
TEXTS = ("unit_of_measurement", "device_class", "name", "unique_id", "value_template", "content_type")


def described(*regions, removed=None, **more):
    topics = Topics("ocr-edge", "pi-1", "homeassistant")
    found = homeassistant.discovery(
        topics, name="The Pi", version="1.2.3", regions=regions, removed=removed, **more
    )
    return json.loads(msgspec.json.encode(found))


def check(table, allowed):
    """The keys of a table are known, and none that is required is missing or empty."""
    names = allowed.split()
    assert set(table) <= {name.rstrip("*") for name in names}
    assert all(table.get(name.rstrip("*")) for name in names if name.endswith("*"))


def check_message(message):
    check(message, TOP)
    check(message["device"], DEVICE)
    check(message["origin"], ORIGIN)
    for each in message["availability"]:
        check(each, "topic* payload_available payload_not_available")
    for key, component in message["components"].items():
        assert re.fullmatch(r"[A-Za-z0-9_-]+", key)
        if len(component) == 1:
            assert component["platform"] in PLATFORMS
            continue
        check(component, f"{COMMON} {PLATFORMS[component['platform']]}")
        for name, value in component.items():
            if name.endswith("topic"):
                assert re.fullmatch(r"[^#+\0]+", value)
            elif name in TEXTS:
                assert isinstance(value, str)
        assert component["qos"] in (0, 1, 2)
        assert component.get("expire_after", 1) > 0
        assert component.get("suggested_display_precision", 1) > 0
    ids = [each["unique_id"] for each in message["components"].values() if "unique_id" in each]
    assert len(ids) == len(set(ids))


EVERYTHING = {"snapshot": True, "trigger": True, "expire_after_s": 600, "removed": {"region_old": "sensor"}}


@pytest.mark.parametrize(
    ("regions", "more"),
    [((), {}), ((METER, LABEL), {}), ((METER, LABEL), EVERYTHING)],
    ids=["picture", "regions", "everything"],
)
def test_the_description_follows_the_documented_schema(regions, more):
    check_message(described(*regions, **more))


def test_a_meter_is_a_sensor_with_its_unit_and_class():
    sensor = described(METER, expire_after_s=60)["components"]["region_meter"]
    assert sensor["state_topic"] == "ocr-edge/pi-1/region/meter/value"
    assert sensor["unit_of_measurement"] == "m³"
    assert sensor["device_class"] == "water"
    assert sensor["state_class"] == "total_increasing"
    assert sensor["suggested_display_precision"] == 3
    assert sensor["expire_after"] == 60


def test_a_text_is_a_sensor_that_is_not_taken_for_a_number():
    sensor = described(LABEL)["components"]["region_label"]
    numeric = {"unit_of_measurement", "device_class", "state_class", "suggested_display_precision"}
    assert not numeric & set(sensor)
    assert "expire_after" not in sensor


def test_names_of_two_devices_never_meet():
    def ids(device, region):
        found = homeassistant.discovery(
            Topics("ocr-edge", device, "homeassistant"),
            name="x",
            version="1",
            regions=[Region(name=region, corners=CORNERS)],
        )
        return {each["unique_id"] for each in found["components"].values()}

    assert not ids("a", "b_c") & ids("a_b", "c")
    assert not ids("a", "region_b") & ids("a_region", "b")


def test_a_region_may_be_called_like_one_of_our_own_entities():
    names = ("problem", "state", "snapshot", "trigger", "status", "picture")
    regions = [Region(name=name, corners=CORNERS) for name in names]
    assert len(described(*regions, snapshot=True, trigger=True)["components"]) == len(names) + 4


def test_what_is_gone_is_removed_once():
    before = json.dumps(described(METER, LABEL)).encode()
    gone = homeassistant.removed(before, described(LABEL))
    assert gone == {"region_meter": "sensor"}
    after = described(LABEL, removed=gone)
    assert after["components"]["region_meter"] == {"platform": "sensor"}
    assert homeassistant.removed(json.dumps(after).encode(), described(LABEL)) == {}


@pytest.mark.parametrize("before", [b"", b"{", b"[]", b'{"components": 3}', b'{"components": {"a": {}}}', b"\xff"])
def test_a_message_that_is_no_description_removes_nothing(before):
    assert homeassistant.removed(before, described(LABEL)) == {}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (Value(device_class="watr"), "knows no device_class 'watr'"),
        (Value(device_class="timestamp"), "not for numbers"),
        (Value(device_class="water", unit="kg"), "needs the unit 'CCF' or 'L' or 'gal' or 'ft³' or 'm³', not 'kg'"),
        (Value(device_class="temperature"), "needs the unit"),
        (Value(device_class="monetary"), "needs a unit"),
        (
            Value(device_class="water", unit="L", state_class="measurement"),
            "goes with state_class 'total' or 'total_increasing'",
        ),
        (Value(device_class="power", unit="W", state_class="total"), "goes with state_class 'measurement'"),
        (Value(state_class="total_increasing", direction="down"), "counts upwards only"),
    ],
)
def test_what_home_assistant_would_refuse_is_said_before(value, complaint):
    (problem,) = homeassistant.problems(Region(name="meter", corners=CORNERS, value=value))
    assert problem.startswith("region 'meter': ")
    assert complaint in problem


@pytest.mark.parametrize(
    "value",
    [None, Value(), WATER, Value(unit="boxes"), Value(device_class="ph"), Value(device_class="pm25", unit="\xb5g/m³")],
)
def test_what_home_assistant_takes_is_no_problem(value):
    assert homeassistant.problems(Region(name="meter", corners=CORNERS, value=value)) == []


def test_home_assistants_own_validators_agree():
    """Run by hand in an environment with Home Assistant, which is too large for ours."""
    schemas = pytest.importorskip("homeassistant.components.mqtt.schemas", reason="Home Assistant is not installed")
    from homeassistant.components.mqtt import binary_sensor, button, image, sensor
    from homeassistant.components.sensor import const

    schemas.DEVICE_DISCOVERY_SCHEMA(described(METER, LABEL, **EVERYTHING))
    modules = {"sensor": sensor, "binary_sensor": binary_sensor, "button": button, "image": image}
    for component in described(METER, LABEL, snapshot=True, trigger=True)["components"].values():
        modules[component.pop("platform")].DISCOVERY_SCHEMA(component)
    theirs = set(const.DEVICE_CLASSES) - {"date", "enum", "timestamp"}
    assert set(KINDS) == theirs
    for name in theirs:
        units = const.DEVICE_CLASS_UNITS.get(name)
        assert KINDS[name].units == (None if units is None else {plain(unit or "") for unit in units}), name
        classes = {str(each) for each in const.DEVICE_CLASS_STATE_CLASSES[name]} - {"measurement_angle"}
        assert KINDS[name].state_classes == classes, name


@pytest.fixture
def broker(tmp_path):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
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
    assert json.loads(retained(broker.port)[DISCOVERY]) == described(METER, LABEL)


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
    leave_something(first, "meter")
    first.close()
    second = connect(LABEL)
    until(lambda: "region_meter" in retained(broker.port)[DISCOVERY])
    kept = retained(broker.port)
    assert json.loads(kept[DISCOVERY])["components"]["region_meter"] == {"platform": "sensor"}
    assert not [topic for topic in kept if "/meter/" in topic]
    second.close()
    connect(LABEL)
    assert "region_meter" not in json.loads(retained(broker.port)[DISCOVERY])["components"]


def leave_something(sink, region):
    from .test_mqtt import reading

    sink.publish(reading("12", region=region, value=12.0))


def test_regions_may_change_while_it_runs(broker, connect):
    sink = connect(METER)
    sink.set_regions([LABEL])
    until(lambda: "region_label" in retained(broker.port)[DISCOVERY])
    components = json.loads(retained(broker.port)[DISCOVERY])["components"]
    assert components["region_meter"] == {"platform": "sensor"}


def test_without_a_prefix_home_assistant_is_told_nothing(broker, connect):
    connect(LABEL, discovery_prefix="")
    assert not [topic for topic in retained(broker.port) if not topic.startswith("ocr-edge/")]
