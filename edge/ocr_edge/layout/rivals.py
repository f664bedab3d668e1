"""Which of two answers to one picture stands. Pure."""

from ocr_edge.contract.labels import letters
from ocr_edge.reading import Line

LEAST_RIVAL = 0.5
"""Share of another answer's confidence from which an answer with the same letters and more marks stands: small marks
are lost more often than invented (``benchmarks/marks.py``)."""


def is_surer(one: Line, other: Line) -> bool:
    """Whether the first of two answers stands: the one with more right characters; of the same letters, more marks."""
    if letters(one.text) == letters(other.text) and len(one.text) != len(other.text):
        longer, shorter = (one, other) if len(one.text) > len(other.text) else (other, one)
        return (longer is one) == (longer.confidence >= LEAST_RIVAL * shorter.confidence)
    return expected(one) >= expected(other)


def expected(line: Line) -> float:
    """How many of a line's characters are right, if all are as sure: a piece of a line must not beat all of it."""
    count = len(line.characters)
    return float(count * line.confidence ** (1 / count))
