"""Reads a text that goes over several rows, such as a plate's, as one. Pure: no file, no camera.

The picture is cut between its rows; where that is not surely read, the lines are found as in any picture. With a
pattern, each set of rows that may be meant is searched as a whole; the reading that explains most stands.
"""

import itertools
import math
import time as clock
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box, Image
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.pipeline import Pipeline, Readers
from ocr_edge.reading import Reading
from ocr_edge.recognize.line_reader import SURE_LINE
from ocr_edge.recognize.places import SAID
from ocr_edge.rows.finder import Finder, Rows
from ocr_edge.rows.joiner import Joiner
from ocr_edge.rows.parts import Part, Text
from ocr_edge.rows.telling import tell
from ocr_edge.segment import Segmenter
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import OFF, Trace


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
        upright: Whether no picture is upside down, see ``Pipeline``.
        trace: Is told what is done with a picture.

    Attributes:
        labels: The texts that the stage which reads can say.

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
        upright: bool = False,
        trace: Trace = OFF,
    ) -> None:
        self._trace = trace
        self._rows, self._min_confidence, self._has_pattern = rows, min_confidence, pattern is not None
        self._limit_s = limit_s
        self._joiner = Joiner(bundle, pattern, reader, min_margin, meaning)
        if reader == "auto" and self._joiner.lines is None and bundle.networks:
            reader = "characters"  # what the pattern needs, no line stage can say
        # No pattern: one row alone never matches all of it.
        self._pipeline = Pipeline(
            bundle,
            None,
            0.0,
            segmenter=segmenter,
            limit_s=limit_s / 2,
            reader=reader,
            upright=upright,
            trace=trace,
        )
        self.labels = self._pipeline.labels
        self._finder = Finder(self._pipeline, self._joiner.lines, rows, self._has_pattern)

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
        self._trace.add(replace(self._pipeline.asked(image), has_pattern=self._has_pattern))
        whole = Box(0, 0, image.shape[1], image.shape[0])
        best = self._best(self._finder.cut(image, [whole]), None, watch)
        parts: list[Part] = []
        if best is None or best.rated.line.confidence < SURE_LINE:
            parts = self._finder.found(image, watch)
            near = self._finder.cut(image, self._finder.near(parts, whole))
            best = self._best(itertools.chain(self._finder.sets(parts), near), best, watch)
        why = ""
        if best is None:
            why = "no text" if not parts else "pattern" if self._has_pattern else f"not {self._rows} rows"
        elif best.rated.line.character_confidence < self._min_confidence:
            why = "below min_confidence"
        if best:
            tell(self._trace, image, best, why or SAID)
        lines = (best.rated.line,) if best and not why else ()
        return Reading(source, lines, time, why=why, timing_ms=watch.stopped())

    def _best(
        self, sets: Iterable[Sequence[Sequence[Part]]], best: Text | None, watch: Stopwatch
    ) -> Text | None:
        """The best reading of sets of rows that there is time for, and of one that is known."""
        ends = clock.perf_counter() + self._limit_s / 2
        for rows in watch.each("recognize", iter(sets)):
            with watch.step("decode"):
                read = self._joiner.read(rows)
            if read and (best is None or read.rated.value > best.rated.value):
                best = read
            if clock.perf_counter() > ends:
                break
        return best
