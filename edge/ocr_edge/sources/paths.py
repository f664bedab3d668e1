"""What the user typed becomes the files to read."""

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr_edge.errors import CaptureError

PICTURES = (
    *(".avif", ".bmp", ".dib", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
"""Endings that make a file in a folder a picture. A file named outright is tried whatever its ending."""
VIDEOS = (
    *(".3gp", ".avi", ".m4v", ".mjpeg", ".mjpg", ".mkv"),
    *(".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"),
)
ANNOTATED = ".annotated.jpg"
"""Ending of our own annotated pictures, which a folder does not offer for reading again."""

NO_PIPE = "a pipe is not read; save the picture as a file, and name that"
_WHY_NONE = {True: "no picture or video in this folder", False: "matches no file"}


def is_video(path: Path) -> bool:
    """Whether a file is read as a video, by its ending."""
    return path.suffix.lower() in VIDEOS


def expand(paths: Sequence[str]) -> Iterator[Path]:
    """List the files that arguments stand for, each file once.

    A folder stands for the pictures and videos directly in it, a pattern with ``*``, ``?``, ``[`` or ``**``
    for the files it matches, both in natural order (``2.png`` before ``10.png``). Anything else stands for
    itself, whether it exists or not. Hidden files and our own annotated pictures in a folder are left out.

    Args:
        paths: Files, folders and patterns.

    Yields:
        Paths of files.

    Raises:
        CaptureError: After the last file: arguments that stood for nothing, all in one message.
    """
    seen: set[str] = set()
    missed = []
    for text in paths:
        try:
            found = _files(text)
        except OSError as error:
            missed.append(f"{text}: {error.strerror}")
            continue
        if not found:
            why = NO_PIPE if text == "-" else _WHY_NONE[os.path.isdir(text)]
            missed.append(f"{text or repr(text)}: {why}")
        for path in found:
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield path
    if missed:
        raise CaptureError("; ".join(missed))


def natural(path: Path) -> tuple[list[str | int], str]:
    """Sort key that orders numbers in names by value."""
    pieces: list[str | int] = list(re.split(r"(\d+)", str(path).casefold()))
    pieces[1::2] = [int(digits) for digits in pieces[1::2]]
    return pieces, str(path)


def _files(text: str) -> list[Path]:
    if os.path.isdir(text):
        return sorted((child for child in Path(text).iterdir() if _is_offered(child)), key=natural)
    if glob.has_magic(text) and not os.path.lexists(text):
        return sorted((Path(m) for m in glob.glob(text, recursive=True) if os.path.isfile(m)), key=natural)
    return [Path(text)] if text and (text != "-" or os.path.lexists(text)) else []


def _is_offered(child: Path) -> bool:
    """Whether a folder's entry is a picture or video meant to be read."""
    if child.name.startswith(".") or child.name.lower().endswith(ANNOTATED):
        return False
    return child.suffix.lower() in PICTURES + VIDEOS and os.path.isfile(child)
