"""All ways to read one line, from all guesses at its ink, in one graph; and the best way through it.

A segmentation graph (Breuel, ICDAR 2001; LeCun et al., Proc. IEEE 86(11), 1998): its nodes are candidates, its links
say which may follow which. A candidate gains the logarithm of how much likelier it is a character than none, times its
width, so that ways of few and of many characters compare fairly; what is passed over costs something too.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Scores
from ocr_edge.segment.candidates import CandidateLine

Floats = npt.NDArray[np.float64]

BIAS = 0.5
"""Nats in favour of every character: ink in a line is mostly one."""
LEAST, MOST = -3.0, 8.0
"""Limits of a candidate's nats: networks are never as sure as they say."""
MIN_WIDTH = 0.3
"""Width, in line heights, that the narrowest candidate counts with."""
CUT_COST, JOIN_COST = 1.0, 0.5
"""Nats paid for beginning at a cut through ink, and for each gap inside a character."""
CHANGE_COST = 0.3
"""Nats paid for going from one guess at the ink to another."""
PASS_FULL, PASS_LOW, PASS_PART = 1.0, 0.2, 1.0
"""Nats paid for passing over a piece as high as the line, a low one, and one cut off from another."""
FULL = 0.75
"""Height, in line heights, from which a piece is a high one."""
ENDS = 0.65
"""Share of that paid at both ends of a line, where frames and neighbours stand."""
OVERLAP = 0.25
"""Share of the narrower of two candidates of different guesses that both may cover."""
MIN_BESIDE = 0.25
"""Share of the lower one's height that both must have."""
HEIGHT_COST, SIMILAR = 0.5, 0.5
"""Nats for each unit of log height ratio beyond ``SIMILAR`` between neighbours."""
HOPELESS = -1.5
"""Gain under which a candidate is left out."""
ALIKE = 0.125
"""Line heights that the sides of a cut are rounded to: guesses at the ink differ by a pixel or two."""
ENOUGH = 4
"""Nodes before a node that are looked at for each way asked for."""
PRIME = np.uint64(0x9E3779B97F4A7C15)
"""Mixes the numbers of a way's cuts into one."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A line with what the recogniser says of its candidates; NaN where it was not asked.

    Attributes:
        line: The candidates.
        scores: float32, shape ``(candidates, labels)``: log-probabilities; what they lack to one is "no character".
        sure: float32, shape ``(candidates,)``: log-probability of the likeliest shape.
    """

    line: CandidateLine
    scores: Scores
    sure: npt.NDArray[np.float32]


