"""Picture in, reading out: find lines, read them, choose. Pure: no file, no camera.

A line is read by the line stage; the character stages and their lattice answer where it is not sure, or where the
bundle has no line stage.
"""

import math
import time as clock
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.detect.crops import Crop, crops, is_level
from ocr_edge.detect.detector import Detector, Found
from ocr_edge.detect.joining import FAR_APART
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.geometry import skew
from ocr_edge.geometry.transform import Matrix
from ocr_edge.layout.selection import RatedLine, fills, is_settled, select
from ocr_edge.reading import Line, Reading
from ocr_edge.recognize.answers import Answers
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.line_reader import LineReader, StripReading, Unread, around
from ocr_edge.recognize.places import ENLARGED, PART, SAID, UNREAD, WHOLE, Place, in_order, place_of
from ocr_edge.recognize.upright import BothWays, chosen
from ocr_edge.recognize.weighing import letters
from ocr_edge.segment import CandidateLine, Segmenter, panels
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.lattice import Scored, unsure
from ocr_edge.segment.segmenter import Guess, is_crop, larger_scale
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import OFF, Trace

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

TIME_UP = "The time for a picture was up: some lines were left out."
"""A note for a trace."""

Readers = Literal["auto", "line", "characters"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was to be done with a picture: a note for a trace.

    Attributes:
        picture: The picture.
        line_labels: What the line stage can say, the blank not among it; none where it does not read.
        labels: What the character stages can say; none where they do not read.
        has_detector: Whether a network finds the lines of a scene.
        has_pattern: Whether every line must match a pattern.
    """

    picture: Image
    line_labels: tuple[str, ...]
    labels: tuple[str, ...]
    has_detector: bool
    has_pattern: bool


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
        trace: Is told what is done with a picture.

    Raises:
        ModelError: The bundle lacks the only reader that is wanted.
        ConfigError: The pattern needs a character that no reader can say.
    """

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
        trace: Trace = OFF,
    ) -> None:
        self._trace = trace
        if reader != "auto" and not (bundle.lines if reader == "line" else bundle.networks):
            raise ModelError(f"bundle {bundle.path}: has no {reader.removesuffix('s')} stage")
        self._lines, self._recognizer, problem = None, None, None
        if bundle.lines and reader != "characters":
            try:
                self._lines = LineReader(bundle, pattern, min_margin)
            except ConfigError as error:
                problem = error
        if bundle.networks and reader != "line":
            recognizer = Recognizer(bundle)
            try:
                over = pattern.over(recognizer.labels) if pattern else None
                self._decoder = Decoder(
                    recognizer.labels, over, min_margin=min_margin, context=context, geometry=geometry
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
        self._trace.start()
        self._trace.add(self._asked(image))
        places = self.find(image, watch)
        with watch.step("decode"):
            worth = self._worth_saying(places, image.shape[:2])
            sure = []
            for place, line in worth:
                if line.character_confidence >= self._min_confidence:
                    sure.append(line)
                    place.decide(SAID)
                else:
                    mean, least = line.character_confidence, self._min_confidence
                    place.decide(f"below min_confidence: {mean:.2f}, needed {least:.2f}")
            sure = in_order(sure, places)
        why = ""
        if not sure:
            why = (
                "below min_confidence" if worth else "pattern" if self._has_pattern and places else "no text"
            )
        return Reading(source, tuple(sure), time, why=why, timing_ms=watch.stopped())

    def _worth_saying(self, places: Sequence[Place], size: tuple[int, int]) -> list[tuple[Place, Line]]:
        """The lines worth saying, best first, each the one of several ways to cut it that its words suggest."""
        scene = not is_crop(size)
        seen: list[tuple[Place, RatedLine]] = []
        for place in places:
            if (rated := place.seen_in(size)) is None:
                place.decide(UNREAD)
            elif why := self._why_texture(place, rated) if scene else "":
                place.decide(why)
            else:
                seen.append((place, rated))
        selection = select([rated for _, rated in seen], scene=scene)
        for (place, _), why in zip(seen, selection.why, strict=True):
            if why:
                place.decide(why)
        return [(seen[index][0], self._compared(*seen[index], size)) for index in selection.kept]

    def _compared(self, place: Place, rated: RatedLine, size: tuple[int, int]) -> Line:
        """The line of a place, cut as its words suggest; that changes the place's reading."""
        plain = place.reading
        if plain is None or place.is_of_strip:
            return rated.line
        place.reading = self._decoder.compared(plain)
        if place.reading is not plain:
            if (again := place.seen_in(size)) and select([again], scene=not is_crop(size)).kept:
                return again.line
            place.reading = plain
        return rated.line

    def _why_texture(self, place: Place, rated: RatedLine) -> str:
        """Why a place of a scene shows no text, as the line stage has it; what a pattern refuses may be text."""
        if place.is_of_strip:
            mean = float(rated.sure.mean())
            unsure = f"too unsure for a scene: {mean:.2f} sure on average, needed {MIN_STRIP:.2f}"
            return unsure if mean < MIN_STRIP else ""
        is_silent = self._lines is not None and place.strip is None and not self._has_pattern
        return "the line stage sees no text in it" if is_silent else ""

    def _asked(self, image: Image) -> Asked:
        """What the pipeline is to do with a picture."""
        return Asked(
            image,
            self._lines.labels if self._lines else (),
            self._recognizer.labels if self._recognizer else (),
            self._detector is not None,
            self._has_pattern,
        )

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
                place.back = panel.back if place.back is None else panel.back @ place.back
                places.append(place)
        return places

    def _read_detected(self, detector: Detector, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read the lines that the detector finds."""
        with watch.step("detect"):
            pieces = detector.detect(image, self._trace)
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
        """Read lines that were found, the clearest first; one that the pattern refuses has no reading."""
        read: list[BothWays] = []
        refused: list[Place] = []
        for line in sorted(lines, key=lambda line: line.score, reverse=True):
            if clock.perf_counter() > ends:
                break
            trace = self._trace.line()
            trace.add(line)
            upright, turned = crops(image, line.quad)
            best = self._best_of(upright, watch, trace)
            is_sure = bool(best and best.strip and best.strip.is_sure)
            other = None if is_sure else self._best_of([turned], watch, trace)
            way = BothWays(is_level(line.quad), best, other, is_sure)
            if way.upright or way.turned:
                read.append(way)
            elif self._has_pattern:
                crop = upright[0]
                refused.append(Place(crop.line, image=crop.image, back=crop.back, trace=trace))
        return chosen(read) + refused

    def _best_of(self, crops: Sequence[Crop], watch: Stopwatch, trace: Trace) -> Place | None:
        """The surest reading of a line cut out in several ways, the first that is sure; None where nothing is seen."""
        best: Place | None = None
        for crop in crops:
            place = self._whole(crop.image, watch, crop.line, trace)
            if place and (best is None or _confidence(place) > _confidence(best)):
                best = place
                best.back = crop.back
                if place.strip and place.strip.is_sure:
                    break
        return best

    def _read_crop(self, image: Image, watch: Stopwatch, ends: float, *, leaning: bool = True) -> list[Place]:
        """Read a picture that one line fills: the first guess that reads well is enough."""
        places: list[Place] = []
        found: list[CandidateLine] = []
        whole = self._whole(image, watch, trace=self._trace.line())
        if whole and whole.strip and whole.strip.is_sure:
            return [whole]
        is_likely = bool(whole and whole.strip and whole.strip.confidence >= LIKELY)
        guesses = self.segmenter.guesses(image)
        for guess in watch.each("segment", islice(guesses, FEW) if is_likely else guesses):
            self._trace.add(guess)
            found += guess.lines
            self._read_lines(image, guess.lines, places, watch, ends)
            if any(place.reading and fills(place.reading, image.shape[:2]) for place in places):
                leaning, found = False, []
                break
        is_read = any(place.reading for place in places)
        if whole and is_read:
            stands = self._answers.whole_stands(whole, places)
            for other in places if stands else [whole]:
                other.decide(PART if stands else WHOLE)
            if stands:
                return [whole]
        if is_likely and is_read:
            return places
        found, straight, back = self._straightened(found, image, watch, ends)
        if back is not None:
            places += self._read_found(straight, found, back, watch, ends)
        elif leaning and abs(slant := skew.slant(luminance(image))) >= skew.MIN_SLANT:
            straight, back = skew.upright(image, slant)
            places += self._read_found(straight, self._found(straight, watch, ends), back, watch, ends)
        if whole is None or any(place.reading for place in places):
            return places
        for place in places:
            place.decide(PART)
        return [whole]

    def _read_scene(self, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read a picture of anything."""
        found, image, back = self._straightened(self._found(image, watch, ends), image, watch, ends)
        places = self._read_found(image, found, back, watch, ends)
        readings = [place.reading for place in places if place.reading and place.reading.is_sure]
        heights = [c.box.height for reading in readings for c in reading.line.characters]
        larger = None if self.segmenter.text_height else larger_scale(heights, image.shape[:2])
        if larger:
            for place in places:
                place.decide(ENLARGED)
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

    def _whole(
        self, image: Image, watch: Stopwatch, line: Box | None = None, trace: Trace = OFF
    ) -> Place | None:
        """What the line stage makes of a picture that may show one line alone; the line in it, where it is known."""
        box = Box(0, 0, image.shape[1], image.shape[0])
        place = Place(box, self.segmenter.polarity, image=image, trace=trace)
        trace.add(place)
        place.strip = self._strip(place, box, watch, line)
        if place.strip is None:
            return None
        place.reading = place.strip.rated
        return place

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
                self._trace.add(TIME_UP)
                break
            if is_settled(line.pieces, settled):
                continue
            if (place := place_of(line, places)) is None:
                place = Place(line.box, line.polarity, image=image, trace=self._trace.line())
                place.trace.add(place)
            box = around(line.box, image.shape[:2], boxes)
            strip = self._strip(place, box, watch, line.box)
            sure = strip is not None and strip.is_sure
            scored = None
            if self._recognizer and not sure:
                with watch.step("recognize"):
                    scored = self._score(self._recognizer, line)
            if scored is None and strip is None and not self._has_pattern:
                continue
            with watch.step("decode"):
                if not place.lines:
                    places.append(place)
                place.lines.append(line)
                if strip and (place.strip is None or strip.confidence > place.strip.confidence):
                    place.strip = strip
                if scored:
                    place.guesses.append(scored)
                place.reading = self._answers.chosen(place)
                if place.reading and place.reading.is_sure:
                    settled.append(place.reading.line.box)

    def _strip(
        self, place: Place, box: Box, watch: Stopwatch, line: Box | None = None
    ) -> StripReading | None:
        """What the line stage makes of a box of a place's picture; None where it sees marks alone, as in specks."""
        if self._lines is None or place.image is None:
            return None
        with watch.step("recognize"):
            strip = self._lines.read(place.image, box, place.polarity, line, place.trace)
        if strip and not letters(strip.rated.line.text):
            place.trace.add(Unread("no letter and no digit is readable, and specks look like marks"))
            return None
        return strip

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
