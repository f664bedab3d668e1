"""The picture that frames per second are measured on: an example photo, one of the user's, or one drawn here."""

from pathlib import Path

import cv2
import numpy as np

import ocr_edge
from ocr_edge.contract.types import Glyph, Image
from ocr_edge.errors import CaptureError
from ocr_edge.segment import Segmenter
from ocr_edge.sources import pictures

DRAWN = "drawn"
"""Name of the picture that is made here."""
EXAMPLE = Path(ocr_edge.__file__).parents[2] / "examples" / "page.png"
"""In a checkout; a wheel has no examples."""
SIZE = (480, 640)
LINES = ("HEAT 417 KM", "MAX 7144 NL", "TANK 74 FLEX")

_HEIGHT, _WIDTH, _STEP = 52, 30, 46
_STROKES = {
    "A": "04 10 24|03 23",
    "E": "20 00 04 24|02 22",
    "F": "20 00 04|02 22",
    "H": "00 04|20 24|02 22",
    "K": "00 04|20 02 24",
    "L": "00 04 24",
    "M": "04 00 12 20 24",
    "N": "04 00 24 20",
    "T": "00 20|10 14",
    "X": "00 24|20 04",
    "1": "01 10 14",
    "4": "14 10 03 23",
    "7": "00 20 14",
}
"""Strokes of a character: corners as column 0 to 2 and row 0 to 4."""


def drawn() -> Image:
    """Three lines of dark text on unevenly lit paper with sensor noise, uint8 RGB, shape ``(*SIZE, 3)``.

    No font is used: OpenCV's versions draw text differently.
    """
    ink = np.zeros(SIZE, np.uint8)
    for row, line in enumerate(LINES):
        for column, character in enumerate(line):
            corner = np.array((48 + _STEP * column, 84 + 120 * row))
            for stroke in _STROKES.get(character, "").split("|"):
                points = [(int(p[0]) / 2 * _WIDTH, int(p[1]) / 4 * _HEIGHT) for p in stroke.split()]
                if points:
                    corners = np.round(corner + np.array(points)).astype(np.int32)
                    cv2.polylines(ink, [corners], isClosed=False, color=255, thickness=6)
    cover = cv2.GaussianBlur(ink, (0, 0), 0.8).astype(np.float64) / 255
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    paper = 225 - 25 * (rows / SIZE[0] + columns / SIZE[1])
    shade = paper * (1 - cover) + 45 * cover
    noise = np.random.default_rng(7).normal(0, 3, (*SIZE, 3))
    return np.asarray(np.clip(shade[..., None] + noise, 0, 255).round(), np.uint8)


def chosen(wanted: str) -> tuple[str, Image]:
    """A picture and its name.

    Args:
        wanted: A file's path; ``DRAWN``; empty for the example photo where there is one, else the drawn picture.

    Raises:
        CaptureError: The file cannot be read.
    """
    path = Path(wanted) if wanted else EXAMPLE
    if wanted == DRAWN or (not wanted and not path.is_file()):
        return DRAWN, drawn()
    return path.name, pictures.load(path)


def glyphs(name: str, image: Image, most: int) -> list[Glyph]:
    """What the segmenter takes for characters in a picture, evenly picked.

    Args:
        name: The picture's, for the error.
        image: uint8 RGB, shape ``(H, W, 3)``.
        most: How many at most.

    Raises:
        CaptureError: There are none.
    """
    found = [
        candidate.glyph
        for guess in Segmenter().guesses(image)
        for line in guess.lines
        for candidate in line.candidates
        if candidate.primary
    ]
    if not found:
        raise CaptureError(f"{name}: nothing in it looks like a character; give a picture with text")
    return found[:: -(-len(found) // most)]
