"""A frame that is held still, so that regions can be drawn on it: in the coordinates of the configuration."""

import time
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.config import Config
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError
from ocr_edge.regions import mask
from ocr_edge.sources import pictures
from ocr_edge.web.view import View

KEPT = 2
"""Stills that are held: two people may draw at a time, and a picture of a large camera has 36 MB."""
LONGEST = 1920
"""Longest side of the JPEG: what a screen shows. Coordinates stay those of the whole picture."""
QUALITY = 85
"""Of the JPEG, 0 to 100: corners are set by edges, which must be clean."""
_HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture held still.

    Attributes:
        number: By which it is asked for.
        time: Epoch seconds of the exposure.
        flat: uint8 RGB, in the coordinates of the configuration; black where it is masked.
        raw: The frame as the camera gave it, which the marks are looked for in; None where only ``flat`` may be looked
            at, because the rest of the frame is masked.
        problem: Why regions may lie elsewhere in it; empty when they do not.
        masked: Whether nothing outside of the regions is shown.
    """

    number: int
    time: float
    flat: Image
    raw: Image | None
    problem: str
    masked: bool

    @property
    def size(self) -> tuple[int, int]:
        """``(height, width)`` of its coordinates."""
        return self.flat.shape[0], self.flat.shape[1]

    def jpeg(self) -> bytes:
        """As browsers show it."""
        image = self.flat
        if (share := LONGEST / max(image.shape)) < 1:
            image = np.asarray(
                cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8
            )
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


class Stills:
    """The newest stills; its methods are for a thread that may take its time."""

    def __init__(self) -> None:
        self._kept: deque[Still] = deque(maxlen=KEPT)
        self._count = time.time_ns() // 1_000_000  # not one of before a restart again

    def get(self, number: int) -> Still:
        """A still by its number.

        Raises:
            CaptureError: It is gone.
        """
        for still in self._kept:
            if still.number == number:
                return still
        raise CaptureError("this picture is held no longer; take a new one")

    def freeze(self, view: View) -> Still:
        """Hold what was seen in a frame."""
        image = view.image
        high, wide = view.size or image.shape[:2]
        if view.masked:
            image = mask.outside(image, [seen.corners for seen in view.regions if seen.corners is not None])
        expected = np.diag([image.shape[1] / wide, image.shape[0] / high, 1.0])
        matrix = expected if view.pose is None else view.pose
        flat = image
        if (high, wide) != image.shape[:2] or not np.allclose(matrix, np.eye(3)):
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            # OpenCV counts from the pixels' centres, the matrix from their edges.
            centred = np.linalg.inv(_HALF) @ matrix @ _HALF
            flat = np.asarray(cv2.warpPerspective(image, centred, (wide, high), flags=flags), np.uint8)
        problem = (
            ""
            if view.pose is not None or view.size is None
            else "it is not known where the regions are in it"
        )
        return self._keep(view.time, flat, None if view.masked else image, problem, masked=view.masked)

    def reference(self, config: Config) -> Still:
        """Hold the reference picture.

        Raises:
            CaptureError: It cannot be read.
        """
        assert config.picture.reference is not None
        image = pictures.load(config.picture.reference)
        masked = is_masked(config)
        if masked:
            image = mask.outside(image, [np.array(r.corners, np.float64) for r in config.region if r.corners])
        return self._keep(config.picture.reference.stat().st_mtime, image, image, "", masked=masked)

    def _keep(self, at: float, flat: Image, raw: Image | None, problem: str, *, masked: bool) -> Still:
        self._count += 1
        still = Still(self._count, at, flat, None if masked else raw, problem, masked)
        self._kept.append(still)
        return still


def is_masked(config: Config) -> bool:
    """Whether only the regions of a picture may be shown."""
    return config.picture.blank_outside and all(region.corners for region in config.region)


def uncovers(now: Config, wanted: Config, size: tuple[int, int]) -> str:
    """Why regions must not be as wanted: they would show what the owner has covered; empty when they may.

    Args:
        now: What is read with.
        wanted: What shall be.
        size: ``(height, width)`` of the coordinates.
    """
    if not is_masked(now):
        return ""
    if not is_masked(wanted):
        return (
            "picture.blank_outside covers what is outside of the regions: each region must keep its corners"
        )
    shown, more = (
        mask.outside(
            np.full(size, 255, np.uint8), [np.array(r.corners, np.float64) for r in each.region if r.corners]
        )
        for each in (now, wanted)
    )
    # A pixel more at the edges is rounding.
    grown = cv2.dilate(shown, np.ones((3, 3), np.uint8))
    if cv2.countNonZero(cv2.bitwise_and(more, cv2.bitwise_not(grown))):
        return (
            "picture.blank_outside covers what is outside of the regions, and a region here would uncover some of it;"
            " stay inside, or change the file by hand"
        )
    return ""
