"""The server that is attacked: what it answers, raw, and which routes it has by its own word."""

import json
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

LONGEST_S = 30.0
"""Seconds for an answer: ``/live.json`` waits 15 for a picture, and a check on a busy machine some more."""
UNKNOWN = "/no-such-route"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: code 0 where the server hung up without a word."""

    code: int
    headers: Mapping[str, str]
    body: bytes


HUNG_UP = Answer(0, {}, b"")


@dataclass(slots=True)
class Target:
    """A server at a port of this machine.

    Attributes:
        port: Its port.
        password: What opens it.
        cookie: Of a login; made by ``log_in``.
    """

    port: int
    password: str
    cookie: str = ""
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The address of its own pages."""
        return f"http://localhost:{self.port}"

    @property
    def ours(self) -> dict[str, str]:
        """Headers of a request that its own page sends for somebody who is logged in."""
        return {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Cookie": self.cookie}

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """One request, as it is written: nothing in it is corrected."""
        sent = {"Host": f"localhost:{self.port}", "Connection": "close"} | dict(headers or {})
        if body or method in ("POST", "PUT", "PATCH"):
            sent = {"Content-Length": str(len(body))} | sent
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace") + body)

    def raw(self, content: bytes) -> Answer:
        """What comes back for some bytes."""
        answer = b""
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST_S)) as link:
                link.sendall(content)
                while part := link.recv(65536):
                    answer += part
        except TimeoutError:
            raise
        except OSError:
            pass
        return parsed(answer)

    def log_in(self) -> str:
        """A new login's cookie."""
        form = urlencode({"secret": self.password}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        answer = self.ask("POST", "/login", kind, form)
        cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        if answer.code != 303 or not cookie:
            raise ValueError(f"no login: the server answered {answer.code}")
        return cookie

    def discover(self) -> None:
        """Find all routes and their methods out of what the server says of itself to who is logged in."""
        self.cookie = self.log_in()
        said = json.loads(self.ask("GET", UNKNOWN, self.ours).body)["error"]
        for path in re.findall(r"/[^ ,]*", said.partition("there is ")[2]):
            # A method that no route has is answered with those that it has.
            refused = self.ask("BREW", path, self.ours)
            allowed = re.findall(r"[A-Z]+", json.loads(refused.body)["error"].partition("use ")[2])
            self.routes[path] = tuple(sorted(set(allowed) - {"HEAD"})) or ("GET",)


def parsed(answer: bytes) -> Answer:
    """An answer's parts."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    match = re.match(r"HTTP/1\.1 (\d{3})", first)
    if match is None:
        return HUNG_UP
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(match[1]), headers, body)
