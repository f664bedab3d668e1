"""Readings, the device's state and pictures to an MQTT broker, and to Home Assistant through it."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ocr_edge.config.settings import Mqtt, Region
from ocr_edge.contract.types import Image
from ocr_edge.errors import OcrEdgeError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.mqtt import homeassistant, payloads
from ocr_edge.sinks.mqtt.connection import Connection
from ocr_edge.sinks.mqtt.snapshot import jpeg
from ocr_edge.sinks.mqtt.topics import WHOLE, Topics
from ocr_edge.system.health import State

_LOGGER = logging.getLogger(__name__)
ACK_S = 10.0
"""Seconds in which the broker must acknowledge a reading."""
_FIRST_S = 5.0  # seconds after a start or connect in which a reading waits until it may go
_LEARN_S = 0.3  # seconds in which the broker sends what is retained, once it has agreed to
_AGAIN_S = 10.0  # before another attempt when the broker does not take who we are
_BIRTH_S = 3.0  # most seconds until Home Assistant's start is answered: a fleet must not answer at once
_SNAPSHOT_S = 5.0  # between two pictures
_TRIGGER_S = 0.2  # messages that follow each other sooner ask for one picture
_FAREWELL_S = 0.5


class MqttSink:
    """Publishes to a broker; connects in the background as soon as it is made.

    Args:
        settings: The table ``[mqtt]``.
        device: The device's id, different from that of every other device at the broker.
        name: What people call the device.
        version: Of this program.
        regions: What is read; none: the whole picture.
        trigger: Called with ``mqtt`` when a message asks for a picture, in the network thread; None: nobody may.

    Attributes:
        on_ready: Called whenever readings can be taken again, from a thread of the sink.

    Raises:
        ConfigError: The settings do not fit together, a file cannot be read or paho-mqtt is missing.
    """

    def __init__(
        self,
        settings: Mqtt,
        *,
        device: str,
        name: str,
        version: str,
        regions: Sequence[Region] = (),
        trigger: Callable[[str], None] | None = None,
    ) -> None:
        self.on_ready: Callable[[], None] = lambda: None
        self._settings, self._name, self._version = settings, name, version
        self._regions, self._trigger = tuple(regions), trigger
        self._topics = Topics(settings.prefix, device, settings.discovery_prefix.rstrip("/"))
        self._ready = self._learned = self._closed = False
        self._refusal = ""  # why the broker does not take who we are
        self._began = time.time()
        self._give_up_at = time.monotonic() + _FIRST_S
        self._triggered_at = self._shown_at = 0.0
        self._timers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()  # of the timers
        self._working = threading.Lock()  # held by the one job that runs
        self._image: Image | None = None
        self._retained: dict[str, bytes] = {}  # what the broker should still know after a restart of its own
        self._attributes: dict[str, dict[str, Any]] = {}  # the newest ones of each region
        self._before = b""  # the description of the device that Home Assistant has
        self._connection = Connection(
            settings,
            client_id=device,
            will=self._topics.status,
            on_up=self._up,
            on_message=self._message,
        )
        self._connection.start()

    def publish(self, reading: Reading) -> None:
        """Send a reading; when it is the newest of its region, its value and attributes with it.

        Raises:
            PublishError: The broker cannot be reached, refuses it, or did not acknowledge it in time.
            RefusedError: It is larger than what the broker takes.
        """
        self._wait_until_ready()
        region = reading.region or WHOLE
        document = reading.as_dict()
        infos = [self._connection.send(self._topics.reading(region), msgspec.json.encode(document))]
        if region in self._names() and not self._is_late(region, reading):
            if value := payloads.value(reading, self._names()[region]):
                infos.append(self._keep(self._topics.value(region), value))
            newest = payloads.attributes(reading, self._attributes.get(region, {}))
            self._attributes[region] = newest
            infos.append(self._keep(self._topics.attributes(region), msgspec.json.encode(newest)))
        self._connection.wait(infos, ACK_S)

    def report(self, state: State) -> None:
        """Send how the daemon is; the errors of ``publish``."""
        self._wait_until_ready()
        self._connection.wait([self._keep(self._topics.state, payloads.state(state))], ACK_S)

    def snapshot(self, image: Image) -> None:
        """Show a picture (uint8 RGB, shape ``(H, W, 3)``) soon, if that is wanted; the newest of several wins."""
        if self._settings.snapshot:
            self._image = image
            self._later("snapshot", self._shown_at + _SNAPSHOT_S - time.monotonic(), self._show)

    def set_regions(self, regions: Sequence[Region]) -> None:
        """Take over regions that were changed while the daemon runs; Home Assistant is told."""
        self._regions = tuple(regions)
        self._later("announce", 0.0, self._announce)

    def close(self) -> None:
        """Say ``offline`` and disconnect; a broker that does not answer writes it itself."""
        with self._lock:
            self._closed, self._ready = True, False
            for timer in self._timers.values():
                timer.cancel()
        said = False
        if self._connection.up:
            try:
                farewell = self._connection.send(self._topics.status, b"offline", retain=True)
                self._connection.wait([farewell], _FAREWELL_S)
                said = True
            except PublishError as error:
                _LOGGER.debug("%s", error)
        self._connection.close(_FAREWELL_S, clean=said)

    def _wait_until_ready(self) -> None:
        """Return when readings can be sent; at the start that may take a moment."""
        while not self._ready:
            trouble = self._connection.trouble or self._refusal
            if self._closed or trouble or time.monotonic() > self._give_up_at:
                raise PublishError(trouble or "the broker does not answer")
            time.sleep(0.02)

    def _names(self) -> dict[str, Region | None]:
        """What is read, by its name in topics."""
        return {region.name or WHOLE: region for region in self._regions} or {WHOLE: None}

    def _is_late(self, region: str, reading: Reading) -> bool:
        """Whether it was read before this run began, and the broker has a newer one of that region."""
        # This run's own are never late: their numbers may be lower when both the store and the clock were lost.
        newest: float = self._attributes.get(region, {}).get("number", 0)
        return reading.number < newest and reading.time < self._began

    def _keep(self, topic: str, payload: bytes) -> Any:
        """Send a retained message, now and again after every connect."""
        self._retained[topic] = payload
        return self._connection.send(topic, payload, retain=True)

    def _up(self) -> None:
        """There is a new connection: nothing may wait here."""
        self._ready, self._refusal = False, ""
        self._give_up_at = time.monotonic() + _FIRST_S
        listen = [*self._topics.births, *([self._topics.trigger] if self._trigger else [])]
        listen += [] if self._learned else self._left_before()
        if listen:
            self._connection.subscribe(listen)
        self._later("announce", 0.0, self._announce)

    def _left_before(self) -> list[str]:
        """Where an earlier run has left what we need to know."""
        return [topic for topic in (self._topics.discovery, self._topics.attributes("+")) if topic]

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Something that was subscribed to; nothing may wait here."""
        if retained:
            self._learn(topic, payload)
        elif topic in self._topics.births and payload == b"online":
            self._later("birth", random.uniform(0.0, _BIRTH_S), self._announce)
        elif topic == self._topics.trigger and self._trigger:
            now = time.monotonic()
            # A retained message would ask again after every connect and does not get here.
            if now - self._triggered_at >= _TRIGGER_S:
                self._triggered_at = now
                self._trigger("mqtt")

    def _learn(self, topic: str, payload: bytes) -> None:
        """Take over what an earlier run has left at the broker."""
        if topic == self._topics.discovery:
            self._before = payload
        elif region := self._topics.region(topic):
            attributes = payloads.parse_attributes(payload)
            if attributes:
                self._attributes.setdefault(region, attributes)

    def _announce(self) -> None:
        """Tell the broker and Home Assistant who we are and all that is known; then readings may come."""
        connection, topics = self._connection, self._topics
        if not self._learned:
            if not connection.subscribed.wait(ACK_S):
                raise PublishError(f"no answer to a subscription within {ACK_S:g} s")
            self._learned = True
            time.sleep(_LEARN_S)
            connection.unsubscribe(self._left_before())
        description = self._description() if topics.discovery else b""
        described = [connection.send(topics.discovery, description, retain=True)] if description else []
        infos = []
        for region in set(self._attributes) - set(self._names()):
            del self._attributes[region]
            for topic in (topics.value(region), topics.attributes(region)):
                self._retained.pop(topic, None)
                infos.append(connection.send(topic, b"", retain=True))
        infos += [
            connection.send(topic, payload, retain=True) for topic, payload in list(self._retained.items())
        ]
        infos.append(connection.send(topics.status, b"online", retain=True))
        connection.wait(infos, ACK_S)
        self._ready, self._refusal = not self._closed, ""
        self.on_ready()
        if self._image is not None:
            self._later("snapshot", 0.0, self._show)
        connection.wait(described, ACK_S)
        self._before = description

    def _description(self) -> bytes:
        """What Home Assistant is told about the device; entities that are gone are removed, once."""

        def description(removed: dict[str, str]) -> dict[str, Any]:
            return homeassistant.discovery(
                self._topics,
                name=self._name,
                version=self._version,
                regions=self._regions,
                expire_after_s=self._settings.expire_after_s,
                snapshot=self._settings.snapshot,
                trigger=self._trigger is not None,
                removed=removed,
            )

        return msgspec.json.encode(description(homeassistant.removed(self._before, description({}))))

    def _show(self) -> None:
        """Send the newest picture."""
        image = self._image
        if image is not None and self._ready:
            self._image, self._shown_at = None, time.monotonic()
            picture = jpeg(image, self._settings.snapshot_max_kb * 1024)
            self._connection.wait([self._keep(self._topics.snapshot, picture)], ACK_S)

    def _later(self, name: str, delay_s: float, job: Callable[[], None]) -> None:
        """Run a job in a thread of its own, one at a time; asking again before it runs changes nothing."""
        with self._lock:
            if self._closed or name in self._timers:
                return
            timer = self._timers[name] = threading.Timer(max(delay_s, 0.0), self._run, [name, job])
            timer.name, timer.daemon = f"mqtt {name}", True
        timer.start()

    def _run(self, name: str, job: Callable[[], None]) -> None:
        with self._working:
            with self._lock:
                self._timers.pop(name, None)
            try:
                if not self._closed:
                    job()
            except OcrEdgeError as error:
                if not self._connection.up:
                    return  # which the connection has said
                _LOGGER.warning("mqtt: %s: %s", name, error)
                if not self._ready:
                    self._refusal = str(error)
                    self._later(name, _AGAIN_S, job)
