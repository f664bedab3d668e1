"""Brokers, webhooks and network cameras: whether they answer."""

import errno
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ocr_edge.diagnose.check import Check, fail, ok, warn
from ocr_edge.diagnose.probe import Probe

TIMEOUT_S = 5.0


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


def reachable(probe: Probe) -> Iterator[Check]:
    """Whether everyone that the configuration names answers."""
    for peer in _peers(probe):
        found = f"{peer.host}, port {peer.port}{' with TLS' if peer.tls else ''}"
        try:
            _talk(peer)
        except (OSError, ValueError) as error:
            reason, advice = explain(error, peer)
            yield fail(peer.name, f"{found}: {reason}", advice)
        else:
            if peer.port == 8883 and not peer.tls:
                yield warn(
                    peer.name, f"{found} answers, but without TLS, which 8883 is for", "set mqtt.tls = true"
                )
            else:
                yield ok(peer.name, f"{found} answers")


def explain(error: Exception, peer: Peer) -> tuple[str, str]:
    """What went wrong in a connection, and what to do."""
    ping = f"ping -c 3 {peer.host}"
    match error:
        case ssl.SSLCertVerificationError():
            reason = f"its certificate is not trusted: {error.verify_message}"
            advice = "is the clock right? its authority must be one that this system knows"
            if peer.key == "mqtt":
                advice = "put its authority's certificate into mqtt.ca_file; write the host as the certificate does"
        case ssl.SSLError() | ConnectionResetError():
            reason = f"does not speak TLS on this port ({getattr(error, 'reason', None) or error})"
            advice = f"correct the port in {peer.key} (MQTT with TLS is usually 8883), or switch TLS off"
        case socket.gaierror():
            reason = "the name is not known"
            advice = f"look for a mistake in {peer.key}, or give the address in numbers; try: {ping}"
        case TimeoutError():
            reason = f"no answer in {TIMEOUT_S:g} s"
            advice = f"is it switched on, and does a firewall stand between? try: {ping}"
        case ConnectionRefusedError():
            reason = "refused: nothing listens on this port"
            advice = f"start the service there, or correct the port in {peer.key}"
        case FileNotFoundError() | PermissionError():
            reason, advice = (
                "a file of its certificates cannot be read",
                f"correct the file names in {peer.key}",
            )
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            reason, advice = "there is no way to it", f"is the network up? look with: ip address; try: {ping}"
        case _:
            reason, advice = str(error) or type(error).__name__, f"try: {ping}"
    return reason, advice


def _peers(probe: Probe) -> Iterator[Peer]:
    config = probe.config
    if config is None:
        return
    if config.mqtt is not None:
        mqtt = config.mqtt
        port = mqtt.port or (8883 if mqtt.tls else 1883)
        yield Peer(
            "mqtt broker", "mqtt", mqtt.host, port, mqtt.tls, mqtt.ca_file, mqtt.cert_file, mqtt.key_file
        )
    urls = [("camera", "source.url", config.source.url)]
    if config.webhook is not None:
        urls.append(("webhook", "webhook.url", config.webhook.url))
    for name, key, url in urls:
        parts = urlsplit(url)
        usual = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}.get(parts.scheme)
        if usual is not None and parts.hostname:
            yield Peer(name, key, parts.hostname, parts.port or usual, parts.scheme in {"https", "rtsps"})


def _talk(peer: Peer) -> None:
    """Connect, and shake hands where TLS is wanted."""
    with socket.create_connection((peer.host, peer.port), TIMEOUT_S) as connection:
        if not peer.tls:
            return
        context = ssl.create_default_context(cafile=str(peer.ca_file) if peer.ca_file else None)
        if peer.cert_file is not None:
            context.load_cert_chain(peer.cert_file, peer.key_file)
        with context.wrap_socket(connection, server_hostname=peer.host):
            return
