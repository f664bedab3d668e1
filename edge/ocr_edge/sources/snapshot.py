"""Cameras that give one JPEG for each HTTP request, and the question whether one is such a camera."""

import http.client
import time
import urllib.error
import urllib.request

import cv2
import numpy as np

from ocr_edge.config.settings import SourceSettings
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.sources import headers, urls
from ocr_edge.sources.base import Frame

MAX_BYTES = 2**25
"""Largest answer that is read: 32 MiB."""
CHUNK = 2**16


class Snapshot:
    """A camera that is asked for a picture each time one is wanted.

    Args:
        settings: ``url`` with the address.
        password: Goes with ``settings.username``.
    """

    separate = False
    drained = False

    def __init__(self, settings: SourceSettings, password: str) -> None:
        self.name = urls.shown(settings.url)
        self.grabbed_at = 0.0
        self._limit_s = settings.timeout_s
        self._data = b""
        self._url, username, inline = urls.without_login(settings.url)
        logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if settings.username or username:
            logins.add_password(None, self._url, settings.username or username, password or inline)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPDigestAuthHandler(logins), urllib.request.HTTPBasicAuthHandler(logins)
        )

    def __enter__(self) -> "Snapshot":
        self.grab()
        self.retrieve()
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def is_picture(self) -> bool:
        """Whether the camera answers with one picture and not with a stream.

        Raises:
            CaptureError: It does not answer, or refuses.
        """
        return self._ask(with_content=False)[0].startswith("image/")

    def grab(self) -> bool:
        """Ask the camera for a picture."""
        began = time.monotonic()
        kind, self._data = self._ask()
        if not kind.startswith("image/"):
            raise CaptureError(f"{self.name}: answered with {kind}, expected a picture")
        self.grabbed_at = began
        return True

    def retrieve(self) -> Frame:
        """The picture that came."""
        image = _decode(self._data)
        if image is None:
            raise CaptureError(f"{self.name}: a damaged picture of {len(self._data)} bytes")
        return Frame(image, time.time() - (time.monotonic() - self.grabbed_at), self.grabbed_at, self.name)

    def _ask(self, with_content: bool = True) -> tuple[str, bytes]:
        deadline = time.monotonic() + self._limit_s
        content = bytearray()
        try:
            with self._opener.open(self._url, timeout=self._limit_s * 0.9) as answer:
                while with_content and (chunk := answer.read1(CHUNK)):
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise CaptureError(f"{self.name}: answered with more than {MAX_BYTES >> 20} MiB")
                    if time.monotonic() > deadline:
                        raise TimeoutError("too slow")
                return answer.headers.get_content_type(), bytes(content)
        except urllib.error.HTTPError as error:
            error.close()
            hint = "; check username and password_file" if error.code in (401, 403) else ""
            raise CaptureError(
                f"{self.name}: the camera answers {error.code} {error.reason}{hint}"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise CaptureError(f"{self.name}: {str(reason) or type(error).__name__}") from error


def _decode(data: bytes) -> Image | None:
    """The picture upright, RGB; None when it is cut short or none at all."""
    # A JPEG without an end would be read as far as it goes, the rest grey.
    if headers.kind(data) == "JPEG" and b"\xff\xd9" not in data[-CHUNK:]:
        return None
    try:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:
        return None
    return None if raw is None else headers.turn(np.asarray(raw, np.uint8), headers.orientation(data))
