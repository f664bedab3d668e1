"""Cameras that speak HTTP: an MJPEG stream or one JPEG for each request, whichever the camera answers with."""

import http.client
import time
import urllib.error
import urllib.request
from typing import cast

from ocr_edge.config import urls
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import CaptureError
from ocr_edge.sources import decoder, headers
from ocr_edge.sources.base import Frame
from ocr_edge.sources.parts import Parts, read
from ocr_edge.sources.stream import PATIENCE

SHOWN = 200
"""Characters of what went wrong: it may quote the camera."""
UNTOLD = ("", "application/octet-stream")
"""Content types that leave it to the content whether it is a picture."""


class HttpCamera:
    """A camera behind an HTTP address; only pictures that are wanted are decoded.

    The stream is taken apart here and not by OpenCV's FFmpeg, which decodes every picture and, in version 4.11, goes
    on to give the old one when the stream changes its size.

    Args:
        settings: Where from and how patiently.
        password: Goes with ``settings.username``.
    """

    separate = False

    def __init__(self, settings: SourceSettings, password: str) -> None:
        self.name = urls.shown(settings.url)
        self.drained = self.more = False
        self.grabbed_at = 0.0
        self._limit_s = settings.timeout_s * PATIENCE
        self._stream: http.client.HTTPResponse | None = None
        self._parts: Parts | None = None
        self._data = b""
        self._url, username, inline = urls.without_login(settings.url)
        logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if settings.username or username:
            logins.add_password(None, self._url, settings.username or username, password or inline)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPDigestAuthHandler(logins), urllib.request.HTTPBasicAuthHandler(logins)
        )

    def __enter__(self) -> "HttpCamera":
        answer = self._ask()
        kind = answer.headers.get_content_type() if "Content-Type" in answer.headers else ""
        if kind.startswith("multipart/"):
            self._stream, self._parts, self.drained = answer, Parts(answer), True
            return self
        answer.close()
        if not kind.startswith("image/") and kind not in UNTOLD:
            raise CaptureError(f"{self.name}: answers with {kind}, expected image/jpeg or an MJPEG stream")
        self.grab()
        self.retrieve()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._stream:
            self._stream.close()

    def grab(self) -> bool:
        """Take the next picture of the stream, or ask for one."""
        deadline = time.monotonic() + self._limit_s
        try:
            if self._parts:
                kind, self._data = self._parts.next(deadline)
                self.grabbed_at = time.monotonic()
                return kind.startswith("image/") or (kind in UNTOLD and bool(headers.kind(self._data)))
            with self._ask() as answer:
                self.grabbed_at = deadline - self._limit_s  # the camera takes it after it was asked
                self._data = read(answer, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise self._failure(error) from error
        return True

    def retrieve(self) -> Frame:
        """The picture that came, decoded."""
        try:
            image = decoder.decode(self._data, live=True)
        except CaptureError as error:
            raise CaptureError(f"{self.name}: {error} ({len(self._data)} bytes)") from error
        age = time.monotonic() - self.grabbed_at
        return Frame(image, time.time() - age, self.grabbed_at, self.name)

    def _ask(self) -> http.client.HTTPResponse:
        try:
            return cast(http.client.HTTPResponse, self._opener.open(self._url, timeout=self._limit_s))
        except urllib.error.HTTPError as error:
            error.close()
            hint = "; check username and password_file" if error.code in (401, 403) else ""
            raise CaptureError(
                f"{self.name}: the camera answers {error.code} {error.reason}{hint}"
            ) from error
        except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
            # LookupError: urllib's, of a login that is asked for in a form that makes no sense.
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> CaptureError:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            return CaptureError(f"{self.name}: no picture in {self._limit_s:.1f} s")
        what = " ".join(str(reason).split()) or type(reason).__name__
        return CaptureError(f"{self.name}: {what[:SHOWN]}")
