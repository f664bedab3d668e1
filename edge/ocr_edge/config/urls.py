"""What ``source.url`` says: which kind of source and where, and how it may be shown."""

import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from ocr_edge.errors import ConfigError

KINDS = ("picamera2", "v4l2", "rtsp", "rtsps", "http", "https", "file", "dir", "video")
NETWORK = ("rtsp", "rtsps", "http", "https")
ON_DISK = ("file", "dir", "video")

_EXAMPLES = (
    "picamera2:0, v4l2:/dev/video0, rtsp://HOST/PATH, http://HOST/PATH, file:PICTURE, dir:FOLDER, video:FILE"
)


def split(url: str) -> tuple[str, str]:
    """Take the setting apart.

    Args:
        url: ``source.url``; ``/dev/video0`` and ``webcam:0`` are short for ``v4l2:/dev/video0``.

    Returns:
        One of ``KINDS``, and what is opened: the index of a camera, a path, or the whole URL of a network camera.

    Raises:
        ConfigError: It is none of these.
    """
    if url.startswith("/dev/video"):
        return "v4l2", url
    kind, _, rest = url.partition(":")
    kind = kind.lower()
    if kind == "webcam":
        kind, rest = "v4l2", f"/dev/video{rest or 0}"
    if kind == "picamera2" and not rest:
        rest = "0"
    if kind not in KINDS and ":" not in url:
        meant = (
            f" {url!r}: its kind is missing, as in file:{url}" if "@" not in url else ": its kind is missing"
        )
        raise ConfigError(f"source.url{meant}; known are {_EXAMPLES}")
    if kind not in KINDS:
        # Where the rest may hold a password, only the part before the colon is shown.
        meant = kind + ":" if "@" in url or "//" in url else url
        raise ConfigError(f"source.url {meant!r}: unknown kind of source; known are {_EXAMPLES}")
    if kind == "picamera2" and not re.fullmatch(r"\d{1,2}", rest):
        raise ConfigError(f"source.url {url!r}: expected the number of a camera, such as picamera2:0")
    if kind in NETWORK:
        _check_network(url, kind)
        return kind, url
    if not rest:
        raise ConfigError(f"source.url {url!r}: a path is missing, as in {_EXAMPLES}")
    return kind, rest


def anchored(url: str, folder: Path) -> str:
    """The same setting with the relative path of a file or folder taken from ``folder``."""
    kind, colon, rest = url.partition(":")
    if kind.lower() not in ON_DISK or not rest:
        return url
    return f"{kind}{colon}{folder / Path(rest).expanduser()}"


def shown(url: str) -> str:
    """The setting as it may be logged: without user, password and query."""
    kind = url.partition(":")[0].lower()
    if kind not in NETWORK:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{kind}:"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def with_login(url: str, username: str, password: str) -> str:
    """A network URL that carries the credentials; the same when there is no user name."""
    if not username:
        return url
    parts = urlsplit(url)
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))


def without_login(url: str) -> tuple[str, str, str]:
    """A network URL without the credentials in it, its user name and its password."""
    parts = urlsplit(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return plain, unquote(parts.username or ""), unquote(parts.password or "")


def _check_network(url: str, kind: str) -> None:
    try:
        parts = urlsplit(url)
        found = bool(parts.hostname) and parts.port != 0
    except ValueError:
        found = False
    if not found:
        raise ConfigError(f"source.url: expected {kind}://HOST/PATH or {kind}://HOST:PORT/PATH")
