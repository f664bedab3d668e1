"""Reads a text that goes over several rows, such as a plate's, as one. Pure: no file, no camera.

The picture is cut between its rows; where that is not surely read, the lines are found as in any picture. With a
pattern, each set of rows that may be meant is searched as a whole; the reading that explains most stands.
"""

import itertools
import math
import time as clock
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.line_decoder import Decoded
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.geometry import rectify
from ocr_edge.layout.rows import apart, bands, in_rows
from ocr_edge.layout.selection import RatedLine
from ocr_edge.pipeline import Pipeline, Readers
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.recognize.line_reader import (
    SURE_LINE,
    LineReader,
    Strip,
    StripReading,
    ToPicture,
    around,
    calibrated_sure,
)
from ocr_edge.recognize.lines import Posteriors
from ocr_edge.recognize.places import SAID, Place
from ocr_edge.segment import Segmenter
from ocr_edge.segment.decoder import Decoder
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import OFF, Trace

Rows = int | Literal["any"]
"""How many rows a text has; ``any``: all lines of the picture are one text."""
MOST_NEAR = 3
"""Lines beside which a row that was not found is looked for, the most promising."""
ABOVE, BESIDE = 1.7, 0.6
"""How far another row reaches beyond one, in heights of it: a higher one with a gap, and a few letters longer."""
MOST_ROWS = 6
"""Most rows of a picture that are tried with each other, the most promising: of six there are 15 pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A line that may be a row, or part of one.

    Attributes:
        place: Where it was found, with what the character stage says of it; None where the picture was cut.
        box: In the whole picture.
        strip: Where its strip is, what the network says of it and the line in it; None where it was not asked.
        back: Takes boxes of the strip to the whole picture.
    """

    place: Place | None
    box: Box
    strip: tuple[Box, Posteriors, Box] | None
    back: ToPicture

    @property
    def value(self) -> float:
        """How much it explains."""
        return self.place.reading.value if self.place and self.place.reading else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """A text and the lines that it was read from, in reading order.

    Attributes:
        rated: The text.
        parts: Its lines.
        decoded: The same in the columns of all strips; None where the line stage did not read them together.
    """

    rated: RatedLine
    parts: Sequence[_Part]
    decoded: Decoded | None = None


