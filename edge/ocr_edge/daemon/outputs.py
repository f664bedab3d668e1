"""All receivers of readings, each behind its own outbox."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from ocr_edge import __version__
from ocr_edge.config import Config
from ocr_edge.config.settings import Mqtt, Region
from ocr_edge.contract.types import Image
from ocr_edge.daemon.identity import device_id, device_name
from ocr_edge.daemon.numbers import Numbers
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import ReceiverStats, Sink
from ocr_edge.sinks.mqtt.sink import MqttSink
from ocr_edge.sinks.outbox import Outbox
from ocr_edge.sinks.rotating import RotatingSink
from ocr_edge.sinks.store import Store
from ocr_edge.sinks.streams import StdoutSink
from ocr_edge.sinks.unopened import Unopened
from ocr_edge.sources.opening import is_separate
from ocr_edge.system.health import Health, State
from ocr_edge.system.state_dir import state_dir

_LOGGER = logging.getLogger(__name__)

SHOWN = 60
"""Characters of a text that are logged: a line that is no longer than the others."""
GOODBYE_S = 0.5
"""Seconds that receivers get for what waits when the daemon ends, and"""
RESERVE_S = 0.3
"""seconds that the store gets after them."""


class Outputs:
    """Numbers readings and passes them to every receiver; nothing here waits for one.

    Args:
        config: The checked configuration.
        health: Where receivers write what is wrong with them.
        trigger: Called with the name of who asks for a picture; None when nobody may.

    Attributes:
        latest: The last reading of each region.

    A receiver that cannot be set up (a secret, folder or package is missing) is tried again and said to be: the others
    and the reading go on.
    """

    def __init__(self, config: Config, health: Health, trigger: Callable[[str], None] | None = None) -> None:
        self.latest: dict[str, Reading] = {}
        self._health, self._device = health, device_id(config)
        self._store: Store | None = None
        self._outboxes: list[Outbox] = []
        self._mqtt: MqttSink | None = None
        self._regions: Sequence[Region] = config.region
        self._snapshots = bool(config.mqtt and config.mqtt.snapshot)
        self._goes_on, self._says_texts = not is_separate(config.source), config.stdout.enabled
        try:
            self._open(config, trigger)
        except BaseException:
            self.close()
            raise
        given = self._store.last_number() if self._store else 0
        self._numbers = Numbers(state_dir(config.state_dir) / "numbers", given, health)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _open(self, config: Config, trigger: Callable[[str], None] | None) -> None:
        if config.store.enabled:
            self._store = Store(config.store, state_dir(config.state_dir) / config.store.path, self._health)
        if config.stdout.enabled:
            self._add("stdout", lambda: StdoutSink("json"))
        if files := config.files:
            self._add("files", lambda: RotatingSink(files))
        if webhook := config.webhook:
            from ocr_edge.sinks.webhook import WebhookSink  # noqa: PLC0415 - loads TLS, which takes its time

            self._add("webhook", lambda: WebhookSink(webhook), self._store)
        if mqtt := config.mqtt:
            self._add("mqtt", lambda: self._connect(config, mqtt, trigger), self._store)

    def _connect(self, config: Config, mqtt: Mqtt, trigger: Callable[[str], None] | None) -> MqttSink:
        """The sink of the broker; in the thread of its outbox where it could not be made at once."""
        sink = MqttSink(
            mqtt,
            device=self._device,
            name=device_name(config),
            version=__version__,
            regions=self._regions,
            trigger=trigger if config.source.trigger.mqtt else None,
        )
        sink.on_ready = self._kick
        self._mqtt = sink
        return sink

    def _kick(self) -> None:
        """The broker takes readings again."""
        for outbox in self._outboxes:
            if outbox.name == "mqtt":
                outbox.kick()

    def _add(self, name: str, make: Callable[[], Sink], store: Store | None = None) -> None:
        try:
            sink = make()
        except ConfigError as error:
            self._health.problem(name, str(error))
            sink = Unopened(make)
        self._outboxes.append(Outbox(name, sink, health=self._health, store=store))

    @property
    def stats(self) -> tuple[ReceiverStats, ...]:
        """How each receiver is doing."""
        stores = (self._store,) if self._store else ()
        return tuple(receiver.stats for receiver in (*stores, *self._outboxes))

    @property
    def deleted(self) -> Mapping[str, int]:
        """Readings deleted from the store, by why."""
        return self._store.deleted if self._store else {}

    @property
    def gone(self) -> bool:
        """Whether the only reader there was, at the other end of a pipe, has gone."""
        return not self._store and bool(self._outboxes) and all(outbox.gone for outbox in self._outboxes)

    @property
    def wants_snapshots(self) -> bool:
        """Whether a receiver shows pictures."""
        return self._snapshots

    def resume(self, scene: Scene) -> str:
        """Let regions go on where an earlier run ended.

        Returns:
            The text that was said last; empty when nothing was.
        """
        newest: Reading | None = None
        for reader in scene.readers if self._store else ():
            last = self._store.last(reader.region.name) if self._store else None
            if last is not None:
                if reader.resume(last, time.time(), time.monotonic()) and self._goes_on:
                    self._tell_standing(last)
                newest = max(newest or last, last, key=lambda reading: reading.number)
        return newest.text if newest else ""

    def _tell_standing(self, last: Reading) -> None:
        """Log what a region said before the start: while it stands, nothing else would show that it is read."""
        # The text only where readings go to the journal anyway: what is read may be private, and journals travel.
        text = f'"{" / ".join(last.text.splitlines())[:SHOWN]}"' if self._says_texts else "what it said last"
        try:
            at = dt.datetime.fromtimestamp(last.time).isoformat(" ", "seconds")
        except (ValueError, OverflowError, OSError):  # a file's time may be any number
            at = "an unknown time"
        _LOGGER.info(
            "region %s: %s still stands, said of the picture of %s; said again when it changes",
            last.region,
            text,
            at,
        )

    def publish(self, reading: Reading) -> None:
        """Number a reading and hand it to all receivers."""
        reading = reading.numbered(self._numbers.next(), self._device)
        self.latest[reading.region] = reading
        if self._store:
            self._store.publish(reading)
        for outbox in self._outboxes:
            outbox.put(reading)

    def report(self, state: State) -> None:
        """Tell the receivers that want to know how the daemon is."""
        for outbox in self._outboxes:
            outbox.report(state)

    def snapshot(self, image: Image) -> None:
        """Show a picture of what was read."""
        if self._mqtt:
            self._mqtt.snapshot(image)

    def set_regions(self, regions: Sequence[Region]) -> None:
        """Tell the receivers that describe regions which ones there are."""
        names = {region.name for region in regions}
        self.latest = {name: reading for name, reading in self.latest.items() if name in names}
        self._regions = regions
        if self._mqtt:
            self._mqtt.set_regions(regions)

    def close(self) -> None:
        """Deliver what can be delivered in ``GOODBYE_S``; the rest stays in the store, which is closed last."""
        ends = time.monotonic() + GOODBYE_S
        for outbox in reversed(self._outboxes):
            outbox.close(max(ends - time.monotonic(), 0.0))
        if self._store:
            self._store.close(max(ends - time.monotonic(), 0.0) + RESERVE_S)
