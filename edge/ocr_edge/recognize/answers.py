"""Which answer to a line stands: the line stage's, the character stages', or that of the whole crop."""

from collections.abc import Sequence
from dataclasses import replace

from ocr_edge.layout.selection import RatedLine
from ocr_edge.reading import UNREADABLE, Line
from ocr_edge.recognize.line_reader import LineReader, StripReading
from ocr_edge.recognize.places import Place
from ocr_edge.recognize.weighing import Weighed, letters
from ocr_edge.segment.decoder import CutLine, Decoder

LEAST_RIVAL = 0.5
"""Share of another answer's confidence from which an answer with the same letters and more marks stands: small marks
are lost more often than invented (``benchmarks/marks.py``)."""
DISPUTED = 0.46
"""Share right of the lattice's texts that stand against another one of the line stage's, however sure the lattice was
(validation words, amounts and meters, n = 125)."""


class Answers:
    """Chooses.

    Args:
        lines: Reads strips; None where the line stage is not asked.
        decoder: Reads lattices; None where the character stages are not asked.
    """

    def __init__(self, lines: LineReader | None, decoder: Decoder | None) -> None:
        self._lines, self._decoder = lines, decoder

    def chosen(self, place: Place) -> RatedLine | None:
        """The better of what both say of a place; what was weighed is kept with it."""
        strip, place.cut, place.weighed = place.strip, None, None
        if strip and (strip.is_sure or not place.guesses):
            return strip.rated
        if self._decoder and place.guesses:
            place.cut = self._decoder.decode(place.guesses, place.trace)
        if strip is None or place.cut is None:
            return strip.rated if strip else place.cut
        place.weighed = self._weighed(strip, place.cut)
        return disputed(place.cut) if place.weighed and place.weighed.prefers_cut else strip.rated

    def whole_stands(self, whole: Place, places: Sequence[Place]) -> bool:
        """Whether what the line stage makes of all of a crop stands against what was found in it.

        The surer of its own strips first, then the lattice against that one.

        Args:
            whole: All of the crop, read as one line.
            places: What was found in it; at least one of them is read. The reading of the best of them may change.
        """
        best = max(
            (place for place in places if place.reading),
            key=lambda place: place.reading.value if place.reading else 0.0,
        )
        if whole.strip is None:
            return False
        stands = best.strip is None or is_surer(whole.strip.rated.line, best.strip.rated.line)
        strip = whole.strip if stands or best.strip is None else best.strip
        if best.cut:
            whole.cut, whole.weighed = best.cut, self._weighed(strip, best.cut)
            if whole.weighed and whole.weighed.prefers_cut:
                best.reading, best.weighed = disputed(best.cut), whole.weighed
                return False
        if not stands:
            best.reading = strip.rated
        return stands

    def _weighed(self, strip: StripReading, cut: CutLine) -> Weighed | None:
        """Both answers weighed; None where they say the same letters, or the lattice cannot say all."""
        if self._lines is None:
            return None
        text = cut.line.text
        if UNREADABLE in text or letters(text) == letters(strip.rated.line.text):
            return None
        return Weighed(
            strip.confidence,
            cut.line.confidence,
            strip.decoded.log_probability,
            self._lines.score(strip, text),
            (strip.rated.line.text, text),
        )


def disputed(cut: CutLine) -> CutLine:
    """A lattice's reading that stands against the line stage's, no surer than such readings are right."""
    return replace(cut, line=replace(cut.line, calibrated=min(cut.line.confidence, DISPUTED)))


def is_surer(one: Line, other: Line) -> bool:
    """Whether one of two answers stands: the one with more right characters; of the same letters, more marks."""
    if letters(one.text) == letters(other.text) and len(one.text) != len(other.text):
        longer, shorter = (one, other) if len(one.text) > len(other.text) else (other, one)
        return (longer is one) == (longer.confidence >= LEAST_RIVAL * shorter.confidence)
    return expected(one) >= expected(other)


def expected(line: Line) -> float:
    """How many of a line's characters are right, if all are as sure: a piece of a line must not beat all of it."""
    count = len(line.characters)
    return float(count * line.confidence ** (1 / count))
