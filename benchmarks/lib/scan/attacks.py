"""The attacks. Each tells what it tried and what was wrong, to a ``Tally``."""

import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from lib.scan.target import HUNG_UP, Answer, Target

FREE = {"/login", "/page.css", "/icon.svg"}
"""What the server answers to everybody, by its documentation."""
SECRETS = (b"root:x:", b"daemon:x:", b"argon2", b"[source]", b"Traceback", b'File "/')
"""Parts of files of the system, the configuration and the secret, and of our own errors."""
PARAMETERS = (
    "after", "number", "region", "from", "to", "text", "least", "kind", "before", "bundle", "path", "file", "id",
    "name", "sample", "picture",
)  # fmt: skip
"""Names of parameters, those that routes have and those that attackers try."""
OUTSIDE = (
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd", "..\\..\\etc\\passwd", "/etc/passwd", "//etc/passwd", "file:///etc/passwd",
    "../page-secret", "../config.toml", "..%00/page-secret", "%c0%ae%c0%ae/etc/passwd", "~/.ssh/id_rsa",
)  # fmt: skip
JUNK = (
    b"", b"{", b"null", b"[]", b'{"bundle": {}}', b'{"bundle": "../../etc"}', b'{"region": 1e999}', b"\xff\xfe" * 100,
    b"[" * 5000, b'{"a":' * 2000, b"a=b&" * 3000, b'{"bundle": "' + b"x" * 15000 + b'"}', b"PK\3\4" + b"\0" * 500,
)  # fmt: skip
"""Bodies that no route understands."""
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "G\u00cbT")
SLOW_S = 2.0
"""Seconds after which the server ends a request that has not come whole, by its documentation."""
STALLED_S = 10.0
"""The same for an upload of somebody who is logged in and sends nothing more."""
GRACE_S = 8.0
"""Seconds that the end may be late on a busy machine."""


@dataclass(slots=True)
class Tally:
    """What was tried.

    Attributes:
        tried: Requests by attack.
        codes: How often each code came back, by attack; 0 stands for a connection that was ended.
        wrong: What must not be, one line each.
    """

    tried: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def note(self, attack: str, what: str, answer: Answer, fine: Callable[[int], bool]) -> None:
        """Judge an answer: its code, and that nothing of ours is in it."""
        self.tried[attack] += 1
        self.codes.setdefault(attack, Counter())[answer.code] += 1
        if not fine(answer.code):
            self.wrong.append(f"{attack}: {what}: answered {answer.code}")
        for secret in SECRETS:
            if secret in answer.body and not what.endswith((".js", "/password", "/login", "/state.json")):
                self.wrong.append(f"{attack}: {what}: the answer holds {secret!r}")


def each(target: Target) -> Iterator[tuple[str, str]]:
    """Every route with each of its methods."""
    for path, methods in target.routes.items():
        for method in methods:
            yield method, path


def strangers(target: Target, tally: Tally) -> None:
    """Nobody, a made-up login, one that has ended, a wrong password: no route but the free ones answers them."""
    name = target.cookie.partition("=")[0]
    ended = target.log_in()
    target.ask("POST", "/logout", target.ours | {"Cookie": ended})
    who = {
        "no login": {},
        "made-up login": {"Cookie": f"{name}={'A' * 43}"},
        "ended login": {"Cookie": ended},
        "empty password": {"Authorization": "Bearer "},
        "another scheme": {"Authorization": "Basic cm9vdDpyb290"},
    }
    for method, path in each(target):
        for kind, headers in who.items():
            own = {"Origin": target.origin, "Sec-Fetch-Site": "same-origin"} | headers
            for accept in ("*/*", "text/html"):
                answer = target.ask(method, path, own | {"Accept": accept})
                led = answer.code == 303 and answer.headers.get("location") == "/login"
                if path in FREE:  # the login itself may say no
                    tally.note("strangers", f"{kind}, {method} {path}", answer, lambda code: code < 500)
                    if "set-cookie" in answer.headers:
                        tally.wrong.append(f"strangers: {kind}, {method} {path}: gave a login")
                else:
                    tally.note(
                        "strangers",
                        f"{kind}, {method} {path}",
                        answer,
                        lambda code, led=led: code == 401 or led,
                    )
    # One route is enough: each wrong password is counted against the address.
    answer = target.ask("GET", "/state.json", {"Authorization": "Bearer wrong"})
    tally.note("strangers", "wrong password, GET /state.json", answer, lambda code: code in (401, 429))


