"""A real Home Assistant finds a real device at a real mosquitto: entities, values, what is wrong, what is gone.

Home Assistant is too large for our own environment; run this by hand in one of its own, from the top of the repository:

    python3.13 -m venv /tmp/ha
    /tmp/ha/bin/pip install homeassistant==2025.4.4 'paho-mqtt>=2.1,<3' msgspec numpy opencv-python-headless pytest
    PYTHONPATH=edge /tmp/ha/bin/python -m tests.proofs.prove_homeassistant

It needs mosquitto. Not proven: the user interface, statistics over days, other versions.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from homeassistant import bootstrap, config_entries, core, loader
from homeassistant.helpers import device_registry, entity_registry
from tests.edge.broker import Broker, Listener
from tests.edge.mqtt_parts import LABEL, reading

from ocr_edge.config.settings import Mqtt, Region, Value
from ocr_edge.sinks.mqtt.sink import MqttSink
from ocr_edge.system.health import State

WATER = Value(decimals=3, unit="m³", device_class="water", state_class="total_increasing")
METER = Region(name="meter", value=WATER)


async def start(folder: Path, port: int) -> core.HomeAssistant:
    """Home Assistant with nothing but its MQTT integration."""
    (folder / "configuration.yaml").write_text("{}\n")
    hass = core.HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.config.components |= {"http", "file_upload"}  # the user interface, which nobody looks at here
    hass.http = SimpleNamespace(register_view=lambda view: None)
    hass.set_state(core.CoreState.running)
    entry = config_entries.ConfigEntry(
        domain="mqtt",
        title="broker",
        version=1,
        minor_version=2,
        data={"broker": "127.0.0.1", "port": port},
        options={},
        source="user",
        unique_id=None,
        discovery_keys={},
        subentries_data=None,
    )
    await hass.config_entries.async_add(entry)
    assert entry.state is config_entries.ConfigEntryState.LOADED, entry.reason
    return hass


def sink(port: int, *regions: Region, asked: list[str]) -> MqttSink:
    settings = Mqtt(host="127.0.0.1", port=port, snapshot=True)
    return MqttSink(
        settings, device="pi-1", name="Hall Pi", version="1.2.3", regions=regions, trigger=asked.append
    )


async def until(what, timeout_s: float = 20.0) -> None:
    ends = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        await asyncio.sleep(0.05)


async def prove(folder: Path, broker: Broker) -> None:
    hass = await start(folder, broker.port)
    run = hass.async_add_executor_job
    asked: list[str] = []

    def shows(entity: str, state: str) -> bool:
        found = hass.states.get(entity)
        return found is not None and found.state == state

    device = await run(lambda: sink(broker.port, METER, LABEL, asked=asked))
    await run(device.publish, reading("01234567", 1, "meter", value=1234.567, unit="m³"))
    await run(device.publish, reading("ü" * 300, 2))
    await run(device.report, State(time.time(), {"camera": "lost"}))
    device.snapshot(np.full((480, 640, 3), 200, np.uint8))
    await until(lambda: shows("sensor.hall_pi_meter", "1234.567"))
    await until(lambda: shows("sensor.hall_pi_label", "ü" * 254 + "…"))
    await until(lambda: shows("binary_sensor.hall_pi_problem", "on"))
    await until(lambda: shows("sensor.hall_pi_state", "camera: lost"))
    await until(lambda: hass.states.get("image.hall_pi_picture").state != "unknown")
    attributes = hass.states.get("sensor.hall_pi_meter").attributes
    assert attributes["device_class"] == "water"
    assert attributes["unit_of_measurement"] == "m³"
    print("entities and values: as they should be")

    await run(device.publish, reading("", 3, "meter", why="goes down", raw="0111"))
    await until(lambda: hass.states.get("sensor.hall_pi_meter").attributes["why"] == "goes down")
    assert shows("sensor.hall_pi_meter", "1234.567")
    print("a rejected reading: leaves the value")

    button = {"entity_id": "button.hall_pi_take_a_picture"}
    await hass.services.async_call("button", "press", button, blocking=True)
    await until(lambda: asked == ["mqtt"])
    print("the button: asks for a picture")

    await run(device.close)
    await until(lambda: shows("sensor.hall_pi_meter", "unavailable"))
    print("the device ends: unavailable")

    device = await run(lambda: sink(broker.port, LABEL, asked=asked))
    entities = entity_registry.async_get(hass).entities
    await until(lambda: "sensor.hall_pi_meter" not in entities)
    await until(lambda: shows("sensor.hall_pi_label", "ü" * 254 + "…"))
    print("a region is removed: its entity disappears")

    await run(device.close)
    with Listener(broker.port) as listener:
        await run(lambda: listener.say("homeassistant/device/pi-1/config", "", retain=True))
    await until(lambda: not entities and not device_registry.async_get(hass).devices)
    print("the description is deleted: so is the device")
    await hass.async_stop(force=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        asyncio.run(asyncio.wait_for(prove(Path(folder), broker), 120))


if __name__ == "__main__":
    main()
