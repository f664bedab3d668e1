"""Who may ask, by Host, Origin and login, and what every answer forbids the browser."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.web.answers import refusal
from ocr_edge.web.lock import Lock, TooOften

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What only this machine can be called."""
FREE = frozenset({"/login", "/page.css", "/icon.svg"})
"""What is answered to everybody: the login, and what it looks like."""
UNTIL_CHOSEN = FREE | {"/password", "/logout"}
"""What a login by one-time token may do before a password is chosen."""
SAFE = ("GET", "HEAD")
"""Methods that change nothing."""
HEADERS = {
    # No inline script or style, nothing from another host, no frame around it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not no-referrer: with it a form says "Origin: null", and would be taken for a stranger's.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?P<port>:\d{1,5})?\Z")


class Guard:
    """Stands before all routes.

    Args:
        app: What is behind it.
        settings: What it may be called, and whether a proxy stands before it.
        lock: Who is let in; None where nothing is authenticated.
    """

    def __init__(self, app: ASGIApp, settings: Http, lock: Lock | None) -> None:
        self._app, self._settings, self._lock = app, settings, lock
        own = socket.gethostname().lower()
        mine = () if settings.is_local else (own, f"{own.partition('.')[0]}.local")
        self._names = LOCAL_NAMES | {name.lower() for name in (*settings.names, *mine)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = await self._refused(Request(scope, receive))
        await (refused or self._app)(scope, receive, guarded)

    async def _refused(self, request: Request) -> Response | None:
        """The answer to a request that is not let through."""
        if not self._is_ours(request.headers.get("host", "")):
            return Response("Host is not one of ours; see http.names\n", 400, media_type="text/plain")
        if self._is_foreign(request):
            return refusal(403, "not for pages of other sites")
        if self._lock is None:
            return None
        session = self._lock.session(request.cookies.get(cookie(self._settings), ""))
        if session is not None and (request.method in SAFE or _is_own_page(request)):
            chosen = not session.must_choose or request.url.path in UNTIL_CHOSEN
            return None if chosen else RedirectResponse("/password", 303)
        return None if request.url.path in FREE else await self._without_login(request, self._lock)

    async def _without_login(self, request: Request, lock: Lock) -> Response | None:
        """The answer to a request that nobody who is logged in makes; None where it brings the password."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            try:
                if await lock.admits(given.strip(), client(request, self._settings)):
                    return None
            except TooOften as error:
                return refusal(429, str(error), {"Retry-After": f"{error.wait_s:.0f}"})
            except ConfigError as error:
                return refusal(503, str(error))
        is_page = self._settings.page is not None and request.method == "GET"
        if is_page and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return refusal(401, "log in, or send Authorization: Bearer PASSWORD", {"WWW-Authenticate": "Bearer"})

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this machine: a name of another site may be made to mean its address."""
        if not (match := _HOST.match(host)):
            return False
        name = match["name"].lower()
        if name in self._names:
            return True
        # An address cannot be made to mean another one.
        return not self._settings.is_local and _is_address(name)

    def _is_foreign(self, request: Request) -> bool:
        """Whether a browser sends this on behalf of a page of another site; a link that somebody follows is no such."""
        headers = request.headers
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
        is_reading = request.method in SAFE
        if site not in ("none", "same-origin") and not (is_reading and mode == "navigate"):
            return True
        if is_reading:
            return False
        said = headers.get("origin") or headers.get("referer")
        return said is not None and not self._is_own_origin(request, said)

    def _is_own_origin(self, request: Request, said: str) -> bool:
        try:
            parts = urlsplit(said)
        except ValueError:
            return False
        # Behind a proxy we hear plain HTTP while the browser speaks TLS.
        schemes = ("http", "https") if self._settings.behind_proxy else (request.url.scheme,)
        return parts.scheme in schemes and parts.netloc.lower() == request.headers["host"].lower()


def client(request: Request, settings: Http) -> str:
    """The address of whoever asks, an IPv6 one by its network: one household has a whole /64."""
    text = request.client.host if request.client else ""
    if settings.behind_proxy:  # the last one is what our proxy saw; those before it are hearsay
        text = request.headers.get("x-forwarded-for", text).rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_encrypted(settings: Http) -> bool:
    """Whether browsers speak TLS with us or with the proxy before us."""
    return settings.cert_file is not None or settings.behind_proxy


def cookie(settings: Http) -> str:
    """Name of the login's cookie: browsers give cookies to all ports of a host, and several daemons may share one."""
    # The prefix has browsers refuse one that was set without TLS, or by another host of the same domain.
    return f"{'__Host-' if is_encrypted(settings) else ''}ocr-edge-{settings.port}"


def _is_own_page(request: Request) -> bool:
    """Whether the browser itself says that a page of ours sends this: a cookie alone proves no wish."""
    return "origin" in request.headers or request.headers.get("sec-fetch-site") == "same-origin"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
