"""Regions and marks drawn on a picture: where they lie, which way their text runs, and what they say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.explain import drawing
from ocr_edge.geometry.transform import Points
from ocr_edge.sinks.annotate import colour
from ocr_edge.sinks.base import writing
from ocr_edge.trial import words
from ocr_edge.trial.looking import Looked
from ocr_edge.trial.suggest import Suggestion

LONGEST, SHORT = 1920, 960
"""Longest side of a drawing; a smaller picture is enlarged to the second, so that what is written on it can be read."""
MARK = drawing.BLUE
SILENT = drawing.RED
_PAD = 4
_FAR = 1 << 14
"""Pixels outside of the picture beyond which a line is not drawn on: OpenCV's coordinates end at some place."""


def drawn(image: Image, looked: Looked) -> Image:
    """The regions and marks of a configuration on the picture that they were tried on."""
    result = Drawing(image)
    for number, mark in enumerate(looked.marks, 1):
        result.outline(mark, f"mark {number}", SILENT if looked.problem else MARK, turned=False)
    for trial in looked.trials:
        if looked.problem:
            result.outline(trial.outline, trial.region.name, SILENT)
        else:
            paint = SILENT if trial.reading.why else colour(trial.reading.confidence)
            result.outline(trial.outline, words.caption(trial), paint)
    if looked.problem:
        result.note(looked.problem, SILENT)
    return result.finished()


def numbered(image: Image, suggestions: Mapping[int, Suggestion]) -> Image:
    """Suggested regions on their picture."""
    result = Drawing(image)
    for number, each in suggestions.items():
        paint = colour(each.reading.confidence) if each.reading.lines else SILENT
        corners = np.array(each.region.corners, np.float64)
        result.outline(corners, f"{number}: {words.shown(each.reading.text) or each.reading.why}", paint)
    return result.finished()


class Drawing:
    """A picture that outlines and words are drawn on.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``; it is not changed.
    """

    def __init__(self, image: Image) -> None:
        longest = max(image.shape[:2])
        self._scale = min(max(longest, SHORT), LONGEST) / longest
        size = max(1, round(image.shape[1] * self._scale)), max(1, round(image.shape[0] * self._scale))
        how = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_CUBIC
        self._canvas = np.array(cv2.resize(image, size, interpolation=how), np.uint8)
        self._rows = max(drawing.SMALL, round(min(size) / 50))
        self._labels: list[tuple[int, int, str, drawing.Colour]] = []

    def outline(
        self, corners: Points | None, text: str, paint: drawing.Colour, *, turned: bool = True
    ) -> None:
        """Draw an outline with words at it.

        Args:
            corners: From the top left of the text on, in pixels of the picture; None for the whole picture.
            text: What to write at it.
            paint: Its colour.
            turned: Whether it has a top: the side along the top of its text is drawn thick, the first corner is a dot.
        """
        if corners is None:
            high, wide = np.array(self._canvas.shape[:2]) / self._scale
            corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)])
        finite = np.nan_to_num(np.asarray(corners, np.float64) * self._scale, posinf=_FAR, neginf=-_FAR)
        points = np.clip(np.round(finite), -_FAR, _FAR).astype(np.int32)
        for weight, ink in ((4, (0, 0, 0)), (2, paint)):
            cv2.polylines(self._canvas, [points], True, ink, weight, cv2.LINE_AA)
        if turned:
            first, second = (tuple(int(value) for value in point) for point in points[:2])
            cv2.line(self._canvas, first, second, paint, 5, cv2.LINE_AA)
            cv2.circle(self._canvas, first, 7, paint, cv2.FILLED, cv2.LINE_AA)
        left, top = points.min(axis=0).tolist()
        self._labels.append((int(left), int(top), text, paint))

    def note(self, text: str, paint: drawing.Colour) -> None:
        """Write a line at the bottom left."""
        self._labels.append((0, self._canvas.shape[0], text, paint))

    def finished(self) -> Image:
        """The drawing, uint8 RGB, with all words on top of all outlines and none on another."""
        canvas, taken = self._canvas.copy(), list[tuple[int, int, int, int]]()
        high = self._rows + 2 * _PAD + 2
        for left, top, wanted, paint in self._labels:
            text = self._shortened(wanted, canvas.shape[1] - 2 * _PAD)
            wide = drawing.text_width(text, self._rows) + 2 * _PAD
            x = min(max(left, 0), max(0, canvas.shape[1] - wide))
            y = self._free(x, min(max(top - high - 4, 0), canvas.shape[0] - high), wide, high, taken)
            taken.append((x, y, wide, high))
            cv2.rectangle(canvas, (x, y), (x + wide, y + high), paint, cv2.FILLED)
            bright = sum(paint) > 380
            drawing.write(
                canvas, (x + _PAD, y + _PAD), text, self._rows, (0, 0, 0) if bright else (255, 255, 255)
            )
        return canvas

    def _free(self, x: int, y: int, wide: int, high: int, taken: Sequence[tuple[int, int, int, int]]) -> int:
        """The nearest row above or below one at which nothing else is written."""
        for row in sorted(range(self._canvas.shape[0] - high), key=lambda row: abs(row - y)):
            if all(
                row + high <= top or top + tall <= row or x + wide <= left or left + long <= x
                for left, top, long, tall in taken
            ):
                return row
        return y

    def _shortened(self, text: str, room: int) -> str:
        """As much of a text as fits, with two dots for the rest."""
        while len(text) > 3 and drawing.text_width(text, self._rows) > room:
            text = f"{text[: max(1, len(text) * 9 // 10 - 2)]}.."
        return text


def save(image: Image, path: Path) -> None:
    """Write an RGB picture, as PNG or JPEG by the ending of its name.

    Raises:
        ConfigError: The ending is another one, or the file cannot be written.
    """
    with writing(path):
        if path.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
            raise OSError("expected a name that ends in .png or .jpg")
        data = cv2.imencode(path.suffix.lower(), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        path.write_bytes(data.tobytes())