class RowsReader:
    """Reads pictures of one text that goes over rows.

    Args:
        bundle: A loaded bundle.
        pattern: What all of the text must match; None for anything.
        rows: How many rows it has.
        min_confidence: A text whose characters are less sure than this on average, 0 to 1, is not said.
        min_margin: Nats by which the pattern may overrule the picture.
        segmenter: Finds the lines.
        limit_s: Seconds after which less promising lines and sets of rows are left out.
        reader: Who reads, see ``Pipeline``.
        meaning: What texts stand for, where they are numbers, see ``Pipeline``.
        trace: Is told what is done with a picture.

    Attributes:
        labels: The texts that whoever is asked first can say.

    Raises:
        ModelError: The bundle lacks the only reader that is wanted.
        ConfigError: The pattern needs a character that no reader can say.
    """

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        rows: Rows = "any",
        min_confidence: float = 0.5,
        *,
        min_margin: float = MIN_MARGIN,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
        reader: Readers = "auto",
        meaning: Meaning | None = None,
        trace: Trace = OFF,
    ) -> None:
        self._trace = trace
        self._rows, self._min_confidence, self._has_pattern = rows, min_confidence, pattern is not None
        self._limit_s = limit_s
        # No pattern: one row alone never matches all of it.
        self._finder = Pipeline(
            bundle, None, 0.0, segmenter=segmenter, limit_s=limit_s / 2, reader=reader, trace=trace
        )
        self.labels = self._finder.labels
        self._lines: LineReader | None = None
        self._decoder: Decoder | None = None
        problem: ConfigError | None = None
        if bundle.lines and reader != "characters":
            try:
                self._lines = LineReader(bundle, pattern, min_margin, meaning)
            except ConfigError as error:
                problem = error
        if bundle.networks and pattern and reader != "line":
            texts = bundle.manifest.characters[0].texts
            try:
                self._decoder = Decoder(texts, pattern.over(texts), min_margin=min_margin, meaning=meaning)
            except ConfigError as error:
                problem = error
        if pattern and problem and self._lines is None and self._decoder is None:
            raise problem

    def read(self, image: Image, *, source: str = "", time: float = 0.0) -> Reading:
        """Read one picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            source: Name of the file or camera.
            time: Epoch seconds of the capture.

        Returns:
            One line, its rows joined in reading order; none, with the reason in ``why``, when nothing can be said.
        """
        watch = Stopwatch()
        self._trace.start()
        self._trace.add(replace(self._finder.asked(image), has_pattern=self._has_pattern))
        whole = Box(0, 0, image.shape[1], image.shape[0])
        best = self._best(self._cut(image, [whole]), None, watch)
        parts: list[_Part] = []
        if best is None or best.rated.line.confidence < SURE_LINE:
            parts = self._found(image, watch)
            near = [area for part in parts[:MOST_NEAR] for area in self._near(part, whole)]
            best = self._best(itertools.chain(self._sets(parts), self._cut(image, near)), best, watch)
        why = ""
        if best is None:
            why = "no text" if not parts else "pattern" if self._has_pattern else f"not {self._rows} rows"
        elif best.rated.line.character_confidence < self._min_confidence:
            why = "below min_confidence"
        if best:
            self._tell(image, best, why or SAID)
        lines = (best.rated.line,) if best and not why else ()
        return Reading(source, lines, time, why=why, timing_ms=watch.stopped())

    def _best(
        self, sets: Iterable[Sequence[Sequence[_Part]]], best: _Text | None, watch: Stopwatch
    ) -> _Text | None:
        """The best reading of sets of rows that there is time for, and of one that is known."""
        ends = clock.perf_counter() + self._limit_s / 2
        for rows in watch.each("recognize", iter(sets)):
            with watch.step("decode"):
                read = self._read(rows)
            if read and (best is None or read.rated.value > best.rated.value):
                best = read
            if clock.perf_counter() > ends:
                break
        return best

    def _tell(self, image: Image, text: _Text, verdict: str) -> None:
        """Note what each line of a text gives to it."""
        of = [_nearest(character.box, text.parts) for character in text.rated.line.characters]
        for number, part in enumerate(text.parts):
            trace = part.place.trace if part.place else self._trace.line()
            mine = np.flatnonzero(np.equal(of, number))
            characters = tuple(text.rated.line.characters[index] for index in mine)
            line = replace(text.rated.line, characters=characters)
            reading = RatedLine(line, text.rated.sure[mine])
            place = Place(part.box, reading=reading, image=image, trace=trace)
            if part.strip:
                box, posteriors, _ = part.strip
                trace.add(Strip(image, part.back(box), None, posteriors))
                if text.decoded:
                    place.strip = StripReading(reading, text.decoded, posteriors, part.back(box))
            place.decide(verdict)

    def _found(self, image: Image, watch: Stopwatch) -> list[_Part]:
        """The lines of a picture, the best first, none that covers a better one."""
        size = image.shape[:2]
        parts = []
        for place in self._finder.find(image, watch):
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
            parts.append(_Part(place, seen.line.box, strip, back))
        parts.sort(key=lambda part: part.value, reverse=True)
        return [parts[index] for index in apart([part.box for part in parts])]

    def _sets(self, parts: Sequence[_Part]) -> Iterator[Sequence[Sequence[_Part]]]:
        """The sets of rows that may be meant, each in reading order."""
        rows = [[parts[index] for index in row] for row in in_rows([part.box for part in parts])]
        likely = sorted(rows, key=lambda row: sum(part.value for part in row), reverse=True)[:MOST_ROWS]
        rows = [row for row in rows if row in likely]
        if isinstance(self._rows, int):
            chosen: Iterator[tuple[list[_Part], ...]] = itertools.combinations(rows, self._rows)
        else:
            ends = itertools.combinations(range(len(rows) + 1), 2)
            chosen = (
                (tuple(rows[first:end]) for first, end in ends) if self._has_pattern else iter([tuple(rows)])
            )
        for some in chosen:
            if some:
                yield some

    def _near(self, part: _Part, whole: Box) -> list[Box]:
        """Where a row of two is, and another one above or below it that was not found."""
        if self._rows != 2:
            return []
        box, reach, side = part.box, round(ABOVE * part.box.height), round(BESIDE * part.box.height)
        left, right = max(0, box.left - side), min(whole.right, box.right + side)
        ends = (box.top, min(whole.bottom, box.bottom + reach)), (max(0, box.top - reach), box.bottom)
        return [Box(left, top, right - left, bottom - top) for top, bottom in ends]

    def _cut(self, image: Image, areas: Iterable[Box]) -> Iterator[Sequence[Sequence[_Part]]]:
        """Rows of areas of a picture that show them alone, cut between them."""
        if self._lines is None or not isinstance(self._rows, int):
            return
        polarity = self._finder.segmenter.polarity
        for area in areas:
            part = image[area.top : area.bottom, area.left : area.right]
            for lines in bands(luminance(part), self._rows):
                boxes = [around(line, part.shape[:2]) for line in lines]
                strips = [self._lines.look(part, box, polarity) for box in boxes]
                back = partial(_moved, left=area.left, top=area.top)
                yield [
                    [_Part(None, back(line), (box, strip, line), back)]
                    for line, box, strip in zip(lines, boxes, strips, strict=True)
                ]

    def _read(self, rows: Sequence[Sequence[_Part]]) -> _Text | None:
        """A set of rows as one text; None where nothing is said, or nothing of one of them."""
        parts = [part for row in rows for part in row]
        if not self._has_pattern and all(part.place for part in parts):
            as_read = _joined(parts)
            return _Text(as_read, parts) if as_read else None
        strips = [part.strip for part in parts if part.strip]
        if self._lines and len(strips) == len(parts):
            joined = self._lines.join(strips, [part.back for part in parts])
            row_of = [number for number, row in enumerate(rows) for _ in row]
            if joined and len({row_of[strip] for strip in joined[1]}) == len(rows):
                return _Text(RatedLine(joined[0].line, calibrated_sure(joined[0])), parts, joined[0])
        guesses = [part.place.guesses for part in parts if part.place and part.place.guesses]
        if self._decoder is None or len(guesses) < len(parts):
            return None
        cut = self._decoder.join(guesses)
        return _Text(cut, parts) if cut else None


