"""Which answer to a line stands: the line stage's, the character stages', or that of the whole crop."""

from collections.abc import Sequence

from ocr_edge.decode.cascade import Weighed, letters
from ocr_edge.decode.decoder import UNREADABLE, Decoder
from ocr_edge.decode.graph import Scored
from ocr_edge.layout import RatedLine
from ocr_edge.line_reader import LineReader, StripReading
from ocr_edge.places import Place

LEAST_RIVAL = 0.5
"""Share of another answer's confidence from which an answer with the same letters and more marks stands: small marks
are lost more often than invented (``benchmarks/marks.py``)."""


class Answers:
    """Chooses.

    Args:
        lines: Reads strips; None where the line stage is not asked.
        decoder: Reads lattices; None where the character stages are not asked.
        labels: What a lattice can say.
    """

    def __init__(self, lines: LineReader | None, decoder: Decoder | None, labels: Sequence[str]) -> None:
        self._lines, self._decoder = lines, decoder
        self._labels = frozenset(labels)

    def chosen(self, place: Place) -> RatedLine | None:
        """The better of what both say of a place; what was weighed is kept with it."""
        strip, place.cut, place.weighed = place.strip, None, None
        if strip and (strip.is_sure or not place.guesses):
            return strip.rated
        cut = place.cut = self._decoder.decode(place.guesses) if self._decoder and place.guesses else None
        if strip is None or cut is None:
            return strip.rated if strip else cut
        place.weighed = self._weighed(strip, cut, place.guesses)
        return cut if place.weighed and place.weighed.prefers_cut else strip.rated

    def whole_stands(self, whole: Place, places: Sequence[Place]) -> bool:
        """Whether what the line stage makes of all of a crop stands against what was found in it.

        Args:
            whole: All of the crop, read as one line.
            places: What was found in it; at least one of them is read.
        """
        best = max(
            (place for place in places if place.reading),
            key=lambda place: place.reading.value if place.reading else 0.0,
        )
        if whole.strip is None or best.reading is None:
            return False
        mine, other = whole.strip.rated.line, best.reading.line
        if best.is_of_strip:
            if letters(mine.text) == letters(other.text) and len(mine.text) != len(other.text):
                longer, shorter = (mine, other) if len(mine.text) > len(other.text) else (other, mine)
                return (longer is mine) == (longer.confidence >= LEAST_RIVAL * shorter.confidence)
            return mine.confidence >= other.confidence
        whole.cut, whole.weighed = best.reading, self._weighed(whole.strip, best.reading, best.guesses)
        return not (whole.weighed and whole.weighed.prefers_cut)

    def _weighed(self, strip: StripReading, cut: RatedLine, guesses: Sequence[Scored]) -> Weighed | None:
        """Both answers scored by both stages; None where they say the same letters, or the lattice cannot say all."""
        if self._lines is None or self._decoder is None:
            return None
        said, text = letters(strip.rated.line.text), cut.line.text
        if UNREADABLE in text or letters(text) == said:
            return None
        # What is no label of the lattice's speaks neither for nor against it.
        sayable = "".join(c for c in said if c in self._labels)
        return Weighed(
            strip.confidence,
            cut.line.confidence,
            strip.decoded.log_probability,
            self._lines.score(strip, text),
            self._decoder.worth(guesses, sayable),
            self._decoder.worth(guesses, text.replace(" ", "")),
        )
