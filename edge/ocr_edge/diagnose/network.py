"""Broker, webhook, network camera and our own port: whether they answer."""

import errno
import os
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ocr_edge.diagnose.files import unreadable
from ocr_edge.diagnose.finding import Finding, error, ok, warning
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import ConfigError

TIMEOUT_S = 5.0
"""Seconds in which a machine must answer: a broker on a slow radio link needs one or two."""


class Peer(NamedTuple):
    """Somebody to talk to. Its name and port are shown, nothing else of a URL: that may hold a password."""

    name: str
    key: str
    host: str
    port: int
    tls: bool
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        """What people are shown."""
        return f"{self.host}, port {self.port}{' with TLS' if self.tls else ''}"


def mqtt(probe: Probe) -> Iterator[Finding]:
    """Whether the broker takes us."""
    settings = probe.config.mqtt if probe.config else None
    if probe.config is None or settings is None:
        return
    from msgspec.structs import replace  # noqa: PLC0415 - packages may be what is broken here

    from ocr_edge.daemon.identity import device_id  # noqa: PLC0415
    from ocr_edge.sinks.mqtt.connection import Connection  # noqa: PLC0415

    unseen = unreadable(settings.password_file)
    if unseen:
        if not settings.username:
            raise ConfigError("mqtt.password_file needs mqtt.username: a password alone is not sent")
        settings = replace(settings, password_file="")
    # A name of its own: the broker would end the running daemon's connection for another one of the same name.
    name = f"{device_id(probe.config)}-check"
    connection = Connection(
        settings,
        client_id=name,
        will=f"{settings.prefix}/{name}/status",
        on_up=lambda: None,
        on_message=lambda *_: None,
    )
    port = settings.port or (8883 if settings.tls else 1883)
    certificates = settings.ca_file, settings.cert_file, settings.key_file
    answer = reach(Peer("mqtt", "mqtt", settings.host, port, settings.tls, *certificates))
    if answer.level != "ok" or unseen:
        yield answer
        return
    connection.start()
    ends = time.monotonic() + TIMEOUT_S
    while not (connection.up or connection.trouble) and time.monotonic() < ends:
        time.sleep(0.05)
    up, trouble = connection.up, connection.trouble
    connection.close(1.0, clean=True)
    if not up:
        yield error("mqtt", trouble or f"{settings.host}: no answer in {TIMEOUT_S:g} s")
    elif port == 8883 and not settings.tls:
        yield warning(
            "mqtt", f"{settings.host} takes us, but without TLS, which 8883 is for", "set mqtt.tls = true"
        )
    else:
        yield ok("mqtt", f"{settings.host} takes us")


def webhook(probe: Probe) -> Iterator[Finding]:
    """Whether the receiver's machine answers; nothing is sent."""
    settings = probe.config.webhook if probe.config else None
    if settings is None:
        return
    from msgspec.structs import replace  # noqa: PLC0415 - see above

    from ocr_edge.sinks.webhook import WebhookSink  # noqa: PLC0415

    WebhookSink(replace(settings, token_file="") if unreadable(settings.token_file) else settings)
    yield from _url("webhook", "webhook.url", settings.url)


def camera(probe: Probe) -> Iterator[Finding]:
    """Whether a network camera answers."""
    if probe.config is not None:
        yield from _url("camera", "source.url", probe.config.source.url)


def http(probe: Probe) -> Iterator[Finding]:
    """Whether our own port is free, or already ours, and whether what opens the page can be used."""
    settings = probe.config.http if probe.config else None
    if settings is None:
        return
    from ocr_edge.web import serving  # noqa: PLC0415 - see above

    serving.library()  # refuses where a package is missing
    if settings.secret_file is not None:
        from ocr_edge.web.secret_file import SecretFile, library  # noqa: PLC0415

        library()
        if probe.person.may(settings.secret_file, os.R_OK) or not settings.secret_file.exists():
            SecretFile(settings.secret_file).hashes()
        else:
            found = f"user {probe.person.name} may not read {settings.secret_file}"
            yield error("http", found, f"sudo chown {probe.person.name}: {settings.secret_file}")
            return
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.socket(family) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind((settings.address, settings.port))
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE or probe.unit.get("ActiveState") != "active":
                found = f"port {settings.port}: {fault.strerror}; fine if that is the running daemon"
                yield warning("http", found, f"who has it: sudo ss -ltnp 'sport = :{settings.port}'", code=1)
                return
    host = f"[{settings.address}]" if family == socket.AF_INET6 else settings.address
    url = f"{'https' if settings.cert_file else 'http'}://{host}:{settings.port}"
    yield ok("http", f"{url}/{'' if settings.page else 'metrics'}")
    if not (settings.is_local or settings.cert_file):
        found = "open to the network without TLS: the password can be read on its way"
        yield warning("http", found, "a certificate, or a proxy that has one: docs/page.md#tls")


def reach(peer: Peer) -> Finding:
    """Connect, and shake hands where TLS is wanted."""
    try:
        with socket.create_connection((peer.host, peer.port), TIMEOUT_S) as connection:
            if peer.tls:
                context = ssl.create_default_context(cafile=peer.ca_file)
                if peer.cert_file is not None:
                    context.load_cert_chain(peer.cert_file, peer.key_file, password="")
                context.wrap_socket(connection, server_hostname=peer.host).close()
    except (OSError, ValueError) as fault:
        reason, advice = explain(fault, peer)
        return error(peer.name, f"{peer}: {reason}", advice)
    return ok(peer.name, f"{peer} answers")


def explain(fault: Exception, peer: Peer) -> tuple[str, str]:  # noqa: PLR0911 - a table
    """What went wrong in a connection, and what to do."""
    ping = f"ping -c 3 {peer.host}"
    match fault:
        case ssl.SSLCertVerificationError():
            advice = "is the clock right? its authority must be one that this system knows"
            if peer.key == "mqtt":
                advice = "put its authority's certificate into mqtt.ca_file; write the host as the certificate does"
            return f"its certificate is not trusted: {fault.verify_message}", advice
        case ssl.SSLError() | ConnectionResetError():
            advice = f"correct the port in {peer.key} (MQTT with TLS is usually 8883), or switch TLS off"
            return f"does not speak TLS on this port ({getattr(fault, 'reason', None) or fault})", advice
        case socket.gaierror():
            advice = f"look for a mistake in {peer.key}, or give the address in numbers; try: {ping}"
            return "the name is not known", advice
        case TimeoutError():
            advice = f"is it switched on, and does a firewall stand between? try: {ping}"
            return f"no answer in {TIMEOUT_S:g} s", advice
        case ConnectionRefusedError():
            advice = f"start the service there, or correct the port in {peer.key}"
            return "refused: nothing listens on this port", advice
        case FileNotFoundError() | PermissionError():
            return "a file of its certificates cannot be read", f"correct the file names in {peer.key}"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            return "there is no way to it", f"is the network up? look with: ip address; try: {ping}"
    return str(fault) or type(fault).__name__, f"try: {ping}"


def _url(name: str, key: str, url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    usual = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}.get(parts.scheme)
    if usual is not None and parts.hostname:
        yield reach(Peer(name, key, parts.hostname, parts.port or usual, parts.scheme in {"https", "rtsps"}))
