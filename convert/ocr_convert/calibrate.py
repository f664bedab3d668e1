"""Fit the temperatures of a stage on held-out characters, so that its confidences mean what they say."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.calibrate import Same, among_twins
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Scores
from ocr_train.evaluate import TEMPERATURES, Labels

MIN_TWINS = 100
"""Fewest held-out characters with twins that a temperature of their own is fitted to."""


def fit(logits: Scores, truth: Labels, sizes: Sequence[int], same: Same) -> tuple[float, float | None]:
    """The two temperatures of ``contract.calibrate`` under which the truth is likeliest.

    The probability of a label is that of its shape times its share among its twins, each with a temperature of its
    own, so that each is fitted alone. A source counts by the square root of its samples: the large ones count more,
    and drown no small one.

    Args:
        logits: float32, shape ``(N, L)``, of all sources one after the other.
        truth: int64, shape ``(N,)``.
        sizes: Samples of each source; they sum to ``N``.
        same: From ``contract.calibrate.same_shape``.

    Returns:
        ``temperature``, and ``twin_temperature``: None where too few samples have twins.
    """
    weights = np.repeat([max(size, 1) ** -0.5 for size in sizes], sizes)
    mine = same[truth]
    twins = mine.sum(axis=1) > 1

    def shape_loss(temperature: float) -> float:
        chances = (np.exp(log_softmax(logits, temperature)) * mine).sum(axis=1)
        return -float(weights @ np.log(np.maximum(chances, 1e-30)))

    def twin_loss(temperature: float) -> float:
        rows = np.arange(int(twins.sum()))
        return -float(weights[twins] @ among_twins(logits[twins], temperature, same)[rows, truth[twins]])

    if twins.sum() < MIN_TWINS:
        return _best([-float(weights @ _chance(logits, truth, t)) for t in TEMPERATURES]), None
    return _best([shape_loss(t) for t in TEMPERATURES]), _best([twin_loss(t) for t in TEMPERATURES])


def _chance(logits: Scores, truth: Labels, temperature: float) -> npt.NDArray[np.float32]:
    """Log-probability of the truth."""
    return log_softmax(logits, temperature)[np.arange(len(truth)), truth]


def _best(losses: Sequence[float]) -> float:
    return float(TEMPERATURES[int(np.argmin(losses))])
