"""What a character's size and place in its line say about its name: above all, whether it is ``c`` or ``C``."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Scores

# Height, and depth below the baseline, in cap heights; means over common Latin typefaces.
CAP, SMALL, ASCENDER, DEPTH = 1.0, 0.72, 1.04, 0.26
HEIGHTS: dict[str, tuple[float, float]] = {
    **dict.fromkeys("acemnorsuvwxz", (SMALL, 0.0)),
    **dict.fromkeys("bdfhkl", (ASCENDER, 0.0)),
    **dict.fromkeys("gpqy", (SMALL + DEPTH, DEPTH)),
    "i": (1.0, 0.0),
    "j": (1.0 + DEPTH, DEPTH),
    "t": (0.9, 0.0),
    "Q": (1.08, 0.08),
}
"""``label -> (height, depth)``; capitals, digits and unknown labels stand on the baseline, one cap height tall."""

HEIGHT_SPREAD = 0.16
"""Standard deviation of a character's log height."""
DEPTH_SPREAD = 0.13
"""Standard deviation of its depth, in cap heights."""
CAP_GRID = np.geomspace(0.7, 1.6, 15)
"""Cap heights tried, in median heights of the line's characters."""
BASE_GRID = (0.1, 0.3, 0.5, 0.7)
"""Baselines tried, as quantiles of the characters' bottoms."""
FLOOR = -2.0
"""Least log-likelihood of a character's geometry: ornaments and bad cuts must not outvote the picture."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The rulings of a line.

    Attributes:
        cap: Height of its capitals, in pixels.
        base: Row of its baseline under the middle of the line.
        slope: Rows that the baseline falls with each column.
        middle: That column.
    """

    cap: float
    base: float
    slope: float
    middle: float

    def baseline(self, column: float) -> float:
        """Row of the baseline at a column."""
        return self.base + self.slope * (column - self.middle)

    def found(self, box: Box) -> tuple[float, float]:
        """Height of a character and depth below the baseline, in cap heights."""
        depth = box.bottom - self.baseline(box.left + box.width / 2)
        return box.height / self.cap, depth / self.cap


def with_geometry(scores: Scores, boxes: Sequence[Box], labels: Sequence[str], weight: float = 1.0) -> Scores:
    """Add to each character's log-probabilities what its place in the line says about its label.

    The cap height and the baseline of the line are those under which the whole line is likeliest; both are searched.

    Args:
        scores: float32, shape ``(N, L)``, log-probabilities.
        boxes: One a character, left to right.
        labels: The ordered class texts.
        weight: Exponent of the geometry's likelihood.

    Returns:
        float32, shape ``(N, L)``, renormalised log-probabilities. A line of one character is returned as it is:
        nothing tells its cap height.
    """
    if len(boxes) < 2:
        return scores
    joint = scores + _search(scores, boxes, labels, weight)[1]
    return np.asarray(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True), np.float32)


def fit(scores: Scores, boxes: Sequence[Box], labels: Sequence[str]) -> Fit:
    """The rulings under which a line of two and more characters is likeliest; the arguments of ``with_geometry``."""
    return _search(scores, boxes, labels, 1.0)[0]


def agreements(
    scores: Scores, boxes: Sequence[Box], labels: Sequence[str], ways: Sequence[list[int]]
) -> npt.NDArray[np.floating]:
    """Nats, at most 0, by which geometry makes the characters of each way through a line less likely.

    Args:
        scores: float32, shape ``(N, L)``, log-probabilities of every candidate.
        boxes: One a candidate.
        labels: The ordered class texts.
        ways: Candidates of each way, left to right.

    Returns:
        float, shape ``(len(ways),)``, each under the rulings that suit the way best; 0 for a way of one character.
    """
    places, place = _places(tuple(labels))
    evidence = _evidence(scores, place)
    result = np.zeros(len(ways))
    for index, way in enumerate(ways):
        if len(way) > 1:
            stand = [boxes[node] for node in way]
            joint = evidence[way] + _likelihood(*_Rulings.of(stand).found(stand), places)
            most = np.logaddexp.reduce(joint, axis=2).sum(axis=1).max()
            result[index] = most - np.logaddexp.reduce(evidence[way], axis=1).sum()
    return result


