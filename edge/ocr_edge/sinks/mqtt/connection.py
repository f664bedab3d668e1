"""A connection to an MQTT broker that comes back by itself, says what is wrong in words, and knows what arrived.

MQTT 5 is asked for first: only there does a broker say that it refuses a message, or that another client has taken
the connection over. Brokers that do not know it are spoken to in MQTT 3.1.1.
"""

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ocr_edge.config.settings import Mqtt
from ocr_edge.errors import ConfigError, PublishError, RefusedError
from ocr_edge.sinks.mqtt import security

if TYPE_CHECKING:
    import paho.mqtt.client as paho
    from paho.mqtt.enums import MQTTProtocolVersion
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_LOGGER = logging.getLogger(__name__)
RETRY_S = (1, 60)
"""Shortest and longest wait before the broker is tried again; doubled after each failure."""
_CROWDED_S = 30  # the shortest one when connections never last, as with two clients of one name
_LASTS_S = 60.0  # a connection that ends sooner has not lasted
_WAITING = 100  # messages without an acknowledgement
_HEADER = 1024  # bytes of a packet besides topic and payload, generously
_OLD_BROKER = "Unsupported protocol version"  # paho's name for the answer of a broker that knows no MQTT 5
_DENIED = ("Bad user name or password", "Not authorized")
_TAKEN_OVER = "Session taken over"
_NO_REASON = "Unspecified error"
_CLOSED = "closed"


