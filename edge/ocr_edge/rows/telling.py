"""What is told of a text that was read from several lines."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.layout.selection import RatedLine
from ocr_edge.recognize.line_reader import Strip, StripReading
from ocr_edge.recognize.places import Place
from ocr_edge.rows.parts import Part, Text
from ocr_edge.trace import Trace


def tell(trace: Trace, image: Image, text: Text, verdict: str) -> None:
    """Note in a trace what each line of a text gives to it."""
    of = [_nearest(character.box, text.parts) for character in text.rated.line.characters]
    for number, part in enumerate(text.parts):
        notes = part.place.trace if part.place else trace.line()
        mine = np.flatnonzero(np.equal(of, number))
        characters = tuple(text.rated.line.characters[index] for index in mine)
        line = replace(text.rated.line, characters=characters)
        reading = RatedLine(line, text.rated.sure[mine])
        place = Place(part.box, reading=reading, image=image, trace=notes)
        if part.strip:
            box, posteriors, _ = part.strip
            notes.add(Strip(image, part.back(box), None, posteriors))
            if text.decoded:
                place.strip = StripReading(reading, text.decoded, posteriors, part.back(box))
        place.decide(verdict)


def _nearest(box: Box, parts: Sequence[Part]) -> int:
    """Number of the line that a character stands in."""
    y = box.top + box.height / 2

    def away(part: Part) -> float:
        outside = max(part.box.left - box.right, box.left - part.box.right, 0)
        return abs(y - part.box.top - part.box.height / 2) + outside

    return min(range(len(parts)), key=lambda number: away(parts[number]))