def other_sites(target: Target, tally: Tally) -> None:
    """A page of another site in a browser that is logged in; a foreign name that was made to mean this address."""
    foreign = [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{target.port + 1}"},
        {"Origin": f"https://localhost:{target.port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "http://evil.example/x"},
    ]
    hosts = [
        "evil.example",
        f"evil.example:{target.port}",
        "localhost.evil.example",
        "169.254.169.254",
        "",
        "localhost:x",
    ]
    for method, path in each(target):
        login = {"Cookie": target.cookie}
        for headers in (
            foreign if method != "GET" else [{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}]
        ):
            answer = target.ask(method, path, login | headers)
            tally.note("other sites", f"{headers}, {method} {path}", answer, lambda code: code == 403)
        if method != "GET" and path not in FREE:
            answer = target.ask(method, path, login)  # a cookie alone proves no wish
            tally.note("other sites", f"a cookie alone, {method} {path}", answer, lambda code: code == 401)
        for host in hosts:
            answer = target.ask(method, path, target.ours | {"Host": host})
            tally.note("other sites", f"Host {host}, {method} {path}", answer, lambda code: code == 400)


def outside(target: Target, tally: Tally) -> None:
    """Somebody who is logged in asks for files of the system, by path and by every parameter."""
    for path in target.routes:
        for bad in OUTSIDE:
            answer = target.ask("GET", f"{path.rstrip('/')}/{bad}", target.ours)
            tally.note("outside", f"GET {path}/{bad}", answer, lambda code: code in (0, 400, 404))
    for path, methods in target.routes.items():
        if "GET" not in methods or path == "/live.json":  # which waits for the next picture
            continue
        for name in PARAMETERS:
            for bad in (
                "../../../../etc/passwd",
                "/etc/passwd",
                "\0",
                "9" * 400,
                "-1e999",
                "' OR 1=1 --",
                "<script>",
            ):
                answer = target.ask("GET", f"{path}?{name}={quote(bad)}", target.ours)
                tally.note(
                    "outside",
                    f"GET {path}?{name}={bad[:30]!r}",
                    answer,
                    lambda code: code < 500 or code == 503,
                )


def bodies(target: Target, tally: Tally) -> None:
    """Somebody who is logged in sends what no route understands, too much, and with sizes that lie."""
    for method, path in each(target):
        if method == "GET" or path == "/logout":
            continue
        for content in JUNK:
            for kind in (
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
            ):
                answer = target.ask(method, path, target.ours | {"Content-Type": kind}, content)
                fine = lambda code: code < 500 or code in (503, 507)  # noqa: E731
                tally.note("bodies", f"{method} {path} {content[:20]!r}", answer, fine)
        for length in ("-1", "1e3", "99999999999999999999", "0x10", "5, 6"):
            answer = target.ask(method, path, target.ours | {"Content-Length": length}, b"hello")
            tally.note("bodies", f"{method} {path} Content-Length {length}", answer, lambda code: code < 500)
        lied = target.ours | {"Content-Length": "5", "Transfer-Encoding": "chunked"}
        answer = target.ask(method, path, lied, b"0\r\n\r\nGET /state.json HTTP/1.1\r\n\r\n")
        tally.note("bodies", f"{method} {path} two lengths", answer, lambda code: code < 500)
        answer = target.ask(method, path, target.ours | {"Content-Length": str(2**31)}, b"x" * 2**20)
        tally.note("bodies", f"{method} {path} 2 GiB", answer, lambda code: code in (0, 400, 403, 411, 413))


def methods(target: Target, tally: Tally) -> None:
    """Methods that a route does not have."""
    for path, allowed in target.routes.items():
        for method in METHODS:
            answer = target.ask(method, path, target.ours)
            tally.note("methods", f"{method} {path}", answer, lambda code: code in (0, 400, 405))
        if "POST" not in allowed:
            answer = target.ask("POST", path, target.ours)
            tally.note("methods", f"POST {path}", answer, lambda code: code == 405)


def heads(target: Target, tally: Tally) -> None:
    """Requests that are none: too many headers, too long, with odd bytes; and noise."""
    start = f"GET / HTTP/1.1\r\nHost: localhost:{target.port}\r\n".encode()
    dice = random.Random(1)
    contents = {
        "many headers": start + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        "a long header": start + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        "a long address": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        "a zero byte": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "two hosts": start + b"Host: evil.example\r\n\r\n",
        "no host": b"GET / HTTP/1.1\r\n\r\n",
        "an address with a host": b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "an old version": b"GET /state.json\r\n\r\n",
        "another version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00" + bytes(500),
        "a websocket": start + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
        **{f"noise {n}": dice.randbytes(2000) for n in range(20)},
    }
    # Together: most of them are ended only when their time is over.
    with ThreadPoolExecutor(len(contents)) as pool:
        for what, answer in zip(contents, pool.map(target.raw, contents.values()), strict=True):
            tally.note("heads", what, answer, lambda code: code in (0, 303, 400, 401))


def slow(target: Target, tally: Tally, *, upload: bool) -> None:
    """Clients that send a byte now and then, or nothing: strangers for long, and uploads of who is logged in."""
    host = f"Host: localhost:{target.port}\r\n"
    head = f"POST /models/upload HTTP/1.1\r\n{host}Content-Length: 1000000\r\n"
    login = f"Origin: {target.origin}\r\nCookie: {target.cookie}\r\n"
    kinds = {
        "nothing": ("", SLOW_S),
        "half a head": (f"GET / HTTP/1.1\r\n{host}", SLOW_S),
        "a body that does not come": (f"POST /login HTTP/1.1\r\n{host}Content-Length: 90\r\n\r\n", SLOW_S),
    }
    if upload:
        kinds["an upload that stalls"] = (f"{head}{login}\r\nPK", STALLED_S)
    with ExitStack() as stack:
        links = {}
        for kind, (sent, limit_s) in kinds.items():
            for number in range(8 if limit_s == SLOW_S else 1):
                link = stack.enter_context(socket.create_connection(("127.0.0.1", target.port)))
                link.sendall(sent.encode())
                links[f"{kind} {number}"] = (link, limit_s, bool(sent) and limit_s == SLOW_S)
        began = time.monotonic()
        for kind, (link, limit_s, drips) in links.items():
            ended = False
            while not ended and time.monotonic() - began < limit_s + GRACE_S:
                link.settimeout(0.5)
                try:
                    if drips:
                        link.sendall(b"X")
                    ended = not link.recv(65536)
                except TimeoutError:
                    continue
                except OSError:
                    ended = True
            tally.note("slow", kind, HUNG_UP, lambda _: True)
            if not ended:
                tally.wrong.append(f"slow: {kind}: not ended after {limit_s + GRACE_S:.0f} s")


def crowds(target: Target, tally: Tally, count: int) -> None:
    """Many connections at a time, kept open; the daemon answers others meanwhile."""
    with ExitStack() as stack:
        for _ in range(count):
            with suppress(OSError):
                link = stack.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=5))
                link.sendall(b"GET / HTTP/1.1\r\n")
                tally.tried["crowds"] += 1
        answers = []
        for _ in range(20):
            began = time.monotonic()
            answers.append((target.ask("GET", "/state.json", target.ours), time.monotonic() - began))
        good = [took for answer, took in answers if answer.code == 200]
        if len(good) < 10:
            tally.wrong.append(f"crowds: {len(good)} of 20 questions answered beside {count} connections")


def alive(target: Target) -> dict[str, object]:
    """The daemon's state, by its own answer.

    Raises:
        ValueError: It does not answer.
    """
    answer = target.ask("GET", "/state.json", target.ours)
    if answer.code != 200:
        raise ValueError(f"the daemon answers {answer.code}")
    state: dict[str, object] = json.loads(answer.body)
    return state


def files(pid: int) -> int:
    """Open files of a process."""
    return len(os.listdir(f"/proc/{pid}/fd"))
