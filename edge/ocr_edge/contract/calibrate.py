"""From a network's logits to probabilities that mean what they say."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Scores

Same = npt.NDArray[np.float64]
"""float64, shape ``(L, L)``: 1 where two labels are twins or one and the same, else 0."""
FARTHEST = 600.0
"""Nats below the likeliest label under which twins are not told apart; the exponential must not become 0."""


def same_shape(labels: Sequence[str], twins: Sequence[str]) -> Same:
    """Which labels are twins of each other.

    Args:
        labels: The ordered class texts.
        twins: Texts that only size, place and neighbours tell apart, one string a shape; no text in two of them.
    """
    shape_of = {text: shape for shape in twins for text in shape}
    shapes = [shape_of.get(label, label) for label in labels]
    return np.array([[float(one == other) for other in shapes] for one in shapes])


def calibrated(logits: Scores, temperature: float, twin_temperature: float | None, same: Same) -> Scores:
    """Calibrated log-probabilities.

    Two temperatures, since a network may know a shape well and its case badly: one says how sure the shape is, the
    other how its probability is shared out among twins, such as ``c`` and ``C``.

    Args:
        logits: float32, shape ``(N, L)``.
        temperature: Divides the logits before the softmax (Guo et al., ICML 2017).
        twin_temperature: The same among the labels of one shape; None: ``temperature`` does for both.
        same: From ``same_shape``.

    Returns:
        float32, shape ``(N, L)``; every row's exponentials sum to 1.
    """
    scores = log_softmax(logits, temperature)
    if twin_temperature is None:
        return scores
    shape, among = (
        np.log(np.maximum(np.exp(scores) @ same, 1e-30)),
        among_twins(logits, twin_temperature, same),
    )
    return np.asarray(shape + among, np.float32)


def among_twins(logits: Scores, temperature: float, same: Same) -> npt.NDArray[np.float64]:
    """Log-probability of each label, given that its shape is the right one; 0 where it has no twin.

    Args:
        logits: float32, shape ``(N, L)``.
        temperature: Divides the logits.
        same: From ``same_shape``.

    Returns:
        float64, shape ``(N, L)``.
    """
    scaled = (logits.astype(np.float64) - logits.max(axis=1, keepdims=True)) / temperature
    scaled = np.maximum(scaled, -FARTHEST)
    return np.asarray(scaled - np.log(np.exp(scaled) @ same))
