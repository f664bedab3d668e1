"""Places in a picture where a line stands: one line is found in many guesses at the ink."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.geometry.rectify import moved
from ocr_edge.geometry.transform import Matrix
from ocr_edge.layout.columns import parted
from ocr_edge.layout.reading_order import order
from ocr_edge.layout.selection import RatedLine
from ocr_edge.reading import Line
from ocr_edge.recognize.line_reader import StripReading
from ocr_edge.segment import CandidateLine
from ocr_edge.segment.lattice import Scored
from ocr_edge.trace import OFF, Trace

MIN_HIGH = 0.6
"""Share of the lower line's height that two findings of one line share."""
MIN_LONG = 0.3
"""Share of the shorter line's length that they share."""
FAR = 1 << 20
"""Pixels that no picture has: nothing is cut off at its border while lines are put in order."""
MAX_LOWER = 0.4
"""Height, in heights of the other, under which a line is another one."""


SAID, UNREAD = "said", "no reading"
"""Verdicts: what is said, and what no stage has a reading of; what each made of that is in its trace."""
PART = "set aside: all of the crop read as one line stands"
WHOLE = "set aside: what was found in the crop stands"
"""Verdicts on a part of a crop, and on all of it."""


@dataclass(slots=True, eq=False)
class Place:
    """A line's findings and its reading.

    Attributes:
        box: Of the first finding.
        polarity: Of its ink; None where nobody looked.
        guesses: Its findings, scored by the character stage; none where the line stage reads.
        back: Takes its pixels to the picture's; None where they are the picture's.
        reading: The reading of them all; None where there is none.
        strip: What the line stage says of the line, if it was asked.
        image: What it was found in: the picture, or one turned straight.
        lines: Its findings, scored or not; none where it is all of ``image``.
        verdict: ``SAID``, or why it is not said; empty where another place was taken before that was asked.
        trace: Is told of the line.
    """

    box: Box
    polarity: Polarity | None = None
    back: Matrix | None = None
    guesses: list[Scored] = field(default_factory=list)
    reading: RatedLine | None = None
    strip: StripReading | None = None
    image: Image | None = None
    lines: list[CandidateLine] = field(default_factory=list)
    verdict: str = ""
    trace: Trace = OFF

    def decide(self, verdict: str) -> None:
        """Say what becomes of it: ``SAID``, or why it is not said."""
        self.verdict = verdict
        self.trace.add(self)

    def seen_in(self, size: tuple[int, int]) -> RatedLine | None:
        """Its reading with boxes in the pixels of the whole picture of ``(height, width)``."""
        if self.reading is None or self.back is None:
            return self.reading
        return replace(self.reading, line=moved(self.reading.line, self.back, size))

    def holds(self, box: Box, polarity: Polarity) -> bool:
        """Whether a line is another finding of this place's line."""
        if self.polarity is not polarity or box.top >= self.box.bottom:
            return False
        high = min(box.bottom, self.box.bottom) - max(box.top, self.box.top)
        long = min(box.right, self.box.right) - max(box.left, self.box.left)
        lower, higher = sorted((box.height, self.box.height))
        shorter = min(box.width, self.box.width)
        return high > MIN_HIGH * lower and long > MIN_LONG * shorter and lower > MAX_LOWER * higher


def place_of(line: CandidateLine, places: Sequence[Place]) -> Place | None:
    """The place that a line is another finding of."""
    box = line.box
    return next((place for place in places if place.holds(box, line.polarity)), None)


def in_order(lines: Sequence[Line], places: Sequence[Place]) -> list[Line]:
    """Lines as a person reads them, who turns the picture until most of them are level.

    One that runs over two columns comes in two parts.

    Args:
        lines: With boxes in the picture's pixels, in any order.
        places: Where they were found.
    """
    read = [place for place in places if place.reading]
    longest = max(read, key=lambda place: len(place.reading.sure) if place.reading else 0, default=None)
    if longest is None or longest.back is None:
        level = list(lines)
    else:
        across, down = longest.back[:2, 0] / np.linalg.norm(longest.back[:2, 0])
        # The middle of nowhere, so that nothing comes to lie beyond the edge that boxes are cut at.
        upright = np.array([[across, down, FAR / 2], [-down, across, FAR / 2], [0, 0, 1]], np.float64)
        level = [moved(line, upright, (FAR, FAR)) for line in lines]
    parts = parted(level)
    whole = iter(character for line in lines for character in line.characters)
    pieces = [
        replace(part, characters=tuple(itertools.islice(whole, len(part.characters)))) for part in parts
    ]
    return [pieces[number] for number in order(parts)]
