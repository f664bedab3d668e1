"""The newest view as a JPEG and JSON, made only while somebody looks."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

import cv2
import msgspec
import numpy as np

from ocr_edge.config.settings import PageSettings
from ocr_edge.regions import mask
from ocr_edge.web.view import Newest, Seen, View
from ocr_edge.web.worker import Worker

QUALITY = 75
"""Of the JPEG, 0 to 100: 60 kB at 960 x 540; edges of letters still are without visible rings."""
WAIT_S = 15.0
"""Seconds that a question for the next picture waits for one: proxies end a silent connection after 30 and more."""
KEPT = 4
"""Pictures that can still be fetched: whoever has heard of one fetches it a moment later."""
CHARACTERS = 400
"""Characters of a region whose boxes are told: a page of print has thousands, and nobody sees their boxes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A view made ready to be sent.

    Attributes:
        number: Grows with each view.
        jpeg: The picture, masked where the owner wants that.
        told: JSON of what was seen in it.
    """

    number: int
    jpeg: bytes
    told: bytes


class Pictures:
    """Makes pictures in a thread of its own; for the loop of one server.

    At most ``frames_per_s`` are made for all who look together. A slow client gets the newest at the time it asks, and
    what lies between is dropped.

    Args:
        newest: What is seen.
        settings: How many pictures, and how large.
    """

    def __init__(self, newest: Newest, settings: PageSettings) -> None:
        self._newest, self._settings = newest, settings
        self._made: deque[Picture] = deque(maxlen=KEPT)
        self._turn = asyncio.Lock()
        self._due = 0.0
        self._worker = Worker("http-picture")

    def close(self) -> None:
        """End the thread that makes pictures."""
        self._worker.close()

    def get(self, number: int) -> Picture | None:
        """One of the newest pictures by its number; None where it is gone."""
        return next((picture for picture in self._made if picture.number == number), None)

    async def next(self, after: int, wait_s: float = WAIT_S) -> Picture | None:
        """The newest picture, as soon as it is another one than a client has.

        Args:
            after: Number of the picture that the client has; negative for none.
            wait_s: Longest wait.

        Returns:
            The picture; None when there was no other one in time.
        """
        if not await self._newest.wait(after, wait_s):
            return None
        async with self._turn:  # whoever comes first has it made, the others take the same
            last = self._made[-1] if self._made else None
            found = self._newest.get()
            assert found is not None
            if last and last.number != after and (last.number == found[1] or time.monotonic() < self._due):
                return last
            await asyncio.sleep(self._due - time.monotonic())
            found = self._newest.get()
            assert found is not None
            self._due = time.monotonic() + 1 / self._settings.frames_per_s
            view, number = found
            picture = await self._worker.do(lambda: made(view, number, self._settings.longest))
            self._made.append(picture)
            return picture


def made(view: View, number: int, longest: int) -> Picture:
    """A view as JPEG and JSON; what is masked is black before anything else is done.

    Args:
        view: What was seen.
        number: Of the view.
        longest: Longest side of the JPEG, in pixels.
    """
    image = view.image
    height, width = image.shape[:2]
    if view.masked:
        quads = [seen.corners for seen in view.regions if seen.corners is not None]
        image = mask.outside(image, quads)
    if (share := longest / max(height, width)) < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    told = {
        "number": number,
        "time": round(view.time, 3),
        "width": width,
        "height": height,
        "regions": [_told(seen) for seen in view.regions],
    }
    return Picture(number, jpeg, msgspec.json.encode(told))


def _told(seen: Seen) -> dict[str, object]:
    """What was seen in a region, as plain values."""
    told: dict[str, object] = {"region": seen.region, "problem": seen.problem, "corners": None, "lines": []}
    if seen.corners is not None:
        told["corners"] = np.nan_to_num(seen.corners).round(1).tolist()
    if (reading := seen.reading) is None:
        return told
    count = sum(len(line.characters) for line in reading.lines)
    lines = [
        {
            "text": line.text,
            "confidence": round(line.confidence, 3),
            "box": line.box.as_list(),
            "characters": [
                [character.text, round(character.confidence, 3), character.box.as_list()]
                for character in (line.characters if count <= CHARACTERS else ())
            ],
        }
        for line in reading.lines
    ]
    return told | {
        "text": reading.text,
        "confidence": round(reading.confidence, 3),
        "why": reading.why,
        "lines": lines,
        "timing_ms": {step: round(ms, 1) for step, ms in reading.timing_ms.items()},
    }
