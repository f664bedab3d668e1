"""A real mosquitto, a listener at it, and a line to it that can be made bad."""

import contextlib
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

WAIT_S = 15.0


def until(what: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Wait until something is true."""
    ends = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """mosquitto on a free port of this machine, ended with the ``with`` block.

    ``lines`` are added to its configuration; without any, everybody may do everything.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if not found:
            pytest.skip("mosquitto is not installed (apt install mosquitto)")
        self.port = free_port()
        self._folder = folder
        config = folder / "mosquitto.conf"
        # Started by root it would become another user, who may not read a test's files.
        ours = ["user root", f"listener {self.port} 127.0.0.1", "persistence false"]
        config.write_text("\n".join([*ours, *(lines or ["allow_anonymous true"])]) + "\n")
        self._command = [found, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        log = self._folder / "mosquitto.log"
        with log.open("ab") as stream:
            self._process = subprocess.Popen(self._command, stdout=stream, stderr=stream)
        until(lambda: self._answers() or self._process.poll() is not None)
        assert self._process.poll() is None, log.read_text()

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(WAIT_S)

    def stall(self) -> None:
        """Stop it as it stands: its connections stay, and nobody answers."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def flow(self) -> None:
        """Let it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            return True
        return False


class Listener:
    """Hears everything at a broker; ``heard`` holds (topic, text, retained) in order."""

    def __init__(self, port: int, topic: str = "#", **login: str) -> None:
        import paho.mqtt.client as paho

        self.heard: list[tuple[str, str, bool]] = []
        self._subscribed = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if login:
            self.client.username_pw_set(**login)
        self.client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _, __, m: self.heard.append((m.topic, _text(m.payload), m.retain))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def __enter__(self) -> "Listener":
        assert self._subscribed.wait(WAIT_S)
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, topic: str, text: str, *, retain: bool = False) -> None:
        self.client.publish(topic, text, 1, retain).wait_for_publish(WAIT_S)

    def texts(self, topic: str) -> list[str]:
        return [text for where, text, _ in list(self.heard) if where == topic]

    def last(self, topic: str) -> str:
        return (self.texts(topic) or ["nothing"])[-1]

    def until(self, topic: str, text: str) -> None:
        """Wait until the last message of a topic is this one."""
        until(lambda: self.last(topic) == text)


def retained(port: int, topic: str = "#", **login: str) -> dict[str, str]:
    """What the broker keeps; an end mark tells that all of it was heard."""
    with Listener(port, topic, **login) as listener:
        listener.say("mark/end" if topic == "#" else topic.replace("#", "end"), "end")
        until(lambda: any(text == "end" for _, text, _ in listener.heard))
        return {where: text for where, text, kept in listener.heard if kept}


class Line:
    """A TCP line to a broker, at ``port``, that can be stalled or cut; ``old``: MQTT 5 is not spoken there.

    ``sent`` is everything that went to the broker.
    """

    def __init__(self, target: int, *, old: bool = False) -> None:
        self._target, self._old = target, old
        self._open = threading.Event()
        self._open.set()
        self.sent = b""
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.close()
        self._open.set()
        self.cut()

    def stall(self) -> None:
        self._open.clear()

    def flow(self) -> None:
        self._open.set()

    def cut(self) -> None:
        """Lose the connections without a farewell."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()

    def tell_client(self, data: bytes) -> None:
        """Say something in the broker's name."""
        self._sockets[0].sendall(data)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self._old and client.recv(4096, socket.MSG_PEEK)[8:9] == b"\x05":
                    client.sendall(b"\x20\x02\x00\x01")  # CONNACK: unacceptable protocol version
                    client.close()
                    continue
                broker = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, broker]
                threading.Thread(target=self._pump, args=(client, broker, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(broker, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                self.sent += data if up else b""
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
