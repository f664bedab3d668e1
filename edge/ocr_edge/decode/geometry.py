"""What a character's size and place in its line say about its name: above all, whether it is ``c`` or ``C``."""

from collections.abc import Sequence

import numpy as np

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

HEIGHT_SPREAD = 0.11
"""Standard deviation of a character's log height."""
DEPTH_SPREAD = 0.11
"""Standard deviation of its depth, in cap heights."""
FLOOR = -4.0
"""Least log-likelihood of a character's geometry: ornaments and bad cuts must not outvote the picture."""


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
    height = np.array([box.height for box in boxes], np.float32)
    bottom = np.array([box.bottom for box in boxes], np.float32)
    middle = np.array([box.left + box.width / 2 for box in boxes], np.float32)
    expected = np.array([HEIGHTS.get(label, (CAP, 0.0)) for label in labels], np.float32)  # (L, 2)
    typical = float(np.median(height))
    slope = _slope(middle, bottom, typical)
    level = bottom - slope * (middle - middle.mean())
    best, result = -np.inf, scores
    for cap in typical * np.geomspace(0.7, 1.6, 15):
        # (N, L): log-likelihood of each character's height under each label.
        fit = -0.5 * (np.log(height[:, None] / (cap * expected[None, :, 0])) / HEIGHT_SPREAD) ** 2
        for base in np.quantile(level, (0.1, 0.3, 0.5, 0.7)):
            depth = (level - base)[:, None] / cap - expected[None, :, 1]
            geometry = np.maximum(fit - 0.5 * (depth / DEPTH_SPREAD) ** 2, FLOOR)
            joint = scores + weight * geometry
            total = float(np.logaddexp.reduce(joint, axis=1).sum())
            if total > best:
                best, result = total, joint
    return (result - np.logaddexp.reduce(result, axis=1, keepdims=True)).astype(np.float32)


def _slope(middle: np.ndarray, bottom: np.ndarray, typical: float) -> float:
    """Slope of the baseline: the median over pairs of characters (Sen, JASA 1968); descenders do not tilt it."""
    if len(middle) < 3:
        return 0.0
    run = middle[None, :] - middle[:, None]
    far = run > typical
    if not far.any():
        return 0.0
    return float(np.median((bottom[None, :] - bottom[:, None])[far] / run[far]))
