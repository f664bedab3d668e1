"""The best way through a line of scored candidates (Viterbi over pieces, as in Breuel, ICDAR 2001)."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_edge.decode.patterns import Pattern
from ocr_edge.segment.candidates import CandidateLine

CUT_COST = 0.6
"""Nats paid for every cut through a blob: strokes cut off look like a sure ``l`` or ``I`` and must not come free."""
JOIN_COST = 0.3
"""Nats paid for reading two blobs as one broken character."""


def best_path(
    line: CandidateLine, sure: npt.NDArray[np.float32], scores: Scores, pattern: Pattern | None = None
) -> list[int]:
    """Choose the candidates that read a whole line best.

    A candidate counts with the log-probability of its likeliest shape times the pieces it covers, so that paths of
    few and of many characters compare fairly.

    Args:
        line: The candidates.
        sure: float32, shape ``(len(line.candidates),)``, from ``shapes.sureness``; NaN where not scored.
        scores: float32, shape ``(len(line.candidates), labels)``, log-probabilities.
        pattern: What the line must match, one set of labels a position; None for anything.

    Returns:
        Indices of the chosen candidates, left to right; empty when no path matches the pattern.
    """
    length = len(pattern.positions) if pattern else 0
    stop = len(line.pieces)
    # value[p][k]: the best score of reading the first p pieces as k characters; without a pattern k is always 0.
    value = np.full((stop + 1, length + 1), -np.inf)
    value[0, 0] = 0.0
    back: dict[tuple[int, int], tuple[int, int]] = {}
    for index, candidate in sorted(
        enumerate(line.candidates), key=lambda item: (item[1].first, item[1].last)
    ):
        if np.isnan(sure[index]):
            continue
        cost = _cost(line, index)
        for k in range(length + 1):
            if value[candidate.first, k] == -np.inf or (pattern and k == length):
                continue
            score = float(scores[index, pattern.positions[k]].max()) if pattern else float(sure[index])
            total = value[candidate.first, k] + (candidate.last - candidate.first) * score - cost
            after = k + 1 if pattern else 0
            if total > value[candidate.last, after]:
                value[candidate.last, after] = total
                back[candidate.last, after] = (index, k)
    path: list[int] = []
    position, k = stop, length
    while position > 0:
        if (position, k) not in back:
            return []
        index, k = back[position, k]
        path.append(index)
        position = line.candidates[index].first
    return path[::-1]


def unsure(line: CandidateLine, sure: npt.NDArray[np.float32], limit: float) -> list[int]:
    """Unscored candidates that compete with a scored one less sure than a limit.

    Args:
        line: The candidates.
        sure: As in ``best_path``.
        limit: Log-probability.

    Returns:
        Indices of candidates worth scoring too.
    """
    doubtful = np.zeros(len(line.pieces), bool)
    for index, candidate in enumerate(line.candidates):
        if candidate.primary and sure[index] < limit:
            doubtful[candidate.first : candidate.last] = True
    return [
        index
        for index, candidate in enumerate(line.candidates)
        if not candidate.primary and doubtful[candidate.first : candidate.last].any()
    ]


def space_before(line: CandidateLine, path: Sequence[int]) -> list[bool]:
    """Whether a word gap stands before each chosen character.

    A gap is one between words when it is wide against the line's height and against its other gaps.
    """
    boxes = [line.candidates[index].box for index in path]
    gaps = np.array([second.left - first.right for first, second in itertools.pairwise(boxes)], float)
    if not len(gaps):
        return [False] * len(boxes)
    limit = max(0.32 * line.height, float(np.median(gaps)) + 0.22 * line.height)
    return [False, *(gaps > limit).tolist()]


def _cost(line: CandidateLine, index: int) -> float:
    """What is paid for a candidate that begins at a cut or covers several blobs."""
    candidate = line.candidates[index]
    pieces = line.pieces
    cost = 0.0
    if candidate.first > 0 and pieces[candidate.first].left <= pieces[candidate.first - 1].right:
        cost += CUT_COST
    for left, right in zip(
        pieces[candidate.first : candidate.last - 1],
        pieces[candidate.first + 1 : candidate.last],
        strict=True,
    ):
        if right.left > left.right:
            cost += JOIN_COST
    return cost
