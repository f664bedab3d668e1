"""Two answers to one line, the line stage's and the lattice's: which one stands. Pure.

The line stage scores both texts. What the lattice says of the line stage's text is not asked: on the validation words,
amounts, plates and meters (n = 806) its weight in the best logistic choice was 0, and asking cost more than the rest.
"""

import math
from dataclasses import dataclass

from ocr_edge.contract.labels import is_mark

PER_NAT = 0.3
"""What a nat counts by which the line stage prefers its own text."""
PER_ODDS = 0.5
"""What the lattice's log-odds count beside the line stage's, which are calibrated."""
BIAS = 1.0
"""What speaks for the lattice before anything is known: it is asked only where the line stage is not sure. All three
are from a grid on the validation pictures named above, where just one of the two answers is right."""
MOST = 30.0
"""Nats beyond which the line stage is as sure as it can be that the other's text is not there."""
SUREST = 1e-4
"""Least probability of being wrong that an answer is credited with."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Two texts of one line.

    Attributes:
        line_confidence: The line stage's calibrated confidence in its text, 0 to 1.
        cut_confidence: The lattice's mean confidence in the characters of its text, 0 to 1.
        line_by_line: The line stage's text, as the line stage scores it, in nats.
        cut_by_line: The lattice's text, as the line stage scores it; ``-inf`` where it cannot say it.
        texts: The line stage's text, and the lattice's.
    """

    line_confidence: float
    cut_confidence: float
    line_by_line: float
    cut_by_line: float
    texts: tuple[str, str] = ("", "")

    @property
    def for_line(self) -> float:
        """What speaks for the line stage's text."""
        return log_odds(self.line_confidence) + PER_NAT * min(self.line_by_line - self.cut_by_line, MOST)

    @property
    def for_cut(self) -> float:
        """What speaks for the lattice's text."""
        return BIAS + PER_ODDS * log_odds(self.cut_confidence)

    @property
    def prefers_cut(self) -> bool:
        """Whether the lattice's text stands."""
        return self.for_cut > self.for_line


def log_odds(confidence: float) -> float:
    """Logarithm of the odds that an answer is right, within what ``SUREST`` allows."""
    kept = min(max(confidence, SUREST), 1 - SUREST)
    return math.log(kept / (1 - kept))


def letters(text: str) -> str:
    """The letters and digits of a text: what a lattice can say of it."""
    return "".join(c for c in text if not is_mark(c))
