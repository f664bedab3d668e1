"""Two answers to one line: the line stage's and the lattice's, each scored by both. Pure.

The weights are those of a logistic choice, found by a grid on the validation words, amounts, plates and meters where
just one of the two answers is right (docs/benchmarks.md says what they are worth).
"""

import math
from dataclasses import dataclass

PER_LINE, PER_CUT = 0.3, 0.1
"""What a nat counts by which the line stage, and the lattice, prefers its own text."""
PER_ODDS = 0.5
"""What the lattice's log-odds count beside the line stage's, which are calibrated."""
BIAS = 1.0
"""What speaks for the lattice before anything is known: it is asked only where the line stage is not sure."""
MOST = 30.0
"""Nats beyond which a stage is as sure as it can be that the other's text is not there."""
SUREST = 1e-4
"""Least probability of being wrong that an answer is credited with."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Two texts of one line, each scored by both stages: nats, ``-inf`` where a stage cannot say a text.

    Attributes:
        line_confidence: The line stage's calibrated confidence in its text, 0 to 1.
        cut_confidence: The lattice's mean confidence in the characters of its text, 0 to 1.
        line_by_line: The line stage's text, as the line stage scores it.
        cut_by_line: The lattice's text, as the line stage scores it.
        line_by_cut: The line stage's text, as the lattice scores it.
        cut_by_cut: The lattice's text, as the lattice scores it.
    """

    line_confidence: float
    cut_confidence: float
    line_by_line: float
    cut_by_line: float
    line_by_cut: float
    cut_by_cut: float

    @property
    def for_line(self) -> float:
        """What speaks for the line stage's text."""
        return log_odds(self.line_confidence) + PER_LINE * _nats(self.line_by_line - self.cut_by_line)

    @property
    def for_cut(self) -> float:
        """What speaks for the lattice's text."""
        return (
            BIAS
            + PER_ODDS * log_odds(self.cut_confidence)
            + PER_CUT * _nats(self.cut_by_cut - self.line_by_cut)
        )

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
    return "".join(c for c in text if c.isalnum())


def _nats(difference: float) -> float:
    """A difference of scores, at most ``MOST`` either way; that where one of them is nothing."""
    return max(-MOST, min(difference, MOST)) if not math.isnan(difference) else 0.0
