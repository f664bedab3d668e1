"""Two answers to one line: the line stage's and the lattice's, each scored by both. Pure."""

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


def letters(text: str) -> str:
    """The letters and digits of a text: what a lattice can say of it."""
    return "".join(c for c in text if c.isalnum())
