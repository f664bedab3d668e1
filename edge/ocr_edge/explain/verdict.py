"""Why the reading of a place was said or not, in words."""

import math
from collections.abc import Sequence

from ocr_edge.decode.pattern import Pattern
from ocr_edge.layout import selection
from ocr_edge.layout.selection import RatedLine
from ocr_edge.recognize.places import Place
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.lattice import Graph

SAID, NO_CHARACTER = "said", "no character"


class Judge:
    """Says why; the arguments are those of the pipeline.

    Args:
        labels: The texts that the character stages' scores stand for; none where they do not read.
        pattern: What every line must match; None for anything.
        min_confidence: Lines less sure than this are not said.
        min_margin: Nats by which the pattern may overrule the picture.
    """

    def __init__(
        self, labels: Sequence[str], pattern: Pattern | None, min_confidence: float, min_margin: float
    ) -> None:
        self._pattern, self._least, self._margin = pattern, min_confidence, min_margin
        self._any_margin = Decoder(labels, pattern, min_margin=math.inf) if labels else None

    def verdict(
        self, place: Place, item: RatedLine | None, seen: Sequence[RatedLine | None], *, scene: bool
    ) -> str:
        """Why a place was said or not; ``seen``: readings of all places; ``scene``: as in ``selection.select``."""
        if item is None:
            return self._unread(place)
        rated = [other for other in seen if other]
        if any(line is item.line for line in selection.select(rated, scene=scene)):
            sure = item.line.character_confidence
            return (
                SAID if sure >= self._least else f"below min_confidence: {sure:.2f}, needed {self._least:.2f}"
            )
        least = selection.least_sure(len(item.sure), scene=scene)
        if item.sure.mean() < least:
            return f"too unsure: its shapes are {item.sure.mean():.2f} sure on average, needed {least:.2f}"
        better = [
            other for other in rated if other.value > item.value and selection.select([other], scene=scene)
        ]
        if better and _shared(item, better) > selection.TAKEN:
            rival = max(better, key=lambda other: _shared(item, [other]))
            return f'covered by a better reading: "{rival.line.text}"'
        return "too low or too short beside the other lines"

    def _unread(self, place: Place) -> str:
        """Why a place has no reading."""
        if self._pattern is None or self._any_margin is None or not place.guesses:
            return NO_CHARACTER
        if not Graph(place.guesses).best()[0]:
            return NO_CHARACTER
        if (legal := self._any_margin.decode(place.guesses)) is None:
            return f"pattern: nothing fits {self._pattern.text}"
        return (
            f'pattern: "{legal.line.text}" is more than {self._margin:g} nats behind what the picture shows'
        )


def _shared(item: RatedLine, others: Sequence[RatedLine]) -> float:
    """Share of a line's characters that have half of themselves, or of a character in them, on other lines'."""
    boxes = [character.box for other in others for character in other.line.characters]
    covered = [
        any(2 * c.box.overlap(b) > min(c.box.width * c.box.height, b.width * b.height) for b in boxes)
        for c in item.line.characters
    ]
    return sum(covered) / len(covered)
