"""A sample: a line that was not read for sure, what was made of it, and its picture, as one file. Pure.

The first line of the file is text: a checksum, and JSON that says what was decided and how long each part is. The parts
follow: ``strip`` (PNG), ``posteriors`` (grey PNG) and ``surroundings`` (JPEG).
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import msgspec
import numpy as np
from msgspec import Meta, Struct

from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.reading import Character

FORMAT = 1
MAX_HEAD, MAX_BYTES = 2**17, 2**24
"""Most bytes of the first line and of the file. A line of a hundred characters has 12 KiB; a strip as wide as a large
camera's picture some MiB."""
MAX_SIDE = 16384
"""Most pixels of a side of a strip: no camera has more."""
STEP = 0.1
"""Nats between two grey levels of stored posteriors, so that the least is 1e-11: 2 KB a line, where floats have 40."""
ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}\Z")
"""What a sample is called: when it was kept, in UTC, and the part of the second. No other name becomes a path."""

Reason = Literal["uncertain", "rejected", "disagrees"]
Text = Annotated[str, Meta(max_length=1000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]


class DamagedError(ValueError):
    """The bytes are not a whole sample."""


class Named(Struct, frozen=True, array_like=True):
    """A character that was read.

    Attributes:
        text: What it was read as.
        confidence: Its probability.
        box: Left, top, width and height in pixels of the strip.
        alternatives: The likeliest labels with their probabilities, best first.
        space: Whether a space precedes it.
    """

    text: Annotated[str, Meta(max_length=16)]
    confidence: Share
    box: tuple[int, int, Side, Side]
    alternatives: tuple[tuple[str, float], ...] = ()
    space: bool = False


class About(Struct, frozen=True, kw_only=True):
    """What is known of a sample.

    Attributes:
        id: See ``ID``.
        time: Epoch seconds of the capture.
        region: Where it was read.
        bundle: Name and version of what read it.
        reason: Why it is kept.
        why: The same in words.
        text: What was read; empty where nothing was.
        others: What else it may be, likeliest first: a value's rival, or what the pattern does not allow.
        value: The number that it stands for, where the region shows one and it was believed.
        confidence: Of the whole line.
        size: Height and width of the strip.
        polarity: Ink against paper where it was known.
        characters: What was read, one by one.
        labels: What the posteriors stand for, the blank not among them; empty without posteriors.
        look: Grey levels of the strip, made small, see ``likeness``.
        parts: Length and checksum of each part, in order.
    """

    id: Annotated[str, Meta(max_length=64)]
    time: float
    region: Annotated[str, Meta(max_length=64)]
    bundle: Annotated[str, Meta(max_length=300)]
    reason: Reason
    why: Text
    text: Text
    others: tuple[Text, ...] = ()
    value: float | None = None
    confidence: Share
    size: tuple[Side, Side]
    polarity: Literal["dark", "light"] | None = None
    characters: tuple[Named, ...] = ()
    labels: tuple[str, ...] = ()
    look: bytes = b""
    parts: dict[str, tuple[int, int]] = {}
    format: Literal[1] = 1

    @property
    def weakest(self) -> Named | None:
        """The character that is least sure; None where nothing was read."""
        return min(self.characters, key=lambda character: character.confidence, default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A sample in memory.

    Attributes:
        about: What is known of it.
        data: Its file.
    """

    about: About
    data: bytes


def made(about: About, parts: Mapping[str, bytes]) -> Sample:
    """A sample of what is known and its parts."""
    about = msgspec.structs.replace(
        about, parts={name: (len(part), zlib.crc32(part)) for name, part in parts.items()}
    )
    head = msgspec.json.encode(about)
    return Sample(about, b"%08x %b\n%b" % (zlib.crc32(head), head, b"".join(parts.values())))


def head(data: bytes) -> tuple[About, int]:
    """What is known of a sample, and where its parts begin.

    Args:
        data: At least the first line of its file.

    Raises:
        DamagedError: It is no sample, or not as it was written.
    """
    end = data.find(b"\n", 0, MAX_HEAD)
    line = data[:end] if end > 0 else b""
    try:
        if int(line[:8], 16) != zlib.crc32(line[9:]):
            raise DamagedError("its first line was changed")
        about = msgspec.json.decode(line[9:], type=About)
    except (ValueError, RecursionError) as error:  # msgspec's errors are such
        raise DamagedError(f"no sample: {str(error)[:100]}") from error
    if not ID.match(about.id):
        raise DamagedError(f"no sample: id {about.id[:40]!r}")
    return about, end + 1


def part(data: bytes, name: str) -> bytes:
    """A part of a sample; empty where it has none of this name.

    Args:
        data: All of its file.
        name: Of the part.

    Raises:
        DamagedError: The sample is not whole.
    """
    about, start = head(data)
    for each, (length, checksum) in about.parts.items():
        found = data[start : start + length] if length >= 0 else b""
        if len(found) != length or zlib.crc32(found) != checksum:
            raise DamagedError(f"its {each} was changed, or is not whole")
        if each == name:
            return found
        start += length
    return b""


def png(image: Image) -> bytes:
    """An RGB picture without loss."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def strip(data: bytes) -> Image:
    """The strip of a sample: uint8 RGB, shape ``(H, W, 3)``, as it was cut from the picture.

    Raises:
        DamagedError: It is no such picture.
    """
    about, _ = head(data)
    found = _decoded(part(data, "strip"), cv2.IMREAD_COLOR)
    if found.shape[:2] != about.size:
        raise DamagedError(f"its strip has shape {found.shape}, expected {about.size}")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def packed(scores: Scores) -> bytes:
    """Log-probabilities, shape ``(T, labels + 1)``, as a grey picture in steps of ``STEP``."""
    levels = np.clip(np.round(scores / -STEP), 0, 255).astype(np.uint8)
    return cv2.imencode(".png", levels)[1].tobytes()


def posteriors(data: bytes) -> Scores | None:
    """The log-probabilities of a sample, float32, shape ``(T, labels + 1)``; None where it has none.

    Raises:
        DamagedError: They are not those of its labels.
    """
    about, _ = head(data)
    if not (found := part(data, "posteriors")):
        return None
    levels = _decoded(found, cv2.IMREAD_GRAYSCALE)
    if levels.shape[1] != len(about.labels) + 1:
        raise DamagedError(f"its posteriors have {levels.shape[1]} columns, expected {len(about.labels) + 1}")
    return np.asarray(levels * np.float32(-STEP), np.float32)


def named(characters: Sequence[Character], left: int = 0, top: int = 0) -> tuple[Named, ...]:
    """Characters of a reading, their boxes moved so that a pixel becomes the first."""
    return tuple(
        Named(
            c.text,
            min(max(round(c.confidence, 4), 0.0), 1.0),
            (c.box.left - left, c.box.top - top, c.box.width, c.box.height),
            tuple((text, round(p, 4)) for text, p in c.alternatives),
            c.space_before,
        )
        for c in characters
    )


def within(box: tuple[int, int, int, int], size: tuple[int, int]) -> Box | None:
    """A box, cut at the border of a picture of ``(height, width)``; None where nothing of it is inside."""
    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(size[1], box[0] + box[2]), min(size[0], box[1] + box[3])
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _decoded(data: bytes, how: int) -> Image:
    """A picture of the file."""
    # A PNG says its size in its first bytes; what is too large must not be unpacked.
    sides = [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)]
    if data[:8] != b"\x89PNG\r\n\x1a\n" or not all(1 <= side <= MAX_SIDE for side in sides):
        raise DamagedError("a part of it is no PNG")
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as error:
        raise DamagedError("a picture of it cannot be decoded") from error
    if found is None:
        raise DamagedError("a picture of it cannot be decoded")
    return np.asarray(found, np.uint8)
