"""Picture in, reading out: segment, recognise, decode. Pure: no file, no camera."""

import math
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge import skew
from ocr_edge.bundle import Bundle
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode import geometry, kinds, lattice, shapes
from ocr_edge.decode.patterns import Pattern
from ocr_edge.layout import RatedLine, is_settled, reading_order, select
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.recognizer import Recognizer
from ocr_edge.segment import CandidateLine, Segmenter

MAX_TURNS = 2
"""How often a picture is turned against the tilt of its lines: once, and once more for what was left of it."""
UNSURE = float(np.log(0.85))
"""A plain reading less sure than this has its cuts and joins scored too."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """A line with the log-probabilities of its candidates and of their likeliest shapes; NaN where not scored."""

    line: CandidateLine
    scores: Scores
    sure: npt.NDArray[np.float32]


class Pipeline:
    """Reads pictures with a bundle.

    Args:
        bundle: A loaded bundle.
        pattern: What every line must match; None for anything.
        min_confidence: Lines less sure than this, 0 to 1, are not said.
        context: Whether neighbours in a word make each other's kind (digit, capital, small letter) likelier.
        segmenter: Finds the lines; what is known of the text's height and polarity is known to it.
        limit_s: Seconds after which the less promising lines of a picture are left out: a texture can look like
            thousands of characters.
    """

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        min_confidence: float = 0.5,
        *,
        context: bool = True,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
    ) -> None:
        self._recognizer = Recognizer(bundle)
        self._segmenter = segmenter or Segmenter()
        self._limit_s = limit_s
        self._shapes = shapes.groups(self._recognizer.labels)
        self._twins = shapes.groups(self._recognizer.labels, shapes.TWINS)
        self._kinds = kinds.kinds_of(self._recognizer.labels)
        self._context = context
        self._pattern = pattern
        self._min_confidence = min_confidence

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts that log-probabilities stand for."""
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
        started = clock.perf_counter()
        found = self._segmenter.segment(image)
        back: skew.Matrix | None = None
        degrees = 0.0
        for _ in range(MAX_TURNS):
            if abs(more := skew.tilt(found)) < skew.MIN_TILT:
                break
            degrees += more
            straight, back = skew.straightened(image, degrees)
            found = self._segmenter.segment(straight)
        segmented = clock.perf_counter()
        rated = self._read_lines(found)
        recognized = clock.perf_counter()
        lines = select(rated)
        why = "" if lines else "pattern" if self._pattern and found else "no text"
        sure = reading_order([line for line in lines if line.confidence >= self._min_confidence])
        if back is not None:
            sure = [skew.moved(line, back, image.shape[:2]) for line in sure]
        if lines and not sure:
            why = "below min_confidence"
        ended = clock.perf_counter()
        timing = {
            "segment": 1000 * (segmented - started),
            "recognize": 1000 * (recognized - segmented),
            "decode": 1000 * (ended - recognized),
            "total": 1000 * (ended - started),
        }
        return Reading(source, tuple(sure), time, why=why, timing_ms=timing)

    def _read_lines(self, lines: Sequence[CandidateLine]) -> list[RatedLine]:
        """Read lines, the most promising first; a place that is read surely is not read again in another guess."""
        rated: list[RatedLine] = []
        settled: list[RatedLine] = []
        ends = clock.perf_counter() + self._limit_s
        for line in sorted(lines, key=lambda item: item.promise, reverse=True):
            if clock.perf_counter() > ends:
                break
            if is_settled(line.pieces, settled):
                continue
            result = self._decode(self._score(line))
            if result is not None:
                rated.append(result)
                if result.is_sure:
                    settled.append(result)
        return rated

    def _score(self, line: CandidateLine) -> _Scored:
        """Score the plain reading of a line, and the alternatives of what is unsure in it."""
        scores = np.full((len(line.candidates), len(self._recognizer.labels)), np.nan, np.float32)
        self._fill(line, scores, [i for i, candidate in enumerate(line.candidates) if candidate.primary])
        self._fill(line, scores, lattice.unsure(line, shapes.sureness(scores, self._shapes), UNSURE))
        return _Scored(line, scores, shapes.sureness(scores, self._shapes))

    def _fill(self, line: CandidateLine, scores: Scores, rows: list[int]) -> None:
        if rows:
            scores[rows] = self._recognizer.recognize([line.candidates[row].glyph for row in rows])

    def _decode(self, scored: _Scored) -> RatedLine | None:
        """The best reading of one line; None when it has none."""
        line = scored.line
        path = lattice.best_path(line, scored.sure, scored.scores, self._pattern)
        if not path:
            return None
        boxes = [line.candidates[index].box for index in path]
        spaces = lattice.space_before(line, path)
        scores = scored.scores[path]
        if len(path) > 1:
            scores = geometry.with_geometry(
                shapes.doubted(scores, self._twins), boxes, self._recognizer.labels
            )
        if self._context:
            scores = kinds.with_kinds(scores, spaces, self._kinds)
        if self._pattern:
            scores = _only(scores, self._pattern)
        read = Line(tuple(self._character(*parts) for parts in zip(scores, boxes, spaces, strict=True)))
        sure = np.exp(scored.sure[path])
        if self._pattern:
            # A pattern must not hide a misread: only shapes that it allows speak for the line.
            chances = np.exp(scored.scores[path]) @ self._shapes
            allowed = [self._shapes[labels].any(axis=0) for labels in self._pattern.positions]
            sure = np.max(chances * np.stack(allowed), axis=1)
        return RatedLine(read, sure)

    def _character(self, scores: Scores, box: Box, space: bool) -> Character:
        labels = self._recognizer.labels
        order = np.argsort(-scores, kind="stable")[:3].tolist()
        alternatives = tuple((labels[index], float(np.exp(scores[index]))) for index in order)
        return Character(*alternatives[0], box, alternatives, scores, space)


def _only(scores: Scores, pattern: Pattern) -> Scores:
    """Scores in which each position has only the labels its pattern allows; confidence stays what the picture says."""
    result = np.full_like(scores, -np.inf)
    for row, allowed in enumerate(pattern.positions):
        result[row, allowed] = scores[row, allowed]
    return result
