"""Picture in, reading out: find lines, read them, choose. Pure: no file, no camera.

A line is read by the line stage; the character stages and their lattice answer where it is not sure, or where the
bundle has no line stage.
"""

import math
import time as clock
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image, Polarity, Scores
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.detect.crops import crops
from ocr_edge.detect.detector import Detector, Found
from ocr_edge.detect.joining import FAR_APART
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.geometry import skew
from ocr_edge.geometry.transform import Matrix
from ocr_edge.layout.selection import RatedLine, fills, is_settled, select
from ocr_edge.reading import Line, Reading
from ocr_edge.recognize.answers import Answers
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.line_reader import LineReader, StripReading, around
from ocr_edge.recognize.places import Place, in_order, place_of
from ocr_edge.recognize.weighing import letters
from ocr_edge.segment import CandidateLine, Segmenter, panels
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.lattice import Scored, unsure
from ocr_edge.segment.segmenter import Guess, is_crop, larger_scale
from ocr_edge.timing import Stopwatch

MAX_TURNS = 2
"""How often a picture is turned against the tilt of its lines: once, and once more for what was left of it."""
SAMPLE = 8
"""Candidates of a longer line that are looked at before the others: a texture is known by a few."""
MIN_CHARACTER = 0.1
"""Mean probability that its candidates are characters, from which a line is worth a closer look."""
UNSURE = float(np.log(0.85))
"""A plain reading less sure than this has its cuts and joins scored too."""
MIN_STRIP = 0.8
"""Mean probability of a character that a line of the line stage needs in a picture of anything: it sees text in leaves
and tiles. Chosen on 20 photographs of nature and the validation part of ``field_photos``."""

LIKELY, FEW = 0.5, 2
"""Confidence of the line stage in all of a crop from which so few guesses at the ink are tried beside it, and no other
slant. On the validation words, amounts and meters (n = 644) that reads as many (76.0 against 76.1 %, mean of six sets),
and one plate of 172 fewer, in 0.85 of the time."""

Readers = Literal["auto", "line", "characters"]