def _search(
    scores: Scores, boxes: Sequence[Box], labels: Sequence[str], weight: float
) -> tuple[Fit, npt.NDArray[np.floating]]:
    """A line's rulings, and under them the log-likelihood of each character's geometry for each label."""
    places, place = _places(tuple(labels))
    rulings = _Rulings.of(boxes)
    geometry = weight * _likelihood(*rulings.found(boxes), places)  # (H, N, P)
    best = np.logaddexp.reduce(_evidence(scores, place) + geometry, axis=2).sum(axis=1).argmax()
    fitted = Fit(float(rulings.cap[best]), float(rulings.base[best]), rulings.slope, rulings.middle)
    return fitted, geometry[best][:, place]


@dataclass(frozen=True, slots=True, eq=False)
class _Rulings:
    """The rulings that are tried, ``H`` of them: as in ``Fit``, but of ``cap`` and ``base`` one each."""

    cap: npt.NDArray[np.floating]
    base: npt.NDArray[np.floating]
    slope: float
    middle: float

    @classmethod
    def of(cls, boxes: Sequence[Box]) -> "_Rulings":
        height, bottom, middle = _measured(boxes)
        typical = float(np.median(height))
        slope = _slope(middle, bottom, typical)
        level = bottom - slope * (middle - middle.mean())
        # As np.quantile has it, at a tenth of its time.
        quantiles = np.interp(np.multiply(BASE_GRID, len(level) - 1), np.arange(len(level)), np.sort(level))
        caps, bases = np.meshgrid(typical * CAP_GRID, quantiles)
        return cls(caps.reshape(-1), bases.reshape(-1), slope, float(middle.mean()))

    def found(self, boxes: Sequence[Box]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """Heights, and depths below the baseline, in cap heights, each ``(H, N)``."""
        height, bottom, middle = _measured(boxes)
        level = bottom - self.slope * (middle - self.middle)
        return height / self.cap[:, None], (level - self.base[:, None]) / self.cap[:, None]


def _measured(boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
    """Heights, bottoms and middles, shape ``(3, N)``."""
    return np.array([(b.height, b.bottom, b.left + b.width / 2) for b in boxes], np.float32).T


@functools.cache
def _places(labels: tuple[str, ...]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.intp]]:
    """Expected heights and depths, shape ``(P, 2)``, and which of these each label has.

    Labels of one expected height and depth share one place: few places stand for many labels.
    """
    expected = [HEIGHTS.get(label, (CAP, 0.0)) for label in labels]
    places, place = np.unique(expected, axis=0, return_inverse=True)
    return places, place.reshape(-1)


def _evidence(scores: Scores, place: npt.NDArray[np.intp]) -> npt.NDArray[np.floating]:
    """Log-probability that each character is any label of a place, shape ``(N, P)``."""
    return np.stack(
        [np.logaddexp.reduce(scores[:, place == p], axis=1) for p in range(place.max() + 1)], axis=1
    )


def _likelihood(
    height: npt.NDArray[np.floating], depth: npt.NDArray[np.floating], places: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Log-likelihood of heights and depths, in cap heights, in each place: one axis more, ``P`` long."""
    high = np.log(height[..., None] / places[:, 0]) / HEIGHT_SPREAD
    deep = (depth[..., None] - places[:, 1]) / DEPTH_SPREAD
    return np.maximum(-0.5 * (high**2 + deep**2), FLOOR)


def _slope(middle: np.ndarray, bottom: np.ndarray, typical: float) -> float:
    """Slope of the baseline: the median over pairs of characters (Sen, JASA 1968); descenders do not tilt it."""
    if len(middle) < 3:
        return 0.0
    run = middle[None, :] - middle[:, None]
    far = run > typical
    if not far.any():
        return 0.0
    return float(np.median((bottom[None, :] - bottom[:, None])[far] / run[far]))
