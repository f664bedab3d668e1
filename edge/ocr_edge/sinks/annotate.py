"""A picture with what was read in it: a box around each character, text and confidence above each line."""

import statistics
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.reading import Line, Reading
from ocr_edge.sinks.base import writing

LONGEST, SHORT = 1920, 640
"""Longest side of an annotated picture; a picture whose longest side is under ``SHORT`` is enlarged to it."""
NARROWEST = 320
"""Columns that a label needs; what a narrow picture lacks is added at its right."""
BAND = (40, 40, 40)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PAD = 4

Colour = tuple[int, int, int]


def annotate(image: Image, reading: Reading) -> Image:
    """Draw a reading onto its picture.

    Boxes run from red (confidence 0) over amber to green (1). The text above a line stands on a filled label
    of the same colour; letters that OpenCV cannot draw are shown as ``?``. A label that would not fit above
    the topmost lines gets a dark band there, so that it never hides what it names.

    Args:
        image: uint8, shape ``(H, W, 3)``, RGB; it is not changed.
        reading: Its boxes are in pixels of ``image`` and may lie outside of it.

    Returns:
        uint8, shape ``(height, width, 3)``, RGB; scaled so that boxes and labels are legible.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(max(longest, SHORT), LONGEST) / longest
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    letters = _letters(reading, size, scale)
    label = round(letters) + 2 * _PAD + 2
    tops = [line.box.top * scale for line in reading.lines]
    band = label if not tops or min(tops) < label else 0
    right = max(0, NARROWEST - size[0])
    canvas = np.asarray(
        cv2.copyMakeBorder(scaled, band, 0, 0, right, cv2.BORDER_CONSTANT, value=BAND), np.uint8
    )
    thick = max(2, round(max(size) / 640))
    for line in reading.lines:
        for character in line.characters:
            _frame(canvas, _place(character.box, scale, band), colour(character.confidence), thick)
    for line in reading.lines:
        _label(canvas, _place(line.box, scale, band), _caption(line), colour(line.confidence), letters)
    if not reading.lines:
        _label(canvas, (0, band, 0, band), f"({reading.why or 'no text'})", (200, 200, 200), letters)
    return canvas


def save(image: Image, path: Path) -> None:
    """Write an RGB picture as a JPEG file.

    Raises:
        ConfigError: The file cannot be written.
    """
    data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    with writing(path):
        path.write_bytes(data.tobytes())


def colour(confidence: float) -> Colour:
    """Red for 0, amber for 0.5, green for 1, as RGB."""
    share = min(max(confidence, 0.0), 1.0)
    return round(min(1.0, 2 - 2 * share) * 230), round(min(1.0, 2 * share) * 190), 40


def _letters(reading: Reading, size: tuple[int, int], scale: float) -> float:
    """Rows of a label's capitals: by the picture's size, smaller where the lines themselves are small."""
    by_picture = min(max((size[0] * size[1]) ** 0.5 / 40, 16.0), 30.0)
    by_lines = statistics.median(line.box.height * scale for line in reading.lines) if reading.lines else 30.0
    return min(by_picture, max(by_lines * 0.7, 12.0))


def _caption(line: Line) -> str:
    text = "".join(c if " " <= c <= "~" else "?" for c in line.text)
    return f"{text} {line.confidence:.0%}"


def _place(box: Box, scale: float, band: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom on the canvas."""
    left, top = round(box.left * scale), round(box.top * scale) + band
    return left, top, max(left + 1, round(box.right * scale)), max(top + 1, round(box.bottom * scale) + band)


def _frame(canvas: Image, place: tuple[int, int, int, int], paint: Colour, thick: int) -> None:
    """A coloured rectangle with a dark rim, seen on any background. What lies outside is not drawn."""
    height, width = canvas.shape[:2]
    # OpenCV takes 32-bit numbers only; a side far outside of the canvas is as good as one just outside.
    left, right = (min(max(x, -9), width + 9) for x in (place[0], place[2]))
    top, bottom = (min(max(y, -9), height + 9) for y in (place[1], place[3]))
    for shade, extra in (((0, 0, 0), 2), (paint, 0)):
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), shade, thick + extra)


def _label(canvas: Image, place: tuple[int, int, int, int], text: str, paint: Colour, letters: float) -> None:
    """Text on a filled label above a place, or below it where there is no room, moved into the canvas."""
    height, width = canvas.shape[:2]
    size = letters / cv2.getTextSize("Ag", _FONT, 1.0, 1)[0][1]
    weight = 2 if letters > 20 else 1
    text = _shorten(text, size, weight, width - 2 * _PAD)
    (wide, high), below = cv2.getTextSize(text, _FONT, size, weight)
    tall = high + below + _PAD
    top = place[1] - tall if place[1] >= tall else place[3]
    left = min(max(place[0], 0), max(0, width - wide - 2 * _PAD))
    top = min(max(top, 0), max(0, height - tall))
    cv2.rectangle(canvas, (left, top), (left + wide + 2 * _PAD, top + tall), paint, cv2.FILLED)
    bright = paint[0] * 0.3 + paint[1] * 0.59 + paint[2] * 0.11 > 105
    ink = (0, 0, 0) if bright else (255, 255, 255)
    cv2.putText(canvas, text, (left + _PAD, top + high + _PAD // 2), _FONT, size, ink, weight, cv2.LINE_AA)


def _shorten(text: str, size: float, weight: int, room: int) -> str:
    """As much of the text as ``room`` columns hold, with two dots for the rest."""
    while len(text) > 1 and (wide := cv2.getTextSize(text, _FONT, size, weight)[0][0]) > room:
        keep = min(len(text) - 1, len(text) * room // wide)
        text = f"{text[: keep - 2]}.." if keep > 2 else text[:1]
    return text
