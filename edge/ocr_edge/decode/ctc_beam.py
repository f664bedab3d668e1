"""Prefix beam search (Hannun et al., 2014): the likeliest text, all its ways counted, by its likeliest beginnings."""

import numpy as np

from ocr_edge.contract.types import Scores

WIDTH = 8
"""Beginnings that are kept."""
LEAST = 1e-3
"""Probability, against the likeliest label of its step, below which a label is not tried."""


def best(posteriors: Scores, width: int = WIDTH, least: float = LEAST) -> list[int]:
    """The likeliest text.

    Args:
        posteriors: float32, shape ``(T, labels + 1)``, log-probabilities, blank last.
        width: Beginnings that are kept after each step.
        least: See ``LEAST``.

    Returns:
        Its label numbers.
    """
    # Against the loudest of each step, so that the products of a long line stay far from 0.
    chances = np.exp(posteriors - posteriors.max(axis=1, keepdims=True), dtype=np.float64)
    tried = chances[:, :-1] >= max(least, 1e-30)
    # Of each beginning: the probability of its ways that end on a blank, and of those on its last label.
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for step, row in enumerate(chances):
        labels = np.flatnonzero(tried[step]).tolist()
        values = row.tolist()
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        for text, (off, on) in beams.items():
            last = text[-1] if text else -1
            was_off, was_on = grown.get(text, (0.0, 0.0))
            stays = on * values[last] if text else 0.0
            grown[text] = (was_off + (off + on) * values[-1], was_on + stays)
            for label in labels:
                longer = (*text, label)
                came = off if label == last else off + on
                was_off, was_on = grown.get(longer, (0.0, 0.0))
                grown[longer] = (was_off, was_on + came * values[label])
        kept = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        top = sum(kept[0][1])
        beams = {text: (off / top, on / top) for text, (off, on) in kept}
    return list(next(iter(beams)))