class Graph:
    """The graph of one line.

    Args:
        guesses: The same line, found in one or several guesses at the ink.

    Attributes:
        candidates: That of each node, in reading order.
        boxes: Their boxes.
        scores: float32, shape ``(nodes, labels)``: log-probabilities.
        sure: float32, shape ``(nodes,)``.
        height: Height of the line, in pixels.
    """

    def __init__(self, guesses: Sequence[Scored]) -> None:
        self.height = float(np.median([guess.line.height for guess in guesses]))
        candidates = [c for guess in guesses for c in guess.line.candidates]
        scores = np.concatenate([guess.scores for guess in guesses])
        sure = np.concatenate([guess.sure for guess in guesses])
        origin = np.repeat(np.arange(len(guesses)), [len(guess.line.candidates) for guess in guesses])
        box = np.array([(c.box.left, c.box.right, c.box.top, c.box.bottom) for c in candidates], float)
        cost = np.concatenate([_costs(guess.line) for guess in guesses])
        width = np.maximum((box[:, 1] - box[:, 0]) / self.height, MIN_WIDTH)
        with np.errstate(invalid="ignore"):
            gain = worth(sure, reject_scores(scores)) * width - cost
            kept = np.flatnonzero(gain > HOPELESS)
        order = kept[np.argsort(box[kept, 0] + box[kept, 1], kind="stable")]
        self.candidates = [candidates[i] for i in order]
        self.boxes = [candidate.box for candidate in self.candidates]
        self.scores, self.sure = scores[order], sure[order]
        self._gain, self._width, self._cost = gain[order], width[order], cost[order]
        self._origin, self._box = origin[order], box[order]
        self._first = np.array([candidates[i].first for i in order], np.intp)
        self._last = np.array([candidates[i].last for i in order], np.intp)
        self._passed = [np.concatenate([[0.0], np.cumsum(_pass_costs(guess.line))]) for guess in guesses]
        self._middles = [np.array([p.left + p.width / 2 for p in guess.line.pieces]) for guess in guesses]
        self.start = -ENDS * np.array(
            [self._passed[o][f] for o, f in zip(self._origin, self._first, strict=True)], float
        )
        self.end = -ENDS * np.array(
            [
                self._passed[o][-1] - self._passed[o][last]
                for o, last in zip(self._origin, self._last, strict=True)
            ],
            float,
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def links(self, node: int) -> tuple[npt.NDArray[np.intp], Floats]:
        """The nodes that may stand before a node, and what each of these links gains (never above 0)."""
        origin, first = self._origin[node], self._first[node]
        left, right, top, bottom = self._box[:node].T
        same = self._origin[:node] == origin
        beside = np.minimum(bottom, self._box[node, 3]) - np.maximum(top, self._box[node, 2])
        height, own = bottom - top, self._box[node, 3] - self._box[node, 2]
        narrower = np.minimum(right - left, self._box[node, 1] - self._box[node, 0])
        apart = np.where(same, self._last[:node] <= first, right - self._box[node, 0] <= OVERLAP * narrower)
        before = np.flatnonzero(apart & (beside > MIN_BESIDE * np.minimum(height, own)))
        same = same[before]
        passed = self._passed[origin]
        reached = np.where(
            same, self._last[:node][before], np.searchsorted(self._middles[origin], right[before])
        )
        loss = passed[first] - passed[np.minimum(reached, first)] + CHANGE_COST * ~same
        loss += HEIGHT_COST * np.maximum(np.abs(np.log(height[before] / own)) - SIMILAR, 0)
        return before, -loss

    def best(self) -> tuple[list[int], float]:
        """The nodes of the best way through, left to right, and its nats; none where nothing gains anything."""
        return next(iter(self.ways(1)), ([], 0.0))

    def ways(self, count: int, within: float = math.inf) -> list[tuple[list[int], float]]:
        """The best ways through, best first: each its nodes, left to right, and its nats.

        Args:
            count: How many at most.
            within: Nats that one may be worse than the best.

        Returns:
            Only ways that gain something, and of those that cut the ink alike, in several guesses at it, the best.
        """
        # For each node its best ways from the start, best first: what they gain, and the way before them.
        value = np.full((len(self), count), -np.inf)
        value[:, 0] = self._gain + self.start
        back = np.full((len(self), count), -1)
        cut = self._cuts()
        keys = np.tile(cut[:, None], (1, count))  # of all cuts of a way
        for node in range(1, len(self)):
            before, gains = self.links(node)
            # Exact for one way; of several, one behind very many that cut alike may be missed.
            if len(before) > ENOUGH * count:
                likely = np.sort(
                    np.argpartition(-(value[before, 0] + gains), ENOUGH * count)[: ENOUGH * count]
                )
                before, gains = before[likely], gains[likely]
            gained = np.append((value[before] + gains[:, None]).reshape(-1), self.start[node])
            key = np.append((keys[before] * PRIME + cut[node]).reshape(-1), cut[node])
            best = _best_of_each(gained, key, count)
            came = np.append((before[:, None] * count + np.arange(count)).reshape(-1), -1)
            value[node, : len(best)], back[node, : len(best)] = self._gain[node] + gained[best], came[best]
            keys[node, : len(best)] = key[best]
        if not len(self):
            return []
        total = (value + self.end[:, None]).reshape(-1)
        order = _best_of_each(total, keys.reshape(-1), count)
        found = []
        for last in order[(total[order] > 0) & (total[order] >= total.max() - within)].tolist():
            way, at = [], last
            while at >= 0:
                way.append(at // count)
                at = int(back.flat[at])
            found.append((way[::-1], float(total[last])))
        return found

    def _cuts(self) -> npt.NDArray[np.uint64]:
        """A number for each node that only nodes cut alike share."""
        sides = np.rint(self._box[:, :2] / (ALIKE * self.height)).astype(np.int64) + (1 << 20)
        return np.asarray(sides[:, 0].astype(np.uint64) * PRIME + sides[:, 1].astype(np.uint64), np.uint64)

    def gains(self, chances: Scores) -> Floats:
        """What each node gains under each label.

        Args:
            chances: float32, shape ``(nodes, labels)``: log-probabilities to use instead of the likeliest shape's.

        Returns:
            float64, same shape.
        """
        # Widths weigh ways of cutting against each other; between the names of one glyph every nat counts.
        shape = worth(self.sure, reject_scores(self.scores)) * self._width - self._cost
        return np.asarray(shape[:, None] + chances - chances.max(axis=1, keepdims=True), np.float64)


def _best_of_each(values: Floats, keys: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.intp]:
    """Indices of the largest finite values, best first, at most ``count``, and of each key only the best."""
    if count == 1:
        return np.array([values.argmax()])
    order = np.argsort(-values, kind="stable")[: np.count_nonzero(values > -np.inf)]
    first = np.sort(np.unique(keys[order], return_index=True)[1])[:count]
    return np.asarray(order[first], np.intp)


def unsure(line: CandidateLine, sure: npt.NDArray[np.float32], limit: float) -> list[int]:
    """Unscored candidates that compete with a scored one less sure than a limit.

    Args:
        line: The candidates.
        sure: float32, shape ``(len(line.candidates),)``: log-probabilities; NaN where not scored.
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


def worth(chance: Scores, rejected: Scores) -> Floats:
    """Nats by which a glyph is rather this than no character."""
    return np.asarray(np.clip(chance - rejected, LEAST, MOST) + BIAS, np.float64)


def reject_scores(scores: Scores) -> npt.NDArray[np.float32]:
    """Log-probability that each glyph is no character: what its labels lack to one; NaN where not scored."""
    return np.asarray(np.log(np.clip(1 - np.exp(scores).sum(axis=1), 1e-6, 1)), np.float32)


def _costs(line: CandidateLine) -> Floats:
    """What is paid for each candidate of a line that begins at a cut or covers gaps."""
    pieces = line.pieces
    cut = cuts(pieces)[:-1]
    # gaps[k]: gaps before piece k, the one before the first included.
    gaps = np.concatenate([[0], np.cumsum(~cut)])
    return np.array(
        [CUT_COST * cut[c.first] + JOIN_COST * (gaps[c.last] - gaps[c.first + 1]) for c in line.candidates],
        float,
    )


def _pass_costs(line: CandidateLine) -> Floats:
    """What is paid for passing over each piece of a line."""
    pieces = line.pieces
    cut = cuts(pieces)
    high = np.array([piece.height > FULL * line.height for piece in pieces])
    return np.where(cut[:-1] | cut[1:], PASS_PART, np.where(high, PASS_FULL, PASS_LOW))


def cuts(pieces: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Before which piece, and whether after the last, ink was cut: there, and only there, pieces abut."""
    between = [0 <= a.right - b.left <= 1 for a, b in itertools.pairwise(pieces)]  # 1: rounded after scaling
    return np.array([False, *between, False])