class Pipeline:
    """Reads pictures with a bundle.

    Args:
        bundle: A loaded bundle.
        pattern: What every line must match; None for anything.
        min_confidence: Lines whose characters are less sure than this on average, 0 to 1, are not said.
        min_margin: Nats by which the pattern may overrule the picture.
        context: Whether neighbours in a word make each other likelier: words look like words, codes like codes.
        geometry: Whether a character's size and place in its line say something about its name.
        segmenter: Finds the lines; what is known of the text's height and polarity is known to it.
        limit_s: Seconds after which the less promising lines of a picture are left out: a texture can look like
            thousands of characters.
        reader: Who reads: ``line`` and ``characters`` alone, or ``auto``, the second where the first is not sure; in a
            bundle without one of them, the other.
        meaning: What texts stand for, where lines are numbers: each then says what speaks against its value.

    Raises:
        ModelError: The bundle lacks the only reader that is wanted.
        ConfigError: The pattern needs a character that no reader can say.
    """

    _line_reader = LineReader  # what explains a reading puts one here that keeps what it was asked

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        min_confidence: float = 0.5,
        *,
        min_margin: float = MIN_MARGIN,
        context: bool = True,
        geometry: bool = True,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
        reader: Readers = "auto",
        meaning: Meaning | None = None,
    ) -> None:
        if reader != "auto" and not (bundle.lines if reader == "line" else bundle.networks):
            raise ModelError(f"bundle {bundle.path}: has no {reader.removesuffix('s')} stage")
        self._lines, self._recognizer, problem = None, None, None
        if bundle.lines and reader != "characters":
            try:
                self._lines = self._line_reader(bundle, pattern, min_margin, meaning)
            except ConfigError as error:
                problem = error
        if bundle.networks and reader != "line":
            recognizer = Recognizer(bundle)
            try:
                over = pattern.over(recognizer.labels) if pattern else None
                self._decoder = Decoder(
                    recognizer.labels,
                    over,
                    min_margin=min_margin,
                    context=context,
                    geometry=geometry,
                    meaning=meaning,
                )
                self._recognizer = recognizer
            except ConfigError as error:
                problem = error
        if self._lines is None and self._recognizer is None:
            assert problem is not None
            raise problem
        self._detector = Detector(bundle) if bundle.detectors and self._lines else None
        self._answers = Answers(self._lines, self._decoder if self._recognizer else None)
        self.segmenter = segmenter or Segmenter()
        self._limit_s = limit_s
        self._has_pattern = pattern is not None
        self._min_confidence = min_confidence

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts that the stage which is asked first can say."""
        if self._lines:
            return self._lines.labels
        assert self._recognizer is not None
        return self._recognizer.labels

    def read(self, image: Image, *, source: str = "", time: float = 0.0) -> Reading:
        """Read one picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            source: Name of the file or camera.
            time: Epoch seconds of the capture.

        Returns:
            Lines in reading order; none, with the reason in ``why``, when nothing can be said.
        """
        watch = Stopwatch()
        places = self.find(image, watch)
        with watch.step("decode"):
            lines = self._worth_saying(places, image.shape[:2])
            sure = in_order(
                [line for line in lines if line.character_confidence >= self._min_confidence], places
            )
        why = ""
        if not sure:
            why = (
                "below min_confidence" if lines else "pattern" if self._has_pattern and places else "no text"
            )
        return Reading(source, tuple(sure), time, why=why, timing_ms=watch.stopped())

    def _worth_saying(self, places: Sequence[Place], size: tuple[int, int]) -> list[Line]:
        """The lines worth saying, best first, each the one of several ways to cut it that its words suggest."""
        scene = not is_crop(size)
        seen = [
            (place, rated)
            for place in places
            if (rated := place.seen_in(size)) and not (scene and self._is_texture(place, rated))
        ]
        place_of_line = {id(rated.line): place for place, rated in seen}
        lines = select([rated for _, rated in seen], scene=scene)
        for index, line in enumerate(lines):
            place = place_of_line[id(line)]
            if (plain := place.reading) is None or place.is_of_strip:
                continue
            place.reading = self._decoder.compared(place.guesses, plain)
            if place.reading is plain:
                continue
            if (again := place.seen_in(size)) and select([again], scene=scene):
                lines[index] = again.line
            else:
                place.reading = plain
        return lines

    def _is_texture(self, place: Place, rated: RatedLine) -> bool:
        """Whether a place of a scene shows no text, as the line stage has it; what a pattern refuses may be text."""
        if place.is_of_strip:
            return bool(rated.sure.mean() < MIN_STRIP)
        return self._lines is not None and place.strip is None and not self._has_pattern

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """Read every place of a picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            watch: Counts the time of the steps.
        """
        ends = clock.perf_counter() + self._limit_s
        if is_crop(image.shape[:2]):
            return self._read_crop(image, watch, ends)
        if self._detector:
            return self._read_detected(self._detector, image, watch, ends)
        places = self._read_scene(image, watch, ends)
        if self.segmenter.text_height:
            return places
        with watch.step("segment"):
            found = panels.find(image, luminance(image))
        seen = [rated for place in places if (rated := place.seen_in(image.shape[:2])) and rated.is_sure]
        for panel in found:
            if panel.is_read([rated.line.box for rated in seen]):
                continue
            for place in self._read_crop(panel.image, watch, ends, leaning=False):
                back = panel.back if place.back is None else panel.back @ place.back
                places.append(replace(place, back=back))
        return places

    def _read_detected(self, detector: Detector, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read the lines that the detector finds."""
        with watch.step("detect"):
            pieces = detector.detect(image)
            lines = pieces.lines()
        places = self._read_lines_found(image, lines, watch, ends)
        if self._has_pattern and not any(place.reading for place in places):
            tried = {line.pieces for line in lines}
            more = [line for line in pieces.lines(FAR_APART) if line.pieces not in tried]
            places += self._read_lines_found(image, more, watch, ends)
        return places

    def _read_lines_found(
        self, image: Image, lines: Iterable[Found], watch: Stopwatch, ends: float
    ) -> list[Place]:
        """Read lines that were found, the clearest first."""
        places: list[Place] = []
        for line in sorted(lines, key=lambda line: line.score, reverse=True):
            if clock.perf_counter() > ends:
                break
            if place := self._read_line(image, line, watch):
                places.append(place)
        return places

    def _read_line(self, image: Image, line: Found, watch: Stopwatch) -> Place | None:
        """Read a line that was found, each way that it may be turned, until one is sure: the surest.

        One that the pattern refuses has no reading; None where nothing is seen, and nothing was asked for.
        """
        best: Place | None = None
        refused: Place | None = None
        for crop in crops(image, line.quad):
            whole = self._whole(crop.image, watch, crop.line)
            if whole and whole.strip and (best is None or whole.strip.confidence > _confidence(best)):
                best = replace(whole, back=crop.back)
                if whole.strip.is_sure:
                    break
            elif self._has_pattern and refused is None:
                refused = Place(crop.line, image=crop.image, back=crop.back)
        return best or refused

    def _read_crop(self, image: Image, watch: Stopwatch, ends: float, *, leaning: bool = True) -> list[Place]:
        """Read a picture that one line fills: the first guess that reads well is enough."""
        places: list[Place] = []
        found: list[CandidateLine] = []
        whole = self._whole(image, watch)
        if whole and whole.strip and whole.strip.is_sure:
            return [whole]
        is_likely = bool(whole and whole.strip and whole.strip.confidence >= LIKELY)
        guesses = self.segmenter.guesses(image)
        for guess in watch.each("segment", islice(guesses, FEW) if is_likely else guesses):
            found += guess.lines
            self._read_lines(image, guess.lines, places, watch, ends)
            if any(place.reading and fills(place.reading, image.shape[:2]) for place in places):
                leaning, found = False, []
                break
        is_read = any(place.reading for place in places)
        if whole and is_read and self._answers.whole_stands(whole, places):
            return [whole]
        if is_likely and is_read:
            return places
        found, straight, back = self._straightened(found, image, watch, ends)
        if back is not None:
            places += self._read_found(straight, found, back, watch, ends)
        elif leaning and abs(slant := skew.slant(luminance(image))) >= skew.MIN_SLANT:
            straight, back = skew.upright(image, slant)
            places += self._read_found(straight, self._found(straight, watch, ends), back, watch, ends)
        return [whole] if whole and not any(place.reading for place in places) else places

    def _read_scene(self, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read a picture of anything."""
        found, image, back = self._straightened(self._found(image, watch, ends), image, watch, ends)
        places = self._read_found(image, found, back, watch, ends)
        readings = [place.reading for place in places if place.reading and place.reading.is_sure]
        heights = [c.box.height for reading in readings for c in reading.line.characters]
        larger = None if self.segmenter.text_height else larger_scale(heights, image.shape[:2])
        if larger:
            found = self._in_time(self.segmenter.look(image, larger), watch, ends)
            places = self._read_found(image, found, back, watch, ends)
        return places

    def _straightened(
        self, lines: list[CandidateLine], image: Image, watch: Stopwatch, ends: float
    ) -> tuple[list[CandidateLine], Image, Matrix | None]:
        """Lines, the picture turned against their tilt, and the way back: as they are where there is none."""
        degrees, straight, back = 0.0, image, None
        for _ in range(MAX_TURNS):
            if abs(more := skew.tilt([line.pieces for line in lines])) < skew.MIN_TILT:
                break
            degrees += more
            straight, back = skew.straightened(image, degrees)
            lines = self._found(straight, watch, ends)
        return lines, straight, back

    def _found(self, image: Image, watch: Stopwatch, ends: float) -> list[CandidateLine]:
        """The lines of a picture."""
        return self._in_time(self.segmenter.guesses(image), watch, ends)

    def _in_time(self, guesses: Iterator[Guess], watch: Stopwatch, ends: float) -> list[CandidateLine]:
        """The lines of all guesses that there is time for."""
        found: list[CandidateLine] = []
        for guess in watch.each("segment", guesses):
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
        return [replace(place, back=back) for place in places]

    def _whole(self, image: Image, watch: Stopwatch, line: Box | None = None) -> Place | None:
        """What the line stage makes of a picture that may show one line alone; the line in it, where it is known."""
        box = Box(0, 0, image.shape[1], image.shape[0])
        strip = self._strip(image, box, self.segmenter.polarity, watch, line)
        return (
            Place(box, self.segmenter.polarity, reading=strip.rated, strip=strip, image=image)
            if strip
            else None
        )

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
        boxes = [line.box for line in lines] if self._lines else []
        for line in sorted(lines, key=lambda item: item.promise, reverse=True):
            if clock.perf_counter() > ends:
                break
            if is_settled(line.pieces, settled):
                continue
            place = place_of(line, places)
            box = around(line.box, image.shape[:2], boxes)
            strip = self._strip(image, box, line.polarity, watch, line.box)
            sure = strip is not None and strip.is_sure
            scored = None
            if self._recognizer and not sure:
                with watch.step("recognize"):
                    scored = self._score(self._recognizer, line)
            if scored is None and strip is None and not self._has_pattern:
                continue
            with watch.step("decode"):
                if place is None:
                    places.append(place := Place(line.box, line.polarity, image=image))
                place.lines.append(line)
                if strip and (place.strip is None or strip.confidence > place.strip.confidence):
                    place.strip = strip
                if scored:
                    place.guesses.append(scored)
                place.reading = self._answers.chosen(place)
                if place.reading and place.reading.is_sure:
                    settled.append(place.reading.line.box)

    def _strip(
        self,
        image: Image,
        box: Box,
        polarity: Polarity | None,
        watch: Stopwatch,
        line: Box | None = None,
    ) -> StripReading | None:
        """What the line stage makes of a line; None where it sees marks alone, which specks look like."""
        if self._lines is None:
            return None
        with watch.step("recognize"):
            strip = self._lines.read(image, box, polarity, line)
        return strip if strip and letters(strip.rated.line.text) else None

    def _score(self, recognizer: Recognizer, line: CandidateLine) -> Scored | None:
        """Score the plain reading of a line, and the alternatives of what is unsure in it; None for a texture."""
        scores = np.full((len(line.candidates), len(recognizer.labels)), np.nan, np.float32)
        plain = [i for i, candidate in enumerate(line.candidates) if candidate.primary]
        few = plain[:: max(1, len(plain) // SAMPLE)]
        _fill(recognizer, line, scores, few)
        if len(plain) > SAMPLE and np.exp(scores[few]).sum(axis=1).max() < MIN_CHARACTER:
            return None
        _fill(recognizer, line, scores, [row for row in plain if row not in few])
        if np.exp(scores[plain]).sum(axis=1).mean() >= MIN_CHARACTER:
            _fill(recognizer, line, scores, unsure(line, self._decoder.sureness(scores), UNSURE))
        return Scored(line, scores, self._decoder.sureness(scores))


def _confidence(place: Place) -> float:
    return place.strip.confidence if place.strip else 0.0


def _fill(recognizer: Recognizer, line: CandidateLine, scores: Scores, rows: Sequence[int]) -> None:
    if rows:
        scores[rows] = recognizer.recognize([line.candidates[row].glyph for row in rows])
