"""Whether a picture shows something else than when it was last read."""

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image

CELLS = 160
"""Cells along the longer side of a picture; each is the mean of its pixels."""
MIN_CELL = 2.0
"""Pixels of the side of a cell, at least: smaller ones show noise."""
JITTER = 0.6
"""Pixels that things may seem to have moved by in a picture of full size."""
MIN_CONTRAST = 90.0
"""Grey levels that a share of the contrast is taken of at least: a plain surface has none."""
NEIGHBOURS = 9
"""Cells around one in which its contrast is looked for."""
SHADE = 25
"""Cells over which light may change: what is wider is a shadow and no character."""
DARK, BRIGHT = 5.0, 250.0
"""Grey levels outside of which the camera may have cut off what was there."""
DEVIATIONS = 6.0
"""Standard deviations of the noise that a change must exceed."""
MAX_NOISE = 2.5
"""Grey levels of noise, averaged over a cell, that are believed; more is a change of everything."""

Cells = npt.NDArray[np.float32]


class ChangeDetector:
    """Compares pictures of one thing with the one that was kept when it was last read.

    Brightness and contrast of the whole picture may differ, as may noise and compression; a single character that
    changed is seen.

    Args:
        min_change: Share of the contrast around it that some part of the picture must change by, 0 to 1.
        jitter: Pixels that things may seem to have moved by: a trembling camera, a picture compressed anew. A picture
            shrunk to a quarter takes a quarter of it, and sees smaller characters.
    """

    def __init__(self, min_change: float, jitter: float = JITTER) -> None:
        self._min_change, self._jitter = min_change, jitter
        self._size: tuple[int, ...] = ()
        self._kept: Cells | None = None

    def keep(self, image: Image) -> None:
        """Remember a picture as the one that was read: uint8 RGB, shape ``(H, W, 3)``, or grey, ``(H, W)``."""
        self._kept, self._size = _cells(image), image.shape[:2]

    def changed(self, image: Image) -> bool:
        """Whether a picture shows something else than the kept one; also true when none was kept."""
        if self._kept is None or image.shape[:2] != self._size:
            return True
        before, now = self._kept, _cells(image)
        expected = _relit(before, now)
        off = now - expected
        # What was cut off at white or black may come back as anything beyond it.
        off[(before >= BRIGHT) & (off > 0) | (before <= DARK) & (off < 0)] = 0
        off -= cv2.blur(off, (SHADE, SHADE))
        contrast = np.maximum(_range(expected, NEIGHBOURS), _range(now, NEIGHBOURS))
        np.abs(off, out=off)
        noise = min(float(np.percentile(off, 25)) / 0.32, MAX_NOISE)
        least = np.maximum(self._min_change * np.maximum(contrast, MIN_CONTRAST), DEVIATIONS * noise)
        side = max(self._size) / max(now.shape)
        return bool((off - self._jitter / side * _range(expected, 3) > least).any())


def _cells(image: Image) -> Cells:
    """The mean grey levels of the cells of a picture."""
    gray = image if image.ndim == 2 else luminance(image)
    height, width = gray.shape
    side = max(MIN_CELL, max(height, width) / CELLS)
    size = max(1, round(width / side)), max(1, round(height / side))
    # As float: rounded means would hide the noise that changes are measured against.
    return np.asarray(cv2.resize(gray.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _range(cells: Cells, side: int) -> Cells:
    """Largest less smallest value around each cell."""
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.dilate(cells, kernel) - cv2.erode(cells, kernel), np.float32)


def _relit(before: Cells, now: Cells) -> Cells:
    """A kept picture in the light of another: the gain and offset that most cells agree on."""
    inside = (before > DARK) & (before < BRIGHT) & (now > DARK) & (now < BRIGHT)
    old, new = before[inside], now[inside]
    gain, offset = 1.0, 0.0
    if old.size >= 16:
        for _ in range(3):
            spread = float(old.var())
            gain = float(((old - old.mean()) * (new - new.mean())).mean()) / spread if spread > 4 else 1.0
            gain = min(max(gain, 0.5), 2.0)
            offset = float(new.mean() - gain * old.mean())
            off = np.abs(new - gain * old - offset)
            agree = off <= max(2.5 * float(np.median(off)), 0.5)
            old, new = old[agree], new[agree]
    return np.asarray(np.clip(gain * before + offset, 0, 255), np.float32)
