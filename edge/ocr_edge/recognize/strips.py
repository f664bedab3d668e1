"""Asks the line stage about a part of a picture: what it makes of it becomes the reading of a place."""

from ocr_edge.contract.labels import is_mark
from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.recognize.line_reader import LineReader, StripReading, Unread
from ocr_edge.recognize.places import Place
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import OFF, Trace

SHAPED = "%€£$&@"
"""Marks that no speck looks like: a unit or a price beside its number may be one alone."""


class StripReader:
    """Reads strips.

    Args:
        lines: Reads them; None where the bundle cannot, and nothing is read.
        polarity: Ink against paper, where it is known.
    """

    def __init__(self, lines: LineReader | None, polarity: Polarity | None) -> None:
        self.lines, self._polarity = lines, polarity

    @property
    def beside(self) -> float:
        """Heights of a line that must be seen beside each end of what is read: some lines are looked at once more."""
        return self.lines.beside if self.lines else 0.0

    def whole(
        self,
        image: Image,
        watch: Stopwatch,
        line: Box | None = None,
        trace: Trace = OFF,
        box: Box | None = None,
    ) -> Place | None:
        """What the line stage makes of a picture that may show one line alone.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            watch: Counts the time.
            line: The line in it, where it is known.
            trace: Is told of the line.
            box: The part that is read; what lies beside it is for another look. None: all of it.
        """
        box = box or Box(0, 0, image.shape[1], image.shape[0])
        place = Place(box, self._polarity, image=image, trace=trace)
        trace.add(place)
        place.strip = self.strip(place, box, watch, line)
        if place.strip is None:
            return None
        place.reading = place.strip.rated
        return place

    def strip(self, place: Place, box: Box, watch: Stopwatch, line: Box | None = None) -> StripReading | None:
        """What the line stage makes of a box of a place's picture; None where it sees marks alone, as in specks.

        Those of ``SHAPED`` are no specks.
        """
        if self.lines is None or place.image is None:
            return None
        with watch.step("recognize"):
            strip = self.lines.read(place.image, box, place.polarity, line, place.trace)
        if strip and all(is_mark(c) and c not in SHAPED for c in strip.rated.line.text):
            place.trace.add(Unread("no letter and no digit is readable, and specks look like marks"))
            return None
        return strip
