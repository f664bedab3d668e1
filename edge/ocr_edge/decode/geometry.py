"""What a character's size and place in its line say about its name: above all, whether it is ``c`` or ``C``."""

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


def _search(
    scores: Scores, boxes: Sequence[Box], labels: Sequence[str], weight: float
) -> tuple[Fit, npt.NDArray[np.floating]]:
    """A line's rulings, and under them the log-likelihood of each character's geometry for each label."""
    height = np.array([box.height for box in boxes], np.float32)
    bottom = np.array([box.bottom for box in boxes], np.float32)
    middle = np.array([box.left + box.width / 2 for box in boxes], np.float32)
    typical = float(np.median(height))
    slope = _slope(middle, bottom, typical)
    level = bottom - slope * (middle - middle.mean())
    # Labels of one expected height and depth share one place: few places stand for many labels.
    places, place = np.unique(
        [HEIGHTS.get(label, (CAP, 0.0)) for label in labels], axis=0, return_inverse=True
    )
    evidence = np.stack(
        [np.logaddexp.reduce(scores[:, place == p], axis=1) for p in range(len(places))], axis=1
    )
    caps, bases = np.meshgrid(typical * CAP_GRID, np.quantile(level, BASE_GRID))
    cap, base = caps.reshape(-1, 1, 1), bases.reshape(-1, 1, 1)
    # (hypotheses, characters, places): log-likelihood of each character's geometry in each place.
    log_height = np.log(height[None, :, None] / (cap * places[None, None, :, 0]))
    depth = (level[None, :, None] - base) / cap - places[None, None, :, 1]
    geometry = -0.5 * ((log_height / HEIGHT_SPREAD) ** 2 + (depth / DEPTH_SPREAD) ** 2)
    geometry = weight * np.maximum(geometry, FLOOR)
    best = np.logaddexp.reduce(evidence[None] + geometry, axis=2).sum(axis=1).argmax()
    fitted = Fit(float(cap.flat[best]), float(base.flat[best]), slope, float(middle.mean()))
    return fitted, geometry[best][:, place.reshape(-1)]


def _slope(middle: np.ndarray, bottom: np.ndarray, typical: float) -> float:
    """Slope of the baseline: the median over pairs of characters (Sen, JASA 1968); descenders do not tilt it."""
    if len(middle) < 3:
        return 0.0
    run = middle[None, :] - middle[:, None]
    far = run > typical
    if not far.any():
        return 0.0
    return float(np.median((bottom[None, :] - bottom[:, None])[far] / run[far]))
