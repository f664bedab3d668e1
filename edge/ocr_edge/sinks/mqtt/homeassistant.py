"""What Home Assistant is told about a device: one message that describes all its entities (MQTT device discovery)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ocr_edge.config.settings import Region, Value
from ocr_edge.regions.number_format import NumberFormat
from ocr_edge.sinks.mqtt.device_classes import KINDS, plain
from ocr_edge.sinks.mqtt.topics import WHOLE, Topics

_NOT_NUMBERS = ("date", "enum", "timestamp")


def discovery(
    topics: Topics,
    *,
    name: str,
    version: str,
    regions: Sequence[Region],
    expire_after_s: int = 0,
    snapshot: bool = False,
    trigger: bool = False,
    removed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The description of a device and its entities.

    Args:
        topics: Where the device publishes.
        name: What people call the device.
        version: Of this program.
        regions: What is read; none: the whole picture.
        expire_after_s: Seconds after which a value is shown as unavailable; 0: never.
        snapshot: Whether there is a picture.
        trigger: Whether a picture can be asked for.
        removed: Platforms of entities that existed before and no longer do, by their key.

    Returns:
        Plain values ready for JSON.
    """
    components: dict[str, dict[str, Any]] = {key: {"platform": was} for key, was in (removed or {}).items()}
    for region in regions:
        components[f"region_{region.name or WHOLE}"] = _sensor(
            topics, region.name, region.value, expire_after_s
        )
    if not regions:
        components[f"region_{WHOLE}"] = _sensor(topics, WHOLE, None, expire_after_s)
    components["problem"] = {
        "platform": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topics.state,
        "value_template": "{{ 'OFF' if value_json.ok else 'ON' }}",
        "json_attributes_topic": topics.state,
    }
    components["state"] = {
        "platform": "sensor",
        "name": "State",
        "entity_category": "diagnostic",
        "state_topic": topics.state,
        "value_template": "{{ value_json.text[:255] }}",
    }
    if snapshot:
        components["snapshot"] = {
            "platform": "image",
            "name": "Picture",
            "image_topic": topics.snapshot,
            "content_type": "image/jpeg",
        }
    if trigger:
        components["trigger"] = {
            "platform": "button",
            "name": "Take a picture",
            "command_topic": topics.trigger,
        }
    for key, component in components.items():
        if len(component) > 1:  # the platform alone removes
            # A dot cannot stand in an id or a key: two devices cannot make the same name from different parts.
            component["unique_id"] = f"{topics.device}.{key}"
            component["qos"] = 1
    return {
        "device": {
            "identifiers": [topics.device],
            "name": name,
            "manufacturer": "ocr-edge",
            "model": "Camera that reads",
            "sw_version": version,
        },
        "origin": {"name": "ocr-edge", "sw_version": version},
        "availability": [{"topic": topics.status}],
        "components": components,
    }


def _sensor(topics: Topics, region: str, value: Value | None, expire_after_s: int) -> dict[str, Any]:
    """The entity of a region; of a value's settings only those that are made."""
    sensor: dict[str, Any] = {
        "platform": "sensor",
        "name": region or WHOLE,
        "state_topic": topics.value(region),
        "json_attributes_topic": topics.attributes(region),
    }
    if expire_after_s:
        sensor["expire_after"] = expire_after_s
    if value:
        made = {
            "unit_of_measurement": value.unit,
            "device_class": value.device_class,
            "state_class": value.state_class,
            "suggested_display_precision": decimals(value),
        }
        sensor |= {key: setting for key, setting in made.items() if setting}
    return sensor


def decimals(value: Value) -> int:
    """Digits that a value has after its decimal mark, as far as its settings say."""
    return (
        NumberFormat.parse(value.format, value.decimals, value.unit).decimals
        if value.format
        else value.decimals
    )


def removed(before: bytes, now: Mapping[str, Any]) -> dict[str, str]:
    """The entities of an older description that a newer one no longer has.

    Args:
        before: The retained message; anything else counts as empty.
        now: The new description.

    Returns:
        Their platforms by their key, for ``discovery``; those that were removed before are not among them.
    """
    try:
        components = json.loads(before)["components"].items()
        there = {str(key): str(each["platform"]) for key, each in components if len(each) > 1}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    # An entity that changes its platform is another one for Home Assistant, but has the same key here.
    return {key: platform for key, platform in there.items() if key not in now["components"]}


def problems(region: Region) -> list[str]:
    """What Home Assistant would refuse or complain about in a region's settings; one line each."""
    value = region.value
    if value is None:
        return []
    found = []
    if value.device_class:
        found = _mismatches(value)
    if value.state_class == "total_increasing" and value.direction == "down":
        found.append(
            "state_class 'total_increasing' with direction 'down': Home Assistant counts upwards only"
        )
    return [f"region {region.name!r}: {problem}" for problem in found]


def _mismatches(value: Value) -> list[str]:
    """What does not fit the device class."""
    name = value.device_class
    if name in _NOT_NUMBERS:
        return [f"device_class {name!r} is not for numbers; leave it out"]
    kind = KINDS.get(name)
    if kind is None:
        return [f"Home Assistant knows no device_class {name!r}; known are {', '.join(KINDS)}"]
    found = []
    if kind.units is not None and plain(value.unit) not in kind.units:
        wanted = " or ".join(repr(unit) if unit else "none" for unit in sorted(kind.units))
        found.append(f"device_class {name!r} needs the unit {wanted}, not {value.unit!r}")
    if kind.units is None and not value.unit:
        found.append(f"device_class {name!r} needs a unit, such as 'EUR'")
    if value.state_class and value.state_class not in kind.state_classes:
        wanted = " or ".join(repr(each) for each in sorted(kind.state_classes)) or "none"
        found.append(f"device_class {name!r} goes with state_class {wanted}, not {value.state_class!r}")
    return found
