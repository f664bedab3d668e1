"""What can be known about a configuration before the camera opens, part by part."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from ocr_edge.config import Config, urls
from ocr_edge.config.settings import Gpio
from ocr_edge.daemon.asking import nobody_asks
from ocr_edge.daemon.build import Builder
from ocr_edge.daemon.identity import device_id
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks import database
from ocr_edge.sinks import http as page
from ocr_edge.sinks.mqtt.connection import Connection
from ocr_edge.sinks.mqtt.homeassistant import problems
from ocr_edge.sinks.webhook import WebhookSink
from ocr_edge.sources import opening
from ocr_edge.sources.gpio import library
from ocr_edge.system.state_dir import state_dir

PATIENCE_S = 5.0
"""Seconds in which a receiver must answer."""

Check = Callable[[Builder], str]
"""Says what was found; raises ``ConfigError`` or ``ModelError`` for a mistake, ``PublishError`` for who is away."""


def of(config: Config) -> Iterator[tuple[str, Check]]:
    """Names and checks of what a configuration uses, in the order of the file."""
    yield "source", source
    if config.source.lamp:
        yield "lamp", lamp
    if config.source.mode == "trigger":
        yield "trigger", trigger
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
    kind, where = urls.split(settings.url)
    note = _unseen(settings.password_file) if kind in urls.NETWORK else ""
    if note:
        settings = replace(settings, password_file="")
    try:
        why = opening.problem(settings)
    except OSError as error:
        raise ConfigError(f"{where}: {error.strerror}; use sudo") from error
    if why:
        # What can be plugged in or written later is waited for.
        raise PublishError(why) if kind in {"v4l2", "file"} else ConfigError(why)
    if kind in urls.ON_DISK and not os.access(where, os.R_OK):
        raise PublishError(f"{where}: this user may not read it")
    return "; ".join(filter(None, [f"{urls.shown(settings.url)} (not opened)", note]))


def lamp(builder: Builder) -> str:
    """The lamp's chip can be had; the lamp stays as it is."""
    assert builder.config.source.lamp
    return _line(builder.config.source.lamp)


def trigger(builder: Builder) -> str:
    """Somebody can ask for a picture."""
    config = builder.config
    if why := nobody_asks(config):
        raise ConfigError(why)
    who = config.source.trigger
    asks = {
        "MQTT": who.mqtt and config.mqtt,
        "HTTP": who.http and config.http,
        _line(who.gpio) if who.gpio else "": who.gpio,
    }
    return ", ".join(name for name, may in asks.items() if may)


def _line(settings: Gpio) -> str:
    """The line, if its chip can be opened."""
    library()
    try:
        os.close(os.open(settings.chip, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise ConfigError(f"GPIO {settings.chip}: {error.strerror}; gpiodetect lists the chips") from error
    return f"GPIO {settings.chip} line {settings.line}"


def bundle(builder: Builder) -> str:
    """A bundle loads and passes its self-test."""
    manifest = builder.models.choose(builder.config).manifest
    note = builder.health.state(0.0).problems.get("bundle", "")
    return f"{manifest.name}, {len(manifest.texts)} labels" + (f"; {note}" if note else "")


def regions(builder: Builder) -> str:
    """Regions, patterns, schedules, marks and the reference picture fit together."""
    scene = builder.scene()
    notes = [note for region in builder.config.region for note in problems(region)]
    names = ", ".join(reader.region.name for reader in scene.readers)
    return "; ".join([names, *notes])


def store(builder: Builder) -> str:
    """The database can be read, or its folder written; nothing is made, which might then belong to somebody else."""
    config = builder.config
    path = state_dir(config.state_dir) / config.store.path
    said = _writable(path)
    if path.exists():
        database.look(path)
    return said


def files(builder: Builder) -> str:
    """The file can be written."""
    assert builder.config.files
    return _writable(builder.config.files.path)


def _writable(path: Path) -> str:
    """The path, if a file can be made or written there."""
    # os.path: Path.exists raises where this user may not look.
    there = next(place for place in (path, *path.parents) if os.path.exists(place))
    if there.is_dir() and not os.access(there, os.X_OK):
        raise ConfigError(f"{there}: this user may not go there; use sudo")
    if there.is_dir() == (there == path) or not os.access(there, os.W_OK):
        raise ConfigError(f"{path}: cannot be written; look at {there}")
    return str(path)


def mqtt(builder: Builder) -> str:
    """The broker takes us."""
    settings = builder.config.mqtt
    assert settings
    if note := _unseen(settings.password_file):
        if not settings.username:
            raise ConfigError("mqtt.password_file needs mqtt.username: a password alone is not sent")
        settings = replace(settings, password_file="")
    # A name of its own: the broker would end the running daemon's connection for another one of the same name.
    name = f"{device_id(builder.config)}-check"
    connection = Connection(
        settings,
        client_id=name,
        will=f"{settings.prefix}/{name}/status",
        on_up=lambda: None,
        on_message=lambda *_: None,
    )
    if note:
        _knock(settings.host, settings.port or (8883 if settings.tls else 1883))
        return f"{settings.host} listens; {note}"
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
    settings = builder.config.webhook
    assert settings
    if note := _unseen(settings.token_file):
        settings = replace(settings, token_file="")
    host = WebhookSink(settings).host
    parts = urlsplit(host)
    _knock(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    return "; ".join(filter(None, [f"{host} listens", note]))


def _knock(host: str, port: int) -> None:
    """Raise PublishError where no machine listens."""
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except (OSError, UnicodeError) as error:
        raise PublishError(f"{host}:{port}: {getattr(error, 'strerror', None) or error}") from error


def _unseen(name: str) -> str:
    """A note on a secret that systemd gives to the service alone; empty for what can be read here."""
    if not name or "/" in name or os.environ.get("CREDENTIALS_DIRECTORY"):
        return ""
    return f"secret {name} is given by systemd, not seen here"


def http(builder: Builder) -> str:
    """The port is free, or already ours."""
    settings = builder.config.http
    assert settings
    page.library()
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
