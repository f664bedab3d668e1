"""Two answers to one line: the line stage's and the lattice's, each scored by both. Pure."""

from dataclasses import dataclass

PER_LINE, PER_CUT = 1.0, 0.35
"""What a nat of the line stage and one of the lattice count."""
MOST = 25.0
"""Nats beyond which a stage is as sure as it can be that the other's text is not there."""


def prefers_cut(by_line: float, by_cut: float) -> bool:
    """Whether the lattice's text stands.

    Args:
        by_line: Nats by which the line stage prefers its own text, ``inf`` where it cannot say the other.
        by_cut: Nats by which the lattice prefers its own.
    """
    return PER_CUT * min(by_cut, MOST) > PER_LINE * min(by_line, MOST)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Two texts of one line, each scored by both stages: nats, ``-inf`` where a stage cannot say a text.

    Attributes:
        line_by_line: The line stage's text, as the line stage scores it.
        cut_by_line: The lattice's text, as the line stage scores it.
        line_by_cut: The line stage's text, as the lattice scores it.
        cut_by_cut: The lattice's text, as the lattice scores it.
    """

    line_by_line: float
    cut_by_line: float
    line_by_cut: float
    cut_by_cut: float

    @property
    def prefers_cut(self) -> bool:
        """Whether the lattice's text stands."""
        return prefers_cut(self.line_by_line - self.cut_by_line, self.cut_by_cut - self.line_by_cut)


def letters(text: str) -> str:
    """The letters and digits of a text: what a lattice can say of it."""
    return "".join(c for c in text if c.isalnum())
