"""Logging in and out, and choosing the password: plain forms that need no script."""

import html
from string import Template
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ocr_edge.config.settings import Http
from ocr_edge.errors import ConfigError
from ocr_edge.web import assets
from ocr_edge.web.guard import client, cookie, is_encrypted
from ocr_edge.web.lock import Lock, TooOften

PLAIN = "This connection is not encrypted: whoever is in this network can read the password on its way."


def routes(lock: Lock, settings: Http) -> list[Route]:
    """The routes of the login.

    Args:
        lock: Who is let in.
        settings: How the cookie is to be.
    """
    forms = Forms(lock, settings)
    return [
        Route("/login", forms.login, methods=["GET", "POST"]),
        Route("/password", forms.password, methods=["GET", "POST"]),
        Route("/logout", forms.logout, methods=["POST"]),
    ]


class Forms:
    """What the routes do; see ``routes``."""

    def __init__(self, lock: Lock, settings: Http) -> None:
        self._lock, self._settings = lock, settings
        self._cookie = cookie(settings)
        self._pages = {name: Template(assets.read(f"{name}.html").decode()) for name in ("login", "password")}

    async def login(self, request: Request) -> Response:
        """The form, or what comes of it."""
        if request.method != "POST":
            return self._page("login", request)
        given = (await _fields(request)).get("secret", "").strip()
        try:
            key = await self._lock.log_in(given, client(request, self._settings)) if given else ""
        except TooOften as error:
            return self._page("login", request, str(error), 429, {"Retry-After": f"{error.wait_s:.0f}"})
        except ConfigError as error:
            return self._page("login", request, str(error), 503)
        if not key:
            return self._page(
                "login", request, "That is not the password, nor a token that is still good.", 403
            )
        return self._welcome(key)

    async def password(self, request: Request) -> Response:
        """The form for another password, or what comes of it."""
        session = self._lock.session(request.cookies.get(self._cookie, ""))
        if session is None:  # a program with the password of old
            return RedirectResponse("/login", 303)
        if request.method != "POST":
            return self._page("password", request, first=session.must_choose)
        fields = await _fields(request)
        first, again, old = (fields.get(name, "") for name in ("password", "again", "old"))
        try:
            if not session.must_choose and not await self._lock.confirms(
                old, client(request, self._settings)
            ):
                return self._page("password", request, "The password used until now is another one.", 403)
            if first != again:
                raise ConfigError("The two are not the same.")
            return self._welcome(await self._lock.choose(first))
        except TooOften as error:
            return self._page("password", request, str(error), 429, {"Retry-After": f"{error.wait_s:.0f}"})
        except ConfigError as error:
            return self._page("password", request, str(error), 400, first=session.must_choose)

    async def logout(self, request: Request) -> Response:
        """End the login."""
        self._lock.log_out(request.cookies.get(self._cookie, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(self._cookie, **self._flags)
        return answer

    def _welcome(self, key: str) -> Response:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, key, **self._flags)
        return answer

    @property
    def _flags(self) -> dict[str, Any]:
        """Of the cookie: for no script, for no other site's pages, for TLS alone where there is TLS."""
        return {"path": "/", "httponly": True, "samesite": "strict", "secure": is_encrypted(self._settings)}

    def _page(
        self,
        name: str,
        request: Request,
        message: str = "",
        code: int = 200,
        headers: dict[str, str] | None = None,
        *,
        first: bool = False,
    ) -> Response:
        is_plain = not self._settings.is_local and request.url.scheme == "http"
        text = self._pages[name].substitute(
            message=html.escape(message),
            has_message="" if message else "hidden",
            note=PLAIN,
            has_note="" if is_plain and not is_encrypted(self._settings) else "hidden",
            first="hidden disabled" if first else "",
        )
        return HTMLResponse(text, code, headers)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; the connection has seen to it that the body is small."""
    try:
        fields = parse_qs((await request.body()).decode(), max_num_fields=10, keep_blank_values=True)
    except ValueError:  # no UTF-8 text, or too many
        return {}
    return {name: values[0] for name, values in fields.items()}
