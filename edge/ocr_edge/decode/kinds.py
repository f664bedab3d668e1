"""Neighbours in a word are mostly of one kind: digits beside digits, small letters beside small letters.

A hidden Markov model over three kinds (Rabiner, Proc. IEEE 77(2), 1989). It knows no language, only that ``TOUBiS`` and
``D0es`` are unlikely; codes that mix capitals and digits stay likely.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores

# Natural logarithms of how likely a kind follows another within a word: digit, capital, small letter.
FOLLOWS = np.array(
    [
        [0.0, -1.6, -3.0],
        [-1.6, 0.0, -0.8],
        [-3.0, -3.0, 0.0],
    ]
)


def kinds_of(labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """The kind of each label, shape ``(L,)``: 0 digit, 1 capital, 2 small letter, -1 anything else."""
    tests = (str.isdigit, str.isupper, str.islower)
    return np.array(
        [next((i for i, test in enumerate(tests) if test(label)), -1) for label in labels], np.intp
    )


def with_kinds(scores: Scores, spaces: Sequence[bool], kinds: npt.NDArray[np.intp]) -> Scores:
    """Make each character's log-probabilities agree with the kinds of its neighbours.

    Args:
        scores: float32, shape ``(N, L)``, log-probabilities.
        spaces: For each character whether a word gap stands before it; there the kind may change freely.
        kinds: From ``kinds_of``; labels of no kind keep what they have.

    Returns:
        float32, shape ``(N, L)``, log-probabilities.
    """
    present = [kind for kind in range(3) if (kinds == kind).any()]
    if len(present) < 2 or len(scores) < 2:
        return scores
    evidence = np.stack([np.logaddexp.reduce(scores[:, kinds == kind], axis=1) for kind in present], axis=1)
    follows = FOLLOWS[np.ix_(present, present)]
    steps = [np.zeros_like(follows) if space else follows for space in spaces[1:]]
    forward, backward = [evidence[0]], [np.zeros(len(present))]
    for step, seen in zip(steps, evidence[1:], strict=True):
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + step, axis=0) + seen)
    for step, seen in zip(steps[::-1], evidence[:0:-1], strict=True):
        backward.append(np.logaddexp.reduce(step + (seen + backward[-1])[None, :], axis=1))
    posterior = np.stack(forward) + np.stack(backward[::-1])
    result = scores.astype(np.float64)
    for column, kind in enumerate(present):
        result[:, kinds == kind] += (posterior - evidence)[:, column, None]
    others = kinds == -1
    result[:, others] += posterior.max(axis=1, keepdims=True) - evidence.max(axis=1, keepdims=True)
    return (result - np.logaddexp.reduce(result, axis=1, keepdims=True)).astype(np.float32)
