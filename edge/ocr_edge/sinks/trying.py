"""Whether a receiver takes something now: asked of each in a way that nobody takes for a reading."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ocr_edge.config import Config
from ocr_edge.config.settings import Mqtt
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import writing
from ocr_edge.sinks.store import faults

TIMEOUT_S = 8.0
"""Seconds in which a receiver must answer: a person waits, and a broker on a slow radio link needs one or two."""
NAME = "test"
"""What a test says instead of a reason, in its topic and in its id."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """The receivers of a configuration.

    Attributes:
        config: It.
        device: The device's id.
        state: The state folder.
    """

    config: Config
    device: str
    state: Path

    @property
    def names(self) -> list[str]:
        """Those that are configured."""
        config = self.config
        wanted = {
            "store": config.store.enabled,
            "stdout": config.stdout.enabled,
            "files": config.files,
            "webhook": config.webhook,
            "mqtt": config.mqtt,
        }
        return [name for name, is_there in wanted.items() if is_there]

    def test(self, name: str) -> str:
        """Test one; waits for it.

        Returns:
            What happened, one line.

        Raises:
            PublishError: It does not take anything now.
            ConfigError: It cannot be set up, or there is none of this name.
        """
        ways: dict[str, Callable[[], str]] = {
            "store": self._store,
            "stdout": lambda: "nothing was sent: whoever reads it would take a test for a reading",
            "files": self._files,
            "webhook": self._webhook,
            "mqtt": self._mqtt,
        }
        if name not in self.names:
            raise ConfigError(f"there is no receiver {name!r}; there are {', '.join(self.names)}")
        return ways[name]()

    def _store(self) -> str:
        path = self.state / self.config.store.path
        with faults.explained(path), closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as file:
            file.isolation_level = None
            # The lock of a writer, given back: nothing is written.
            file.execute("BEGIN IMMEDIATE")
            file.execute("ROLLBACK")
        free = shutil.disk_usage(path.parent).free
        return f"can be written to; nothing was; {free / 1e9:.1f} GB are free"

    def _files(self) -> str:
        assert self.config.files is not None
        path = self.config.files.path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
        return "can be written to; nothing was: a test would be taken for a reading"

    def _webhook(self) -> str:
        from ocr_edge.sinks.webhook import WebhookSink  # noqa: PLC0415 - loads TLS, which takes its time

        assert self.config.webhook is not None
        limit_s = min(self.config.webhook.timeout_s, TIMEOUT_S)
        sink = WebhookSink(msgspec.structs.replace(self.config.webhook, timeout_s=limit_s))
        began = time.monotonic()
        sink.post(self.body(), f"{self.device}-{NAME}-{time.time_ns()}")
        return f'{sink.host} took a body with "test": true in {(time.monotonic() - began) * 1000:.0f} ms'

    def body(self) -> dict[str, object]:
        """A reading that says nothing, and that it is a test: who overlooks the one has the other."""
        empty = Reading(self.device, (), time.time(), region="", why=NAME)
        return empty.as_dict() | {"test": True}

    def _mqtt(self) -> str:
        settings = self.config.mqtt
        assert settings is not None
        topic = f"{settings.prefix}/{self.device}/{NAME}"
        began = time.monotonic()
        _publish(
            settings, f"{self.device}-{NAME}", topic, msgspec.json.encode({"test": True, "time": time.time()})
        )
        return (
            f"broker {settings.host} took a message on {topic} in {(time.monotonic() - began) * 1000:.0f} ms"
        )


def _publish(settings: Mqtt, client: str, topic: str, payload: bytes) -> None:
    """Send one message, not retained, with a connection of its own: the daemon's is left alone.

    Raises:
        PublishError: The broker cannot be reached or does not take it.
    """
    from ocr_edge.sinks.mqtt.connection import Connection  # noqa: PLC0415 - paho is an optional package

    connection = Connection(
        settings,
        client_id=client,
        will=f"{settings.prefix}/{client}/status",
        on_up=lambda: None,
        on_message=_ignored,
    )
    ends = time.monotonic() + TIMEOUT_S
    connection.start()
    try:
        while not (connection.up or connection.trouble) and time.monotonic() < ends:
            time.sleep(0.02)
        if not connection.up:
            raise PublishError(connection.trouble or f"broker {settings.host}: no answer in {TIMEOUT_S:g} s")
        connection.wait([connection.send(topic, payload)], max(ends - time.monotonic(), 1.0))
    finally:
        connection.close(1.0, clean=True)


def _ignored(_topic: str, _payload: bytes, _retained: bool) -> None:
    """Nothing is listened to."""
