"""A picture with what was read in it: a box around each character, text and confidence above each line."""

import statistics
from dataclasses import dataclass
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
_HERSHEY = cv2.FONT_HERSHEY_SIMPLEX
SMALL = 28
"""Rows of a character under which its box is a thin line."""
_PAD = 4

Colour = tuple[int, int, int]


def annotate(image: Image, reading: Reading) -> Image:
    """Draw a reading onto its picture.

    Boxes run from red (confidence 0) over amber to green (1). The text above a line stands on a filled label
    of the same colour; letters that OpenCV cannot draw are shown as ``?``. Where labels would hide text, they
    stand in a margin: above the topmost lines, or at the right of a page whose lines are close.

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
    font = _font(reading, size, scale)
    tops = [line.box.top * scale for line in reading.lines]
    captions = [_caption(line) for line in reading.lines]
    dense = _is_dense([line.box for line in reading.lines], font.rows / scale)
    band = font.rows + 1 if not dense and (not tops or min(tops) < font.rows + 1) else 0
    right = max(0, NARROWEST - size[0])
    if dense:
        right = max(right, min(max(font.columns(text) for text in captions) + 3 * _PAD, size[0]))
    canvas = np.asarray(
        cv2.copyMakeBorder(scaled, band, 0, 0, right, cv2.BORDER_CONSTANT, value=BAND), np.uint8
    )
    for line in reading.lines:
        for character in line.characters:
            _frame(canvas, _place(character.box, scale, band), colour(character.confidence))
    free = 0
    for line, text in sorted(zip(reading.lines, captions, strict=True), key=lambda pair: pair[0].box.top):
        place = _place(line.box, scale, band)
        if dense:
            free = max(place[1] + font.rows, free + font.rows + 1)
            place = (size[0] + _PAD, free + 1, size[0] + _PAD, free)
        _label(canvas, place, text, colour(line.confidence), font)
    if not reading.lines:
        _label(canvas, (0, band, 0, band), f"({reading.why or 'no text'})", (200, 200, 200), font)
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


@dataclass(frozen=True, slots=True)
class _Font:
    """How labels are written: OpenCV's scale and stroke width, and a label's rows above and in all."""

    scale: float
    weight: int
    ascent: int
    rows: int

    def columns(self, text: str) -> int:
        """Width of a text."""
        return int(cv2.getTextSize(text, _HERSHEY, self.scale, self.weight)[0][0])


def _font(reading: Reading, size: tuple[int, int], scale: float) -> _Font:
    """Letters for a picture of this size, smaller where the lines themselves are small."""
    by_picture = min(max((size[0] * size[1]) ** 0.5 / 40, 16.0), 30.0)
    by_lines = statistics.median(line.box.height * scale for line in reading.lines) if reading.lines else 30.0
    rows = min(by_picture, max(by_lines * 0.7, 12.0))
    weight = 2 if rows > 20 else 1
    # Measured, because the versions of OpenCV draw the same font in different sizes.
    font_scale = rows / cv2.getTextSize("Ag", _HERSHEY, 1.0, weight)[0][1]
    (_, ascent), descent = cv2.getTextSize("Ag", _HERSHEY, font_scale, weight)
    return _Font(font_scale, weight, ascent, ascent + descent + _PAD)


def _is_dense(boxes: list[Box], rows: float) -> bool:
    """Whether a label of some rows above one line would cover another line."""
    above = [Box(box.left, round(box.top - rows), box.width, max(1, round(rows))) for box in boxes]
    covered = sum(
        any(o is not b and label.overlap(o) for o in boxes) for b, label in zip(boxes, above, strict=True)
    )
    return len(boxes) > 3 and covered > len(boxes) / 4


def _caption(line: Line) -> str:
    text = "".join(c if " " <= c <= "~" else "?" for c in line.text)
    return f"{text} {line.confidence:.0%}"


def _place(box: Box, scale: float, band: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom on the canvas."""
    left, top = round(box.left * scale), round(box.top * scale) + band
    return left, top, max(left + 1, round(box.right * scale)), max(top + 1, round(box.bottom * scale) + band)


def _frame(canvas: Image, place: tuple[int, int, int, int], paint: Colour) -> None:
    """A coloured rectangle, with a dark rim where there is room for one. What lies outside is not drawn."""
    height, width = canvas.shape[:2]
    # OpenCV takes 32-bit numbers only; a side far outside of the canvas is as good as one just outside.
    left, right = (min(max(x, -9), width + 9) for x in (place[0], place[2]))
    top, bottom = (min(max(y, -9), height + 9) for y in (place[1], place[3]))
    corners = (left, top), (right - 1, bottom - 1)
    if place[3] - place[1] < SMALL:
        cv2.rectangle(canvas, *corners, paint, 1)
        return
    cv2.rectangle(canvas, *corners, (0, 0, 0), 4)
    cv2.rectangle(canvas, *corners, paint, 2)


def _label(canvas: Image, place: tuple[int, int, int, int], text: str, paint: Colour, font: _Font) -> None:
    """Text on a filled label above a place, or below it where there is no room, moved into the canvas."""
    height, width = canvas.shape[:2]
    text = _shorten(text, font, width - 2 * _PAD)
    wide = font.columns(text) + 2 * _PAD
    top = place[1] - font.rows - 1 if place[1] > font.rows else place[3]
    left, top = min(max(place[0], 0), max(0, width - wide)), min(max(top, 0), max(0, height - font.rows))
    cv2.rectangle(canvas, (left, top), (left + wide, top + font.rows), paint, cv2.FILLED)
    bright = paint[0] * 0.3 + paint[1] * 0.59 + paint[2] * 0.11 > 105
    ink = (0, 0, 0) if bright else (255, 255, 255)
    start = (left + _PAD, top + font.ascent + _PAD // 2)
    cv2.putText(canvas, text, start, _HERSHEY, font.scale, ink, font.weight, cv2.LINE_AA)


def _shorten(text: str, font: _Font, room: int) -> str:
    """As much of the text as ``room`` columns hold, with two dots for the rest."""
    while len(text) > 1 and (wide := font.columns(text)) > room:
        keep = min(len(text) - 1, len(text) * room // wide)
        text = f"{text[: keep - 2]}.." if keep > 2 else text[:1]
    return text
