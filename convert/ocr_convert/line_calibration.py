"""What a line stage's numbers are worth: temperature of its steps, and confidence of whole lines."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Scores
from ocr_edge.decode import ctc
from ocr_edge.decode.written import calibrated
from ocr_train.datasets.words import LineSet

TEMPERATURES = np.geomspace(0.6, 2.5, 17)
"""Temperatures tried; a trained network's lies well inside."""
PROMISES = (0.9, 0.99)
"""Confidences at which the manifest says how often lines are right."""
SLOPES, OFFSETS = (0.05, 3.0), (-6.0, 6.0)
"""Least and most of a calibration. Beyond them lie fits of too few lines, or slopes that turn doubt into certainty."""
RIDGE = np.array([1.0, 1e-3])
"""Pull of slope and offset towards 1 and 0: the slope's is that of a handful of lines, and decides where all lines are
as sure as each other."""
MOST_STEPS, MOST_HALVED = 100, 40
"""Bounds of the search; some ten steps do."""
FEWEST = 20
"""Lines below which a promise is not reported: the rate would say nothing."""


def fit_temperature(logits: Sequence[Scores], sets: Sequence[LineSet], labels: Sequence[str]) -> float:
    """The temperature under which the true texts are likeliest, over lines whose truth is whole.

    Args:
        logits: Of each line, in the order of the sets.
        sets: The lines; those whose truth leaves out case or marks do not count.
        labels: The labels without the blank.

    Returns:
        It; 1 where there is no line to fit it on.
    """
    index = {label: number for number, label in enumerate(labels)}
    rows = iter(logits)
    pairs = []
    for lines in sets:
        for sample in lines.samples:
            scores = next(rows)
            if lines.case and lines.marks and all(c in index for c in sample.text):
                pairs.append((scores, [index[c] for c in sample.text]))
    if not pairs:
        return 1.0
    losses = [_loss(pairs, float(temperature)) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _loss(pairs: Sequence[tuple[Scores, list[int]]], temperature: float) -> float:
    """Mean of the true texts' negative log-probabilities without the worst tenth: a wrong truth must not decide."""
    losses = [-ctc.forward(log_softmax(scores, temperature), text) for scores, text in pairs]
    return float(np.mean(np.sort(losses)[: max(1, int(0.9 * len(losses)))]))


def fit_confidence(
    log_probabilities: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Slope and offset of a line's confidence: logistic regression of being right (Platt, 1999), by Newton's steps.

    A step is halved until the loss falls: where nearly all lines are sure, a whole one leaps to where the loss is flat.

    Args:
        log_probabilities: Of what was said of each line.
        right: Whether it is right.

    Returns:
        Slope and offset, within ``SLOPES`` and ``OFFSETS``; ``(1, 0)`` where there is no line.
    """
    x = logit(log_probabilities)
    design = np.stack([x, np.ones_like(x)], axis=1)
    # Platt's targets keep the fit finite where all of one side are right.
    positive, negative = right.sum(), (~right).sum()
    target = np.where(right, (positive + 1) / (positive + 2), 1 / (negative + 2))
    low, high = np.array([SLOPES, OFFSETS]).T
    start = weights = np.array([1.0, 0.0])

    def loss(at: npt.NDArray[np.float64]) -> float:
        z = design @ at
        return float(np.sum(np.logaddexp(0, z) - target * z) + (RIDGE * (at - start) ** 2).sum() / 2)

    for _ in range(MOST_STEPS):
        p = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (p - target) + RIDGE * (weights - start)
        curve = (design * (p * (1 - p))[:, None]).T @ design + np.diag(RIDGE)
        free = ~((weights <= low) & (slope > 0) | (weights >= high) & (slope < 0))
        step = np.zeros(2)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        tried = (np.clip(weights - step / 2**halved, low, high) for halved in range(MOST_HALVED))
        before = loss(weights)
        better = next((at for at in tried if loss(at) < before), None)
        if better is None:
            break
        weights = better
    return float(weights[0]), float(weights[1])


def logit(log_probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log-odds of log-probabilities, finite."""
    clipped = np.clip(log_probabilities, -60.0, -1e-6)
    return np.asarray(clipped - np.log(-np.expm1(clipped)), np.float64)


def kept_promises(
    log_probabilities: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], calibration: tuple[float, float]
) -> list[dict[str, float]]:
    """How often lines that are said with a confidence are right, fitted and measured on the same lines.

    Returns:
        ``confidence``, ``n`` and ``right`` of each of ``PROMISES`` with at least ``FEWEST`` lines.
    """
    confidences = np.array([calibrated(p, calibration) for p in log_probabilities.tolist()])
    found = []
    for promise in PROMISES:
        said = confidences >= promise
        if said.sum() >= FEWEST:
            found.append(
                {"confidence": promise, "n": int(said.sum()), "right": round(float(right[said].mean()), 5)}
            )
    return found
