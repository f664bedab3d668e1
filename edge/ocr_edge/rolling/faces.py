"""Which digit a part of one may be of: compared with the same rows of the digits of some faces. Pure.

Networks that name characters were taught whole ones: of digits of which a window shows 35 to 60 %, they name 37 %, this
names 88 % (docs/benchmarks.md).
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Glyph

ROWS, COLUMNS = 24, 16
"""What parts are compared in: rows of a whole digit, and columns of the ink of any."""
SHEET_CELL = 32
"""Side of the square that each digit of the sheet stands in, ``ROWS`` high, in the middle."""
INK = 0.3
"""Share of a pixel from which a column of a face has ink."""
PER_DIFFERENCE, PER_WIDTH = 20.0, 2.0
"""Nats for all pixels different, and for each unit of log ratio of the widths. Chosen on 300 drawn counters of another
seed than the measured ones (``benchmarks/counters.py``)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A digit of a face: ink, float32 0 to 1, shape ``(ROWS, columns)``."""

    digit: int
    ink: npt.NDArray[np.float32]


def likeness(glyph: Glyph) -> npt.NDArray[np.float32]:
    """Log-probability of each digit.

    Args:
        glyph: As high as a whole digit, without ink where it is not seen, and as wide as the ink.

    Returns:
        float32, shape ``(10,)``.
    """
    assert glyph.binary is not None
    ink = glyph.binary[..., 0]
    inked = np.flatnonzero(ink.any(axis=1))
    scale = ROWS / len(ink)
    first = min(round(inked[0] * scale), ROWS - 1)
    end = max(first + 1, round((inked[-1] + 1) * scale))
    seen = ink[inked[0] : inked[-1] + 1].astype(np.float32) / 255
    part = cv2.resize(seen, (COLUMNS, end - first), interpolation=cv2.INTER_AREA)
    width = ink.shape[1] * scale
    digits, parts, widths = _parts(first, end)
    away = np.abs(parts - part).mean(axis=(1, 2))
    scores = -PER_DIFFERENCE * away - PER_WIDTH * np.abs(np.log(widths / width))
    best = np.full(10, -np.inf, np.float32)
    np.maximum.at(best, digits, scores)
    best -= best.max()
    return np.asarray(best - np.log(np.exp(best).sum()), np.float32)


@cache
def _parts(
    first: int, end: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Some rows of all faces' digits: which digit, its ink without the columns that have none, and their number."""
    digits, parts, widths = [], [], []
    for face in _faces():
        part = face.ink[first:end]
        columns = np.flatnonzero((part > INK).any(axis=0))
        if not len(columns):
            continue
        tight = part[:, columns[0] : columns[-1] + 1]
        digits.append(face.digit)
        parts.append(cv2.resize(tight, (COLUMNS, end - first), interpolation=cv2.INTER_AREA))
        widths.append(tight.shape[1])
    return np.array(digits, np.intp), np.stack(parts), np.array(widths, np.float32)


@cache
def _faces() -> tuple[_Face, ...]:
    """The digits of the sheet ``digits.png``: a row a face, 0 to 9 from left to right."""
    data = np.frombuffer((resources.files("ocr_edge.rolling") / "digits.png").read_bytes(), np.uint8)
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)
    sheet = np.asarray(picture / np.float32(255), np.float32)
    above = (SHEET_CELL - ROWS) // 2
    return tuple(
        _Face(
            column, sheet[top + above : top + above + ROWS, column * SHEET_CELL : (column + 1) * SHEET_CELL]
        )
        for top in range(0, len(sheet), SHEET_CELL)
        for column in range(10)
    )
