"""Rows read together, as one text."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.layout.selection import RatedLine
from ocr_edge.pipeline import Readers
from ocr_edge.reading import Character, Line
from ocr_edge.recognize.line_reader import LineReader, calibrated_sure
from ocr_edge.rows.parts import Part, Text
from ocr_edge.segment.decoder import Decoder


class Joiner:
    """Reads sets of rows.

    Args:
        bundle: A loaded bundle.
        pattern: What all of the text must match; None for anything.
        reader: Who reads, see ``Pipeline``.
        min_margin: Nats by which the pattern may overrule the picture.
        meaning: What texts stand for, where they are numbers, see ``Pipeline``.

    Attributes:
        lines: The line stage; None where the bundle has none, or it cannot say what is wanted.

    Raises:
        ConfigError: The pattern needs a character that no reader can say.
    """

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None,
        reader: Readers,
        min_margin: float,
        meaning: Meaning | None,
    ) -> None:
        self._has_pattern = pattern is not None
        self.lines: LineReader | None = None
        self._decoder: Decoder | None = None
        problem: ConfigError | None = None
        if bundle.lines and reader != "characters":
            try:
                self.lines = LineReader(bundle, pattern, min_margin, meaning)
            except ConfigError as error:
                problem = error
        if bundle.networks and pattern and reader != "line" and self.lines is None:
            texts = bundle.manifest.characters[0].texts
            try:
                self._decoder = Decoder(texts, pattern.over(texts), min_margin=min_margin, meaning=meaning)
            except ConfigError as error:
                problem = error
        if pattern and problem and self.lines is None and self._decoder is None:
            raise problem

    def read(self, rows: Sequence[Sequence[Part]]) -> Text | None:
        """A set of rows as one text; None where nothing is said, or nothing of one of them."""
        parts = [part for row in rows for part in row]
        if not self._has_pattern and all(part.place for part in parts):
            as_read = _joined(parts)
            return Text(as_read, parts) if as_read else None
        strips = [part.strip for part in parts if part.strip]
        if self.lines and len(strips) == len(parts):
            joined = self.lines.join(strips, [part.back for part in parts])
            row_of = [number for number, row in enumerate(rows) for _ in row]
            if joined and len({row_of[strip] for strip in joined[1]}) == len(rows):
                return Text(RatedLine(joined[0].line, calibrated_sure(joined[0])), parts, joined[0])
        guesses = [part.place.guesses for part in parts if part.place and part.place.guesses]
        if self._decoder is None or len(guesses) < len(parts):
            return None
        cut = self._decoder.join(guesses)
        return Text(cut, parts) if cut else None


def _joined(parts: Sequence[Part]) -> RatedLine | None:
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
