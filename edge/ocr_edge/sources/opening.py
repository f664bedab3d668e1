"""``source.url`` becomes the source that it names."""

import os
from pathlib import Path

from ocr_edge.config import urls
from ocr_edge.config.settings import SourceSettings
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.sources.base import Source
from ocr_edge.sources.camera import Camera
from ocr_edge.sources.folder import Folder
from ocr_edge.sources.http_camera import HttpCamera
from ocr_edge.sources.still import Still
from ocr_edge.sources.stream import Stream
from ocr_edge.sources.video import Clip
from ocr_edge.system import credentials


def open_source(settings: SourceSettings, state: Path | None = None, commit_s: float = 0.0) -> Source:
    """Make the source that the settings name; nothing is opened before its ``with``.

    Args:
        settings: ``[source]``.
        state: The daemon's state folder, where ``dir:`` remembers what it has read.
        commit_s: Seconds until a reading is on the disk.

    Returns:
        The source, not open yet.

    Raises:
        ConfigError: The address makes no sense or does not go with the mode, a folder or video is missing,
            picamera2 is not installed, or the password cannot be read.
    """
    kind, where = urls.split(settings.url)
    if settings.mode == "trigger" and kind in ("dir", "video"):
        raise ConfigError(
            f'source.mode "trigger": {kind}: gives its pictures by itself; use mode = "interval", or one'
            " picture that can be asked for: a camera, a stream or a file"
        )
    match kind:
        case "picamera2":
            return Camera(int(where), settings)
        case "v4l2":
            return Stream(where, where, settings)
        case "file":
            # A trigger asks for the picture as it is, changed or not.
            return Still(Path(where), bool(settings.separate) and settings.mode != "trigger")
        case "dir":
            return Folder(_existing(Path(where), "folder"), state, commit_s)
        case "video":
            return Clip(_existing(Path(where), "file"))
    return _network_camera(kind, settings)


def is_separate(settings: SourceSettings) -> bool:
    """Whether each of its pictures shows a thing of its own, which is answered whatever was said before."""
    usual = urls.split(settings.url)[0] == "dir" or settings.mode == "trigger"
    return usual if settings.separate is None else settings.separate


def problem(settings: SourceSettings) -> str:
    """What would keep a source from working, as far as that can be seen without opening it.

    Args:
        settings: ``[source]``.

    Returns:
        One line; empty when nothing is wrong. A camera that is missing now is named too: the daemon would wait
        for it.
    """
    try:
        kind, where = urls.split(settings.url)
        open_source(settings)
    except OcrEdgeError as error:
        return str(error)
    if kind == "v4l2" and not os.path.exists(where):
        return f"{where}: no such device; is the camera plugged in?"
    if kind == "v4l2" and not os.access(where, os.R_OK | os.W_OK):
        return f"{where}: no permission; add the user to the group video"
    if kind == "file" and not os.path.isfile(where):
        return f"{where}: {_no_file(where)}"
    return ""


def _network_camera(kind: str, settings: SourceSettings) -> Source:
    password = credentials.read(settings.password_file)
    if kind in ("http", "https"):
        return HttpCamera(settings, password)
    address = urls.with_login(settings.url, settings.username, password)
    return Stream(address, urls.shown(settings.url), settings)


def _no_file(where: str) -> str:
    """Why a path is no picture's, and what to write."""
    return (
        "is a folder, expected a picture; for its pictures write dir:"
        if os.path.isdir(where)
        else "no such file"
    )


def _existing(path: Path, what: str) -> Path:
    path = path.expanduser()
    try:
        there = path.exists()
    except OSError as error:  # a folder above it that this user may not enter
        raise ConfigError(f"source.url: {path.absolute()}: cannot be looked at: {error.strerror}") from error
    if not there:
        raise ConfigError(f"source.url: {path.absolute()}: no such {what}")
    if path.is_dir() != (what == "folder"):
        other = "file" if what == "folder" else "folder"
        raise ConfigError(f"source.url: {path.absolute()}: is a {other}, expected a {what}")
    return path