def _joined(parts: Sequence[_Part]) -> RatedLine | None:
    """Lines as they are read, one after the other, as sure as all of them are."""
    characters: list[Character] = []
    sure: list[np.ndarray] = []
    confidence = 1.0
    for part in parts:
        rated = part.place.reading if part.place else None
        if rated is None:
            return None
        first, *others = (replace(c, box=part.back(c.box)) for c in rated.line.characters)
        characters += [replace(first, space_before=bool(characters)), *others]
        sure.append(rated.sure)
        confidence *= rated.line.confidence
    return RatedLine(Line(tuple(characters), confidence), np.concatenate(sure)) if characters else None


def _nearest(box: Box, parts: Sequence[_Part]) -> int:
    """Number of the line that a character stands in."""
    y = box.top + box.height / 2

    def away(part: _Part) -> float:
        outside = max(part.box.left - box.right, box.left - part.box.right, 0)
        return abs(y - part.box.top - part.box.height / 2) + outside

    return min(range(len(parts)), key=lambda number: away(parts[number]))


def _to_picture(box: Box, matrix: np.ndarray | None, size: tuple[int, int]) -> Box:
    return box if matrix is None else rectify.moved_boxes([box], matrix, size)[0]


def _moved(box: Box, left: int, top: int) -> Box:
    return Box(box.left + left, box.top + top, box.width, box.height)
