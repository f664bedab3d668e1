"""Home Assistant finds the device, its regions and what is wrong with it, and forgets what is gone."""

import asyncio
import json
import re

import msgspec
import pytest

from ocr_edge.config.settings import Region, Value
from ocr_edge.sinks.mqtt import homeassistant
from ocr_edge.sinks.mqtt.device_classes import KINDS, plain
from ocr_edge.sinks.mqtt.topics import Topics

from .mqtt_parts import CORNERS, LABEL

WATER = Value(decimals=3, unit="m³", device_class="water", state_class="total_increasing")
METER = Region(name="meter", corners=CORNERS, value=WATER)

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


@pytest.mark.parametrize(
    "before", [b"", b"{", b"[]", b'{"components": 3}', b'{"components": {"a": {}}}', b"\xff"]
)
def test_a_message_that_is_no_description_removes_nothing(before):
    assert homeassistant.removed(before, described(LABEL)) == {}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (Value(device_class="watr"), "knows no device_class 'watr'"),
        (Value(device_class="timestamp"), "not for numbers"),
        (
            Value(device_class="water", unit="kg"),
            "needs the unit 'CCF' or 'L' or 'ft³' or 'gal' or 'm³', not 'kg'",
        ),
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
    [
        None,
        Value(),
        WATER,
        Value(unit="boxes"),
        Value(device_class="ph"),
        Value(device_class="pm25", unit="\xb5g/m³"),
    ],
)
def test_what_home_assistant_takes_is_no_problem(value):
    assert homeassistant.problems(Region(name="meter", corners=CORNERS, value=value)) == []


def test_home_assistants_own_validators_agree(tmp_path):
    """Run by hand in an environment with Home Assistant, which is too large for ours."""
    reason = "Home Assistant is not installed"
    schemas = pytest.importorskip("homeassistant.components.mqtt.schemas", reason=reason)
    from homeassistant.components.mqtt import binary_sensor, button, image, sensor
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import frame

    async def validate():
        hass = HomeAssistant(str(tmp_path))
        frame.async_setup(hass)
        schemas.DEVICE_DISCOVERY_SCHEMA(described(METER, LABEL, **EVERYTHING))
        modules = {"sensor": sensor, "binary_sensor": binary_sensor, "button": button, "image": image}
        for component in described(METER, LABEL, snapshot=True, trigger=True)["components"].values():
            modules[component.pop("platform")].DISCOVERY_SCHEMA(component)
        await hass.async_stop(force=True)

    asyncio.run(validate())


def test_the_device_classes_are_those_of_home_assistant():
    """Run by hand too."""
    const = pytest.importorskip(
        "homeassistant.components.sensor.const", reason="Home Assistant is not installed"
    )
    theirs = set(const.DEVICE_CLASSES) - {"date", "enum", "timestamp"}
    assert set(KINDS) == theirs
    for name in theirs:
        units = const.DEVICE_CLASS_UNITS.get(name)
        assert KINDS[name].units == (None if units is None else {plain(unit or "") for unit in units}), name
        classes = {str(each) for each in const.DEVICE_CLASS_STATE_CLASSES[name]} - {"measurement_angle"}
        assert KINDS[name].state_classes == classes, name
