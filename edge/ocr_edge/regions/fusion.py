"""Places of a text that several frames show: paired with those of the next frame, joined, forgotten."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_edge.reading import Character

SAME = 0.3
"""Bhattacharyya coefficient of two characters' probabilities below which they are different characters."""
MAX_GAPS = 0.2
"""Share of characters that one of two readings of the same text may lack."""
Pair = tuple[int | None, int | None]
"""Indices of a place in the old and in the new text; None where one of them lacks it."""


@dataclass(slots=True)
class Slot:
    """A place in a track's text: decayed sums over its readings.

    ``rated`` is the weight of those whose line had a calibrated confidence, ``line_logs`` the sum of its logarithms.
    """

    latest: Character
    evidence: Scores
    weight: float
    spaces: float
    new_lines: float
    rated: float
    line_logs: float

    def decay(self, by: float) -> None:
        """Count for less."""
        self.evidence *= np.float32(by)
        self.weight, self.spaces, self.new_lines, self.rated, self.line_logs = (
            value * by for value in (self.weight, self.spaces, self.new_lines, self.rated, self.line_logs)
        )

    def joined(self, newer: "Slot") -> "Slot":
        """The same place, seen again."""
        return Slot(
            newer.latest,
            self.evidence + newer.evidence,
            self.weight + newer.weight,
            self.spaces + newer.spaces,
            self.new_lines + newer.new_lines,
            self.rated + newer.rated,
            self.line_logs + newer.line_logs,
        )


def normal(scores: Scores) -> Scores:
    """Log-probabilities that sum to one again."""
    top = scores.max()
    return np.asarray(scores - top - np.log(np.exp(scores - top).sum()), np.float32)


def _roots(slots: list[Slot]) -> npt.NDArray[np.float32]:
    """Square roots of the slots' mean probabilities, shape ``(N, L)``: their products are Bhattacharyya's."""
    return np.exp(np.stack([normal(slot.evidence / slot.weight) for slot in slots]) / 2)


def align(old: list[Slot], new: list[Slot]) -> list[Pair] | None:
    """Pairs of places that show the same character (Needleman and Wunsch, 1970); None for different texts."""
    gaps = int(MAX_GAPS * max(len(old), len(new)))
    if abs(len(old) - len(new)) > gaps:
        return None
    likeness = _roots(old) @ _roots(new).T
    if not gaps:
        same = bool((np.diagonal(likeness) >= SAME).all())
        return [(i, i) for i in range(len(old))] if same else None
    score = np.full((len(old) + 1, len(new) + 1), -np.inf)
    score[0], score[:, 0] = -np.arange(len(new) + 1) / 2, -np.arange(len(old) + 1) / 2
    for i in range(1, len(old) + 1):
        for j in range(max(1, i - gaps), min(len(new), i + gaps) + 1):
            match = (
                score[i - 1, j - 1] + likeness[i - 1, j - 1] if likeness[i - 1, j - 1] >= SAME else -np.inf
            )
            score[i, j] = max(match, score[i - 1, j] - 0.5, score[i, j - 1] - 0.5)
    pairs: list[Pair] = []
    i, j = len(old), len(new)
    while i or j:
        if (
            i
            and j
            and likeness[i - 1, j - 1] >= SAME
            and score[i, j] == score[i - 1, j - 1] + likeness[i - 1, j - 1]
        ):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and (not j or score[i, j] == score[i - 1, j] - 0.5):
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1] if sum(None in pair for pair in pairs) <= gaps else None


def merged(old: list[Slot], new: list[Slot], pairs: list[Pair]) -> list[Slot]:
    """Both texts in one list of places; a place that has almost been forgotten goes."""
    result = []
    for i, j in pairs:
        if i is None:
            slot = new[j or 0]
        elif j is None:
            slot = old[i]
        else:
            slot = old[i].joined(new[j])
        if slot.weight > 0.01:
            result.append(slot)
    return result
