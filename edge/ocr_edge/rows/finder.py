"""Where the rows of a text are: cut between them, or lines that are found and set together."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image
from ocr_edge.geometry import rectify
from ocr_edge.layout.rows import apart, bands, in_rows
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.line_reader import LineReader, around
from ocr_edge.rows.parts import Part
from ocr_edge.timing import Stopwatch

Rows = int | Literal["any"]
"""How many rows a text has; ``any``: all lines of the picture are one text."""
MOST_NEAR = 3
"""Lines beside which a row that was not found is looked for, the most promising."""
ABOVE, BESIDE = 1.7, 0.6
"""How far another row reaches beyond one, in heights of it: a higher one with a gap, and a few letters longer."""
MOST_ROWS = 6
"""Most rows of a picture that are tried with each other, the most promising: of six there are 15 pairs."""


class Finder:
    """Finds the rows of a text in a picture.

    Args:
        pipeline: Finds lines as in any picture.
        lines: Looks at each of them; None where the bundle has no line stage, or it is not to be asked.
        rows: How many rows the text has.
        has_pattern: Whether there is something that all of the text must match.
    """

    def __init__(self, pipeline: Pipeline, lines: LineReader | None, rows: Rows, has_pattern: bool) -> None:
        self._pipeline, self._lines, self._rows, self._has_pattern = pipeline, lines, rows, has_pattern

    def cut(self, image: Image, areas: Iterable[Box]) -> Iterator[Sequence[Sequence[Part]]]:
        """Rows of areas of a picture that show them alone, cut between them."""
        if self._lines is None or not isinstance(self._rows, int):
            return
        polarity = self._pipeline.segmenter.polarity
        for area in areas:
            part = image[area.top : area.bottom, area.left : area.right]
            for lines in bands(luminance(part), self._rows):
                boxes = [around(line, part.shape[:2]) for line in lines]
                strips = [self._lines.look(part, box, polarity) for box in boxes]
                back = partial(_moved, left=area.left, top=area.top)
                yield [
                    [Part(None, back(line), (box, strip, line), back)]
                    for line, box, strip in zip(lines, boxes, strips, strict=True)
                ]

    def found(self, image: Image, watch: Stopwatch) -> list[Part]:
        """The lines of a picture, the best first, none that covers a better one."""
        size = image.shape[:2]
        parts = []
        for place in self._pipeline.find(image, watch):
            seen = place.seen_in(size)
            if seen is None or seen.value <= 0:
                continue
            strip = None
            if place.strip:
                strip = place.strip.box, place.strip.posteriors, place.box
            elif self._lines and place.image is not None:
                # It said nothing of the line by itself; in all of the text it may.
                box = around(place.box, place.image.shape[:2])
                strip = box, self._lines.look(place.image, box, place.polarity), place.box
            back = partial(_to_picture, matrix=place.back, size=size)
            parts.append(Part(place, seen.line.box, strip, back))
        parts.sort(key=lambda part: part.value, reverse=True)
        return [parts[index] for index in apart([part.box for part in parts])]

    def near(self, parts: Sequence[Part], whole: Box) -> list[Box]:
        """Where one row of two may be, and the other one above or below it, which was not found; the best first."""
        if self._rows != 2:
            return []
        return [area for part in parts[:MOST_NEAR] for area in _both_ways(part.box, whole)]

    def sets(self, parts: Sequence[Part]) -> Iterator[Sequence[Sequence[Part]]]:
        """The sets of rows that may be meant, each in reading order."""
        rows = [[parts[index] for index in row] for row in in_rows([part.box for part in parts])]
        likely = sorted(rows, key=lambda row: sum(part.value for part in row), reverse=True)[:MOST_ROWS]
        rows = [row for row in rows if row in likely]
        if isinstance(self._rows, int):
            chosen: Iterator[tuple[list[Part], ...]] = itertools.combinations(rows, self._rows)
        else:
            ends = itertools.combinations(range(len(rows) + 1), 2)
            chosen = (
                (tuple(rows[first:end]) for first, end in ends) if self._has_pattern else iter([tuple(rows)])
            )
        for some in chosen:
            if some:
                yield some


def _to_picture(box: Box, matrix: np.ndarray | None, size: tuple[int, int]) -> Box:
    return box if matrix is None else rectify.moved_boxes([box], matrix, size)[0]


def _moved(box: Box, left: int, top: int) -> Box:
    return Box(box.left + left, box.top + top, box.width, box.height)


def _both_ways(box: Box, whole: Box) -> list[Box]:
    """A row with what is below it, and with what is above it."""
    reach, side = round(ABOVE * box.height), round(BESIDE * box.height)
    left, right = max(0, box.left - side), min(whole.right, box.right + side)
    ends = (box.top, min(whole.bottom, box.bottom + reach)), (max(0, box.top - reach), box.bottom)
    return [Box(left, top, right - left, bottom - top) for top, bottom in ends]
