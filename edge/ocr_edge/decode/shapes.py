"""Labels that share one shape: an isolated glyph cannot tell them apart, so they must not make it look unsure."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores

SHARED = ("0OoQD", "1lIi|", "cC", "kK", "mM", "pP", "sS5", "uUvV", "wW", "xX", "yY", "zZ2")
"""Texts whose shapes are the same, or nearly, in some typeface."""


def groups(labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """Membership of labels in shapes.

    Args:
        labels: The ordered class texts.

    Returns:
        float32, shape ``(labels, shapes)``, one 1 a row.
    """
    shape_of = {text: shared[0] for shared in SHARED for text in shared}
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
    return np.log(np.maximum((np.exp(scores) @ membership).max(axis=1), np.float32(1e-12)))
