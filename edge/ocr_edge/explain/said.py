"""What the line stage said of a strip: with and without the pattern, and step by step."""

import math
from dataclasses import dataclass

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box
from ocr_edge.decode.line_decoder import LineDecoder
from ocr_edge.decode.pattern import Pattern
from ocr_edge.explain.looks import Try
from ocr_edge.recognize.weighing import letters


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the line stage said of a strip.

    Attributes:
        tried: The strip, and what the network said of it.
        free: What it reads without a pattern; empty where that is nothing.
        free_confidence: How sure it is of that, 0 to 1.
        legal: The likeliest text that the pattern allows, however far behind; None where there is no pattern, or
            nothing fits.
        margin: Nats by which the picture prefers something else to ``legal``, as ``min_margin`` counts them.
        labels: Of each step on the best way to write what was read, else ``free``; the blank is the last.
    """

    tried: Try
    free: str
    free_confidence: float
    legal: str | None
    margin: float
    labels: tuple[int, ...]

    @property
    def text(self) -> str:
        """What was read; empty where that is nothing, or nothing that the pattern allows."""
        return self.tried.found.rated.line.text if self.tried.found else ""

    @property
    def confidence(self) -> float:
        """How sure the line stage is of ``text``, 0 to 1."""
        return self.tried.found.confidence if self.tried.found else 0.0

    @property
    def says_marks_alone(self) -> bool:
        """Whether it says no letter and no digit."""
        return not letters(self.text or self.free)


class Listener:
    """Tells what the line stage said.

    Args:
        bundle: One that has a line stage.
        pattern: What every line must match, over its labels; None for anything.
    """

    def __init__(self, bundle: Bundle, pattern: Pattern | None) -> None:
        stage = bundle.manifest.lines[0]
        calibration = stage.line_calibration or (1.0, 0.0)
        self.labels = stage.labels
        self._free = LineDecoder(stage.labels, calibration=calibration)
        self._legal = LineDecoder(stage.labels, pattern, min_margin=math.inf) if pattern else None

    def said(self, tried: Try) -> Said:
        """What the line stage said of one strip."""
        scores = tried.posteriors.scores
        free = self._free.decode(scores, to_box=_of_strip)
        text, confidence = (free.line.text, free.line.confidence) if free else ("", 0.0)
        way = tuple(scores.argmax(axis=1).tolist())
        if self._legal is None or not (free or tried.found):
            return Said(tried, text, confidence, None, math.inf, way)
        legal = tried.found.rated if tried.found else self._legal.decode(scores, to_box=_of_strip)
        if legal is None:
            return Said(tried, text, confidence, None, math.inf, way)
        written = self._legal.way(scores, legal.line.text)
        return Said(
            tried, text, confidence, legal.line.text, written.margin, written.labels if tried.found else way
        )


def _of_strip(first: int, end: int) -> Box:
    return Box(first, 0, max(1, end - first), 1)
