"""Reads a picture by its ink: guesses at what is ink, lines of it, glyphs cut out of each, and the graph over them.

So bundles read that have characters alone, or a line stage without a detector.
"""

import time as clock
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.geometry import skew
from ocr_edge.geometry.transform import Matrix
from ocr_edge.layout.selection import fills, is_settled
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.line_reader import around
from ocr_edge.recognize.places import Place, place_of
from ocr_edge.recognize.strips import StripReader
from ocr_edge.segment import CandidateLine, Segmenter
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.lattice import Scored, unsure
from ocr_edge.segment.segmenter import Guess
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import TIME_UP, Trace

SAMPLE = 8
"""Candidates of a longer line that are looked at before the others: a texture is known by a few."""
MIN_CHARACTER = 0.1
"""Mean probability that its candidates are characters, from which a line is worth a closer look."""
UNSURE = float(np.log(0.85))
"""A plain reading less sure than this has its cuts and joins scored too."""


class InkReader:
    """Reads by cutting.

    Args:
        segmenter: Guesses at the ink, and finds lines in it.
        strips: Reads the lines where the bundle has a line stage.
        recognizer, decoder: Else name glyphs and choose a way through them; None where the line stage reads.
        has_pattern: Whether every line must match a pattern: then what nobody can read is kept too.
        trace: Is told what is done with a picture.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        strips: StripReader,
        recognizer: Recognizer | None,
        decoder: Decoder | None,
        *,
        has_pattern: bool,
        trace: Trace,
    ) -> None:
        self.segmenter, self.strips = segmenter, strips
        self._recognizer, self._decoder = recognizer, decoder
        self._has_pattern, self._trace = has_pattern, trace

    def read_crop(self, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read a picture that one line fills: the first guess that reads well is enough."""
        if whole := self.strips.whole(image, watch, trace=self._trace.line()):
            return [whole]
        places: list[Place] = []
        leaning = True
        for guess in watch.each("segment", self.segmenter.guesses(image)):
            self._trace.add(guess)
            self._read_lines(image, guess.lines, places, watch, ends)
            if any(place.reading and fills(place.reading, image.shape[:2]) for place in places):
                leaning = False
                break
        if leaning and abs(slant := skew.slant(luminance(image))) >= skew.MIN_SLANT:
            straight, back = skew.upright(image, slant)
            places += self._read_found(straight, self._found(straight, watch, ends), back, watch, ends)
        return places

    def read_scene(self, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read a picture of anything: every line of every guess."""
        return self._read_found(image, self._found(image, watch, ends), None, watch, ends)

    def _found(self, image: Image, watch: Stopwatch, ends: float) -> list[CandidateLine]:
        """The lines of a picture."""
        return self._in_time(self.segmenter.guesses(image), watch, ends)

    def _in_time(self, guesses: Iterator[Guess], watch: Stopwatch, ends: float) -> list[CandidateLine]:
        """The lines of all guesses that there is time for."""
        found: list[CandidateLine] = []
        for guess in watch.each("segment", guesses):
            self._trace.add(guess)
            found += guess.lines
            if clock.perf_counter() > ends:
                break
        return found

    def _read_found(
        self, image: Image, lines: Sequence[CandidateLine], back: Matrix | None, watch: Stopwatch, ends: float
    ) -> list[Place]:
        """Read lines whose pixels a matrix takes back to the picture's."""
        places: list[Place] = []
        self._read_lines(image, lines, places, watch, ends)
        for place in places:
            place.back = back
        return places

    def _read_lines(
        self,
        image: Image,
        lines: Iterable[CandidateLine],
        places: list[Place],
        watch: Stopwatch,
        ends: float,
    ) -> None:
        """Read lines, the most promising first; a place that is read surely is not read again in another guess."""
        settled = [place.reading.line.box for place in places if place.reading and place.reading.is_sure]
        lines = list(lines)
        boxes = [line.box for line in lines] if self.strips.lines else []
        for line in sorted(lines, key=lambda item: item.promise, reverse=True):
            if clock.perf_counter() > ends:
                self._trace.add(TIME_UP)
                break
            if is_settled(line.pieces, settled):
                continue
            if (place := place_of(line, places)) is None:
                place = Place(line.box, line.polarity, image=image, trace=self._trace.line())
                place.trace.add(place)
            is_seen = self._read_strip(place, line, boxes, watch) or self._read_cuts(place, line, watch)
            if not is_seen and not self._has_pattern:
                continue
            if not place.lines:
                places.append(place)
            place.lines.append(line)
            if place.reading and place.reading.is_sure:
                settled.append(place.reading.line.box)

    def _read_strip(self, place: Place, line: CandidateLine, boxes: Sequence[Box], watch: Stopwatch) -> bool:
        """Read another finding of a place's line with the line stage; whether it sees text in it."""
        if self.strips.lines is None or place.image is None:
            return False
        strip = self.strips.strip(place, around(line.box, place.image.shape[:2], boxes), watch, line.box)
        if strip and (place.strip is None or strip.confidence > place.strip.confidence):
            place.strip, place.reading = strip, strip.rated
        return strip is not None

    def _read_cuts(self, place: Place, line: CandidateLine, watch: Stopwatch) -> bool:
        """Read another finding of a place's line by cutting it; whether there are characters in it."""
        if self._recognizer is None or self._decoder is None:
            return False
        with watch.step("recognize"):
            scored = self._score(self._recognizer, self._decoder, line)
        if scored is None:
            return False
        place.guesses.append(scored)
        with watch.step("decode"):
            place.reading = self._decoder.decode(place.guesses, place.trace)
        return True

    def _score(self, recognizer: Recognizer, decoder: Decoder, line: CandidateLine) -> Scored | None:
        """Score the plain reading of a line, and the alternatives of what is unsure in it; None for a texture."""
        scores = np.full((len(line.candidates), len(recognizer.labels)), np.nan, np.float32)
        plain = [i for i, candidate in enumerate(line.candidates) if candidate.primary]
        few = plain[:: max(1, len(plain) // SAMPLE)]
        _fill(recognizer, line, scores, few)
        if len(plain) > SAMPLE and np.exp(scores[few]).sum(axis=1).max() < MIN_CHARACTER:
            return None
        _fill(recognizer, line, scores, [row for row in plain if row not in few])
        if np.exp(scores[plain]).sum(axis=1).mean() >= MIN_CHARACTER:
            _fill(recognizer, line, scores, unsure(line, decoder.sureness(scores), UNSURE))
        return Scored(line, scores, decoder.sureness(scores))


def _fill(recognizer: Recognizer, line: CandidateLine, scores: Scores, rows: Sequence[int]) -> None:
    if rows:
        scores[rows] = recognizer.recognize([line.candidates[row].glyph for row in rows])