class Connection:
    """The connection of one client.

    Args:
        settings: Where the broker is and how it is talked to.
        client_id: Name of the client; a broker drops the older one of two with the same name.
        will: Topic in which the broker writes ``offline`` when the client is lost.
        on_up: Called after each connect, in the network thread: it must not wait.
        on_message: Called with topic, payload and whether it was retained; in the network thread too.

    Attributes:
        up: Whether there is a connection.
        trouble: Why there is none, one line; empty when there is one, or the first attempt has not ended.
        subscribed: Set when the broker has answered the last ``subscribe``.

    Raises:
        ConfigError: The settings do not fit together, a file cannot be read or paho-mqtt is missing.
    """

    def __init__(
        self,
        settings: Mqtt,
        *,
        client_id: str,
        will: str,
        on_up: Callable[[], None],
        on_message: Callable[[str, bytes, bool], None],
    ) -> None:
        self.up = False
        self.trouble = ""
        self._paho = _library()
        self._settings, self._client_id, self._will = settings, client_id, will
        self._on_up, self._on_message_seen = on_up, on_message
        self._port = settings.port or (8883 if settings.tls else 1883)
        self._where = f"broker {settings.host}:{self._port}"
        security.check_host(settings)
        self._password = security.password(settings)
        self._tls = security.tls(settings)
        self._largest = sys.maxsize
        self._since = 0.0
        self._answered = False  # whether the broker has said yes or no to this connection
        self._short = 0  # connections running that did not last
        self.subscribed = threading.Event()
        self._sending = threading.Lock()
        self._last: dict[str, tuple[bytes, paho.MQTTMessageInfo]] = {}
        self._refused: dict[int, str] = {}
        self._client = self._make(self._paho.MQTTv5)

    def start(self) -> None:
        """Connect in the background, now and whenever the connection is lost."""
        self._client.connect_async(self._settings.host, self._port, self._settings.keepalive_s)
        self._client.loop_start()

    def subscribe(self, topics: Iterable[str]) -> None:
        """Ask for messages; does not wait. A broker that refuses is a warning."""
        self.subscribed.clear()
        self._client.subscribe([(topic, 1) for topic in topics])

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Ask for no more messages; does not wait."""
        self._client.unsubscribe(list(topics))

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> "paho.MQTTMessageInfo":
        """Send a message with QoS 1; does not wait.

        What was sent to the topic last and is not acknowledged yet is not sent twice: paho still has it, and sends it
        again after the next connect.

        Raises:
            PublishError: There is no connection.
            RefusedError: The message is larger than the broker takes.
        """
        if not self.up:
            raise PublishError(self.trouble or f"{self._where}: not connected yet")
        if len(payload) + len(topic) + _HEADER > self._largest:
            found = f"{len(payload)} bytes, only {self._largest}"
            raise RefusedError(f"{self._where} takes no message of {found}")
        with self._sending:
            before = self._last.get(topic)
            if before and before[0] == payload and not before[1].is_published():
                return before[1]
            info = self._client.publish(topic, payload, qos=1, retain=retain)
            if info.rc == self._paho.MQTT_ERR_QUEUE_SIZE:
                raise PublishError(f"{self._where}: {_WAITING} messages wait for its acknowledgement")
            if info.rc == self._paho.MQTT_ERR_NO_CONN:
                # Lost just now, but paho keeps the message; left as it is, the mark would stay after it has arrived.
                info.rc = self._paho.MQTT_ERR_SUCCESS
            self._last[topic] = payload, info
            return info

    def wait(self, infos: "Iterable[paho.MQTTMessageInfo]", timeout_s: float) -> None:
        """Wait until the broker has acknowledged messages.

        Raises:
            PublishError: The connection is lost, the time is over, or the broker refuses one of them.
        """
        ends = time.monotonic() + timeout_s
        for info in infos:
            while not info.is_published():
                if not self.up:
                    raise PublishError(self.trouble)
                if time.monotonic() > ends:
                    raise PublishError(f"{self._where}: no acknowledgement within {timeout_s:g} s")
                info.wait_for_publish(0.2)
            if reason := self._refused.pop(info.mid, ""):
                raise PublishError(f"{self._where} refuses messages of {self._client_id!r}: {reason}")

    def close(self, timeout_s: float, *, clean: bool) -> None:
        """End the connection.

        Args:
            timeout_s: Most seconds to wait for the network thread.
            clean: Whether to take leave; if not, the broker writes the last will.
        """
        self.up, self.trouble = False, _CLOSED
        self.subscribed.set()  # nobody needs to wait any longer
        client = self._client
        connected: Any = client.socket()
        if clean or connected is None:
            client.disconnect()
        stopper = threading.Thread(target=client.loop_stop, daemon=True)
        stopper.start()
        if not clean and connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        # Not for ever: paho's thread may be inside a connect, or wait for a broker that does not read.
        stopper.join(timeout_s)

    def _make(self, protocol: "MQTTProtocolVersion") -> "paho.Client":
        """A client of a protocol version, not connected yet."""
        five = protocol == self._paho.MQTTv5
        client: paho.Client = self._paho.Client(
            self._paho.CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if five else True,
            protocol=protocol,
        )
        client.max_queued_messages_set(_WAITING)
        client.reconnect_delay_set(*RETRY_S)
        # A mistake in a callback must not end the network thread; paho logs it.
        client.suppress_exceptions = True
        client.on_log = self._log
        client.on_socket_open = self._opened
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._lost
        client.on_publish = self._acknowledged
        client.on_subscribe = self._granted
        client.on_message = self._received
        client.will_set(self._will, b"offline", qos=1, retain=True)
        if self._settings.username:
            client.username_pw_set(self._settings.username, self._password or None)
        if self._tls:
            client.tls_set_context(self._tls)
        return client

    def _opened(self, client: "paho.Client", _: Any, opened: Any) -> None:
        self._answered = False

    def _connected(
        self, client: "paho.Client", _: Any, flags: Any, reason: "ReasonCode", properties: "Properties | None"
    ) -> None:
        if client is not self._client:
            return
        self._answered = True
        if reason.is_failure:
            if str(reason) == _OLD_BROKER and client.protocol == self._paho.MQTTv5:
                _LOGGER.info("%s knows no MQTT 5; MQTT 3.1.1 is used", self._where)
                client.disconnect()
                self._client = self._make(self._paho.MQTTv311)
                self.start()
            elif str(reason) in _DENIED:
                self._say(f"{self._where} refused the user name or password ({reason})")
            else:
                self._say(f"{self._where} refused the connection: {reason}")
            return
        self._largest = getattr(properties, "MaximumPacketSize", sys.maxsize)
        self._since = time.monotonic()
        self.up, self.trouble = True, ""
        _LOGGER.info("%s: connected as %r", self._where, self._client_id)
        self._on_up()

    def _failed(self, client: "paho.Client", _: Any) -> None:
        # paho calls this while it handles the error, and does not pass it on.
        self._say(f"{self._where}: {security.explain(sys.exception(), settings=self._settings)}")

    def _lost(self, client: "paho.Client", _: Any, flags: Any, reason: "ReasonCode", properties: Any) -> None:
        if client is not self._client or self.trouble == _CLOSED:
            return
        if not self._answered:
            wants = "a client certificate" if self._settings.tls else "TLS"
            self._say(f"{self._where} ends the connection without a word; maybe it wants {wants}")
        if not self.up:
            return
        self.up = False
        self._short = self._short + 1 if time.monotonic() - self._since < _LASTS_S else 0
        cause = "" if str(reason) == _NO_REASON else f" ({reason})"
        other = f"another client with the id {self._client_id!r}; give each device an id of its own"
        if str(reason) == _TAKEN_OVER:
            self._say(f"{self._where}: the connection was taken over by {other}")
        elif self._short >= 3:
            self._say(f"{self._where}: lost {self._short} times soon after connecting{cause}; maybe {other}")
        else:
            self._say(f"{self._where}: connection lost{cause}")
        crowded = str(reason) == _TAKEN_OVER or self._short >= 3
        client.reconnect_delay_set(_CROWDED_S if crowded else RETRY_S[0], RETRY_S[1])

    def _acknowledged(
        self, client: "paho.Client", _: Any, mid: int, reason: "ReasonCode", properties: "Properties"
    ) -> None:
        if reason.is_failure:
            hint = "; look at its access rules" if str(reason) in _DENIED else ""
            self._refused[mid] = f"{reason}{hint}"

    def _granted(
        self, client: "paho.Client", _: Any, mid: int, reasons: "list[ReasonCode]", properties: Any
    ) -> None:
        if refused := [str(reason) for reason in reasons if reason.is_failure]:
            _LOGGER.warning("%s does not let %r listen: %s", self._where, self._client_id, ", ".join(refused))
        self.subscribed.set()

    def _received(self, client: "paho.Client", _: Any, message: "paho.MQTTMessage") -> None:
        self._on_message_seen(message.topic, bytes(message.payload), message.retain)

    def _say(self, trouble: str) -> None:
        """Note what is wrong; logged once. Whoever asks for it warns people: the outbox, and ``check`` in its table."""
        if trouble != self.trouble:
            _LOGGER.info("%s", trouble)
        self.trouble = trouble

    def _log(self, client: "paho.Client", _: Any, level: int, text: str) -> None:
        _LOGGER.log(logging.ERROR if "exception" in text else logging.DEBUG, "paho: %s", text)


def _library() -> Any:
    """The module of the client."""
    try:
        import paho.mqtt as package  # noqa: PLC0415 - an optional package
        from paho.mqtt import client  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("[mqtt] needs the package paho-mqtt: pip install 'ocr-edge[mqtt]'") from error
    if not hasattr(client, "CallbackAPIVersion"):
        found = getattr(package, "__version__", "an old version")
        raise ConfigError(f"[mqtt] needs paho-mqtt 2, found {found}: pip install 'ocr-edge[mqtt]'")
    return client
