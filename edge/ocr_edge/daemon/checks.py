"""What can be known about a configuration before the camera opens, part by part."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ocr_edge.config import Config
from ocr_edge.daemon.build import Builder
from ocr_edge.daemon.identity import device_id
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks import database
from ocr_edge.sinks.homeassistant import problems
from ocr_edge.sinks.mqtt_connection import Connection
from ocr_edge.sinks.webhook import WebhookSink
from ocr_edge.sources import opening, urls
from ocr_edge.state_dir import state_dir

PATIENCE_S = 5.0
"""Seconds in which a receiver must answer."""

Check = Callable[[Builder], str]
"""Says what was found; raises ``ConfigError`` or ``ModelError`` for a mistake, ``PublishError`` for who is away."""


def of(config: Config) -> Iterator[tuple[str, Check]]:
    """Names and checks of what a configuration uses, in the order of the file."""
    yield "source", source
    yield "bundle", bundle
    yield "regions", regions
    if config.store.enabled:
        yield "store", store
    if config.files:
        yield "files", files
    if config.mqtt:
        yield "mqtt", mqtt
    if config.webhook:
        yield "webhook", webhook
    if config.http:
        yield "http", http


def source(builder: Builder) -> str:
    """The source exists, as far as that can be seen without opening it."""
    settings = builder.config.source
    if why := opening.problem(settings):
        raise ConfigError(why)
    return f"{urls.shown(settings.url)} (not opened)"


def bundle(builder: Builder) -> str:
    """A bundle loads and passes its self-test."""
    manifest = builder.bundle(builder.config).manifest
    note = builder.health.state(0.0).problems.get("bundle", "")
    return f"{manifest.name}, {len(manifest.labels)} labels" + (f"; {note}" if note else "")


def regions(builder: Builder) -> str:
    """Regions, patterns, schedules, marks and the reference picture fit together."""
    scene = builder.scene()
    notes = [note for region in builder.config.region for note in problems(region)]
    names = ", ".join(reader.region.name for reader in scene.readers)
    return "; ".join([names, *notes])


def store(builder: Builder) -> str:
    """The database can be read, or its folder written; nothing is made, which might then belong to somebody else."""
    config = builder.config
    path = state_dir(config) / config.store.path
    if path.exists():
        database.select(path, 0, None, 1)
    return _writable(path)


def files(builder: Builder) -> str:
    """The file can be written."""
    assert builder.config.files
    return _writable(builder.config.files.path)


def _writable(path: Path) -> str:
    """The path, if a file can be made or written there."""
    there = next(place for place in (path, *path.parents) if place.exists())
    if (there.is_dir() if there == path else not there.is_dir()) or not os.access(there, os.W_OK):
        raise ConfigError(f"{path}: cannot be written; look at {there}")
    return str(path)


def mqtt(builder: Builder) -> str:
    """The broker takes us."""
    settings = builder.config.mqtt
    assert settings
    # A name of its own: the broker would end the running daemon's connection for another one of the same name.
    name = f"{device_id(builder.config)}-check"
    connection = Connection(
        settings,
        client_id=name,
        will=f"{settings.prefix}/{name}/status",
        on_up=lambda: None,
        on_message=lambda *_: None,
    )
    connection.start()
    ends = time.monotonic() + PATIENCE_S
    while not (connection.up or connection.trouble) and time.monotonic() < ends:
        time.sleep(0.05)
    up, trouble = connection.up, connection.trouble
    connection.close(1.0, clean=True)
    if not up:
        raise PublishError(trouble or f"{settings.host}: no answer in {PATIENCE_S:.0f} s")
    return f"{settings.host} takes us"


def webhook(builder: Builder) -> str:
    """The receiver's machine listens; nothing is sent."""
    assert builder.config.webhook
    host = WebhookSink(builder.config.webhook).host
    parts = urlsplit(host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), PATIENCE_S).close()
    except OSError as error:
        raise PublishError(f"{host}: {error.strerror or error}") from error
    return f"{host} listens"


def http(builder: Builder) -> str:
    """The port is free, or already ours."""
    settings = builder.config.http
    assert settings
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.address, settings.port))
        except OSError as error:
            raise PublishError(
                f"port {settings.port}: {error.strerror}; fine if that is the running daemon"
            ) from error
    host = f"[{settings.address}]" if family == socket.AF_INET6 else settings.address
    return f"http://{host}:{settings.port}/metrics"
