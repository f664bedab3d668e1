"""Labels that share one shape: an isolated glyph cannot tell them apart, so they must not make it look unsure."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores

SHARED = ("0OoQD", "1lIi|", "cC", "kK", "mM", "pP", "sS5", "uUvV", "wW", "xX", "yY", "zZ2")
"""Texts whose shapes are the same, or nearly, in some typeface."""

TWINS = ("0Oo", "1lIi", "cC", "kK", "mM", "pP", "sS", "uU", "vV", "wW", "xX", "yY", "zZ")
"""Texts that only size, place and neighbours tell apart."""
DOUBT = 0.25
"""Share of a twin's probability that is spread evenly over its twins: a crop cannot be as sure as the network says."""


def groups(labels: Sequence[str], shared: Sequence[str] = SHARED) -> npt.NDArray[np.float32]:
    """Membership of labels in shapes.

    Args:
        labels: The ordered class texts.
        shared: Texts that count as one shape, one string a shape.

    Returns:
        float32, shape ``(labels, shapes)``, one 1 a row.
    """
    shape_of = {text: texts[0] for texts in shared for text in texts}
    names = [shape_of.get(label, label) for label in labels]
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
    result = np.zeros((len(labels), len(order)), np.float32)
    result[np.arange(len(labels)), [order[name] for name in names]] = 1
    return result


def sureness(scores: Scores, membership: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How sure the likeliest shape of each glyph is.

    Args:
        scores: float32, shape ``(N, L)``, log-probabilities; rows of NaN stay NaN.
        membership: From ``groups``.

    Returns:
        float32, shape ``(N,)``, log-probabilities.
    """
    return np.asarray(np.log(np.maximum((np.exp(scores) @ membership).max(axis=1), 1e-12)), np.float32)


def doubted(scores: Scores, membership: npt.NDArray[np.float32]) -> Scores:
    """Spread some of each probability over the label's twins, so that the line may decide between them.

    Args:
        scores: float32, shape ``(N, L)``, log-probabilities.
        membership: From ``groups(labels, TWINS)``.

    Returns:
        float32, shape ``(N, L)``, log-probabilities that still sum to one.
    """
    chances = np.exp(scores)
    even = (chances @ (membership / membership.sum(axis=0))) @ membership.T
    return np.asarray(np.log(np.maximum((1 - DOUBT) * chances + DOUBT * even, 1e-12)), np.float32)
