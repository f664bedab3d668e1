"""Which way up the lines of a picture stand: they decide together, since a scene has one up."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from ocr_edge.recognize.places import Place

UPRIGHT = 3.0
"""Nats by which level lines are taken to stand upright before they are read: of 240 drawn displays and labels, ``69.3``
and its like read as well upside down, and with 1.5 two more are. Of 140 validation photographs turned by half a turn
50 are read with 1.5 and 43 with 3.0; of those that stand upright, as many."""
LEAST = 0.02
"""What a reading of a line is worth at least, and one less than certain at most: one line does not decide for ten."""
MOST = math.log((1 - LEAST) / LEAST)
"""Nats that one reading speaks for its way up, at most."""


class BothWays:
    """A line as it was read one way up, and the other way.

    Args:
        is_level: Whether it runs across the picture rather than up or down.
        upright: Its reading as it stands, or from bottom to top; None where nothing was seen.
        turn: Reads it turned by half a turn; None where the first reading is sure, or nothing stands on its head.

    Attributes:
        is_level, upright: The same.
        is_open: Whether its other reading counts.
    """

    def __init__(
        self, is_level: bool, upright: Place | None, turn: Callable[[], Place | None] | None = None
    ) -> None:
        self.is_level, self.upright = is_level, upright
        self._turn, self.is_open = turn, turn is not None

    @cached_property
    def turned(self) -> Place | None:
        """Its reading turned by half a turn, made when it is first asked for; None where nothing was seen."""
        return self._turn() if self._turn else None


def upside_down(lines: Iterable[BothWays], *, is_level: bool, has_pattern: bool = False) -> bool:
    """Whether the lines that run one way stand on their heads.

    Lines are read turned until the others cannot change the answer.
    """
    # What a pattern refuses may stand upright: "LITRES" does not speak for the number 53817 on its head.
    asked = [line for line in lines if line.is_level == is_level and (line.upright or not has_pattern)]
    evidence = (UPRIGHT if is_level else 0.0) + sum(_odds(line.upright) for line in asked)
    left = [line for line in asked if line.is_open]
    while left and evidence - MOST * len(left) < 0:
        evidence -= _odds(left.pop(0).turned)
    return evidence < 0


def chosen(lines: Sequence[BothWays], *, has_pattern: bool = False) -> list[Place | None]:
    """The reading of each line, the way up that all of its direction agree on; None where it has none.

    Args:
        lines: Of a picture.
        has_pattern: Whether a line without a reading may be one that the pattern refuses.
    """
    turned = {
        is_level: upside_down(lines, is_level=is_level, has_pattern=has_pattern) for is_level in (True, False)
    }
    first = [line.turned if turned[line.is_level] else line.upright for line in lines]
    # Where a pattern refuses a line the right way up, its other way is no reading, unless all are refused.
    settled = {line.is_level for line, place in zip(lines, first, strict=True) if place and has_pattern}

    def other(line: BothWays) -> Place | None:
        return line.upright if turned[line.is_level] else line.turned

    return [
        place or (None if line.is_level in settled else other(line))
        for line, place in zip(lines, first, strict=True)
    ]


def _odds(place: Place | None) -> float:
    """Logarithm of the odds that a reading is right."""
    said = place.strip.confidence if place and place.strip else 0.0
    kept = min(max(said, LEAST), 1 - LEAST)
    return math.log(kept / (1 - kept))
