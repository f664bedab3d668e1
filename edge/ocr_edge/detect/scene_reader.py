"""Reads the lines that the detector finds in a picture: each cut out, upright, by the line stage."""

import time as clock
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.detect.crops import Crop, all_of, crops, is_level, taller
from ocr_edge.detect.detector import Detector, Found
from ocr_edge.detect.joining import FAR_APART
from ocr_edge.layout.rivals import is_surer
from ocr_edge.recognize.places import PART, WHOLE, Place
from ocr_edge.recognize.strips import StripReader
from ocr_edge.recognize.upright import BothWays, chosen
from ocr_edge.segment.segmenter import HEIGHT_RATIO, is_crop
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import TIME_UP, Trace

SMALL, TALLER = 200, 1.4
"""Rows up to which text may fill a picture: its outlines are too low then, so what is not surely read is cut out
``TALLER`` times as high, and where no line is sure the whole picture is read as one. Chosen on the small pictures of
validation parts (``benchmarks/small_pictures.py``)."""


class SceneReader:
    """Reads pictures of anything.

    Args:
        detector: Finds the lines.
        strips: Reads them.
        text_height: Height of the capitals in pixels of the picture, where it is known: lines much higher or lower are
            left out.
        has_pattern: Whether every line must match a pattern: what does not is kept without a reading, and pieces of
            text are joined over wider gaps where none does.
        upright: Whether no picture is upside down: no line is read turned by half a turn then.
        trace: Is told what is done with a picture.
    """

    def __init__(
        self,
        detector: Detector,
        strips: StripReader,
        text_height: float | None,
        *,
        has_pattern: bool,
        upright: bool,
        trace: Trace,
    ) -> None:
        self._detector, self._strips, self._text_height = detector, strips, text_height
        self._has_pattern, self._upright, self._trace = has_pattern, upright, trace

    def read(self, image: Image, watch: Stopwatch, ends: float) -> list[Place]:
        """Read a picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            watch: Counts the time of the steps.
            ends: When the lines that are left are given up, as ``time.perf_counter`` counts.

        Raises:
            ModelError: A network failed.
        """
        is_low = is_crop(image.shape[:2])
        whole = self._whole(image, watch) if is_low else None
        if whole and whole.strip and whole.strip.is_sure:
            return [whole]
        with watch.step("detect"):
            pieces = self._detector.detect(image, self._trace)
            found = pieces.lines()
            lines = self._likely(found, image.shape[:2])
        places = self._read_lines(image, lines, found, watch, ends)
        is_sure = any(place.strip and place.strip.is_sure for place in places)
        if (
            not is_low
            and image.shape[0] <= SMALL
            and not is_sure
            and (all_of_it := self._whole(image, watch))
        ):
            places.append(all_of_it)
        if self._has_pattern and not any(place.reading for place in places):
            tried = {line.pieces for line in lines}
            more = [
                line
                for line in self._likely(pieces.lines(FAR_APART), image.shape[:2])
                if line.pieces not in tried
            ]
            places += self._read_lines(image, more, found, watch, ends)
        return _settled(whole, places) if whole else places

    def _whole(self, image: Image, watch: Stopwatch) -> Place | None:
        """All of a picture, read as one line; None where nothing is seen, or text is known to be lower."""
        if not self._is_likely(image.shape[0]):
            return None
        return self._best_of([all_of(image)], watch, self._trace.line())

    def _read_lines(
        self, image: Image, lines: Iterable[Found], found: Sequence[Found], watch: Stopwatch, ends: float
    ) -> list[Place]:
        """Read lines of those that were found, the clearest first; one that the pattern refuses has no reading."""
        read: list[tuple[BothWays, Crop, Trace]] = []
        for line in sorted(lines, key=lambda line: line.score, reverse=True):
            if clock.perf_counter() > ends:
                self._trace.add(TIME_UP)
                break
            trace = self._trace.line()
            trace.add(line)
            others = np.array([o.quad for o in found if o is not line], np.float32).reshape(-1, 4, 2)
            upright, turned = crops(image, line.quad, self._strips.beside, others)
            ways = upright
            if image.shape[0] <= SMALL:
                ways = [*upright, *crops(image, taller(line.quad, TALLER), self._strips.beside, others)[0]]
            best = self._best_of(ways, watch, trace)
            is_sure = bool(best and best.strip and best.strip.is_sure)
            turn = None if is_sure or self._upright else partial(self._turned, turned, watch, trace, ends)
            read.append((BothWays(is_level(line.quad), best, turn), upright[0], trace))
        places = []
        kept = chosen([way for way, _, _ in read], has_pattern=self._has_pattern)
        for place, (_, crop, trace) in zip(kept, read, strict=True):
            if place:
                places.append(place)
            elif self._has_pattern:
                places.append(Place(crop.line, image=crop.image, back=crop.back, trace=trace))
        return places

    def _turned(self, crop: Crop, watch: Stopwatch, trace: Trace, ends: float) -> Place | None:
        """A line turned by half a turn; None where nothing is seen, or there is no time left."""
        return None if clock.perf_counter() > ends else self._best_of([crop], watch, trace)

    def _best_of(self, crops: Sequence[Crop], watch: Stopwatch, trace: Trace) -> Place | None:
        """The surest reading of a line cut out in several ways, the first that is sure; None where nothing is seen."""
        best: Place | None = None
        for crop in crops:
            place = self._strips.whole(crop.image, watch, crop.line, trace, crop.box)
            if place and (best is None or _confidence(place) > _confidence(best)):
                best = place
                best.back = crop.back
                if place.strip and place.strip.is_sure:
                    break
        return best

    def _likely(self, lines: Sequence[Found], size: tuple[int, int]) -> list[Found]:
        """The lines whose text may be as high as is known, in a picture of ``(height, width)``."""
        found = []
        for line in lines:
            # An outline may reach beyond the picture, its text does not.
            height = min(_height(line), size[0] if is_level(line.quad) else size[1])
            if self._is_likely(height):
                found.append(line)
        return found

    def _is_likely(self, height: float) -> bool:
        """Whether text may be so high, in pixels."""
        return not self._text_height or 1 / HEIGHT_RATIO <= height / self._text_height <= HEIGHT_RATIO


def _settled(whole: Place, places: list[Place]) -> list[Place]:
    """All of a crop as one line, or what was found in it: the surer of both stands."""
    best = max(
        (place.reading for place in places if place.reading), key=lambda rated: rated.value, default=None
    )
    stands = best is None or (whole.reading is not None and is_surer(whole.reading.line, best.line))
    for place in places if stands else [whole]:
        place.decide(PART if stands else WHOLE)
    return [whole] if stands else places


def _height(line: Found) -> float:
    return float(np.linalg.norm(line.quad[3] - line.quad[0]))


def _confidence(place: Place) -> float:
    return place.strip.confidence if place.strip else 0.0
