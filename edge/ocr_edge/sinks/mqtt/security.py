"""How a connection to a broker is secured: password, certificates, and what is wrong with them in words."""

import ipaddress
import logging
import ssl

from ocr_edge.config.settings import Mqtt
from ocr_edge.errors import ConfigError
from ocr_edge.system import credentials
from ocr_edge.system.regular import opened

_LOGGER = logging.getLogger(__name__)


def check_host(settings: Mqtt) -> None:
    """Refuse a name that no machine can have: looking it up would end paho's thread.

    Raises:
        ConfigError: It is empty, or a part of it is empty or too long.
    """
    try:
        valid = bool(settings.host.encode("idna"))
    except UnicodeError:
        valid = False
    if not valid:
        raise ConfigError(f"mqtt.host {settings.host!r} is not the name or address of a machine")


def password(settings: Mqtt) -> str:
    """The password, and one line of warning where others could read it.

    Raises:
        ConfigError: It cannot be read, or no user name belongs to it.
    """
    secret = credentials.read(settings.password_file)
    if secret and not settings.username:
        raise ConfigError("mqtt.password_file needs mqtt.username: a password alone is not sent")
    if secret and not settings.tls and not _is_here(settings.host):
        _LOGGER.warning("mqtt: the password goes to %s in the clear; set tls = true", settings.host)
    return secret


def _is_here(host: str) -> bool:
    """Whether the broker runs on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def tls(settings: Mqtt) -> ssl.SSLContext | None:
    """What makes the connection safe; None for a plain one.

    Raises:
        ConfigError: A file cannot be read or used, or is given although TLS is off.
    """
    files = {name: getattr(settings, name) for name in ("ca_file", "cert_file", "key_file")}
    for name, path in files.items():
        if path is None:
            continue
        if not settings.tls:
            raise ConfigError(f"mqtt.{name} is given, but mqtt.tls is false; set tls = true")
        try:
            opened(path).close()
        except OSError as error:
            raise ConfigError(f"mqtt.{name}: {path} cannot be read: {error.strerror}") from error
    if not settings.tls:
        return None
    if settings.key_file and not settings.cert_file:
        raise ConfigError("mqtt.key_file needs mqtt.cert_file, the certificate that the key belongs to")
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert_file:
            # An empty password: without one OpenSSL would ask for it on the terminal.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        given = ", ".join(str(path) for path in files.values() if path)
        raise ConfigError(f"mqtt: not a usable certificate or key in {given}: {error}") from error
    return context


def explain(error: BaseException | None, *, settings: Mqtt) -> str:
    """Why a connect failed, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "" if settings.ca_file else "; name your own authority in mqtt.ca_file"
        return f"its certificate is not accepted: {error.verify_message}{hint}"
    if isinstance(error, ssl.SSLError):
        return f"no secure connection: {error.reason or error}; does this port speak TLS?"
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error}"
    return f"cannot be reached: {error!r}"
