"""The likeliest texts of a strip: prefix beam search (Hannun et al., 2014, arXiv 1408.2873). Pure."""

import math

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_edge.decode.ctc import LEAST

BEAM = 8
"""Beginnings kept from step to step. With 16 no more of the validation lines (n = 1,056) are right, nor with 6."""
FAINT = math.log(0.01)
"""Log-probability below which a label is not tried on a step. With a tenth of that none of them is read better."""

Text = tuple[int, ...]


def likeliest(posteriors: Scores) -> tuple[list[Text], npt.NDArray[np.float64]]:
    """Texts and how likely each is, all ways to write it counted that the beam has kept.

    Args:
        posteriors: float32, shape ``(T, labels + 1)``, log-probabilities, blank last.

    Returns:
        Up to ``BEAM`` texts as label numbers, likeliest first; their probabilities, which sum to one.
    """
    tried: list[list[tuple[int, float]]] = [[] for _ in posteriors]
    steps, labels = np.nonzero(posteriors[:, :-1] >= FAINT)
    chances = np.exp(posteriors[steps, labels], dtype=np.float64).tolist()
    for step, label, chance in zip(steps.tolist(), labels.tolist(), chances, strict=True):
        tried[step].append((label, chance))
    blanks = np.exp(np.maximum(posteriors[:, -1], LEAST), dtype=np.float64).tolist()
    # Of each beginning the probability that a blank came last, and that its last label did.
    beam: dict[Text, tuple[float, float]] = {(): (1.0, 0.0)}
    for row, blank, choices in zip(posteriors, blanks, tried, strict=True):
        beam = _onward(beam, blank, choices, row)
    order = sorted(beam, key=lambda text: -sum(beam[text]))
    mass = np.array([sum(beam[text]) for text in order])
    return order, mass / mass.sum()


def _onward(
    beam: dict[Text, tuple[float, float]], blank: float, choices: list[tuple[int, float]], row: Scores
) -> dict[Text, tuple[float, float]]:
    """The beam after one more step."""
    longer: dict[Text, tuple[float, float]] = {}
    for text, (silent, loud) in beam.items():
        both = silent + loud
        last = text[-1] if text else -1
        off, on = longer.get(text, (0.0, 0.0))
        stays = loud * math.exp(row[last]) if text else 0.0
        longer[text] = off + both * blank, on + stays
        for label, chance in choices:
            more = (*text, label)
            off, on = longer.get(more, (0.0, 0.0))
            # Two equal labels in a row need a blank between them.
            longer[more] = off, on + (silent if label == last else both) * chance
    if len(longer) > BEAM:
        longer = dict(sorted(longer.items(), key=lambda item: -sum(item[1]))[:BEAM])
    # Steps are not lost in the smallest number that there is.
    total = sum(map(sum, longer.values()))
    return {text: (off / total, on / total) for text, (off, on) in longer.items()}
