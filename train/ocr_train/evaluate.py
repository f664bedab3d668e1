"""Measure scores against the truth: what is right, and whether confidence means what it says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import case_merged
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Scores

BINS = 10
TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(4.0), 81))

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Result:
    """Measurements on one data set.

    Attributes:
        name: The data set.
        n: Samples.
        top1: Share named exactly right.
        top1_case_merged: Share named right when case is ignored.
        top3: Share whose label is among the three likeliest.
        ece: Expected calibration error, ``BINS`` equal-mass bins; NaN (JSON: null) with fewer samples than two a
            bin. Of logits, each half with the temperature fitted on the other; of calibrated scores, as they are.
        per_class: ``label -> {"n", "top1"}`` for each label that occurs.
    """

    name: str
    n: int
    top1: float
    top1_case_merged: float
    top3: float
    ece: float
    per_class: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "name": self.name,
            "n": self.n,
            "top1": round(self.top1, 5),
            "top1_case_merged": round(self.top1_case_merged, 5),
            "top3": round(self.top3, 5),
            "ece": None if np.isnan(self.ece) else round(self.ece, 5),
            "per_class": self.per_class,
        }


def measure(
    name: str, logits: Scores, truth: Labels, labels: Sequence[str], *, calibrated: bool = False
) -> Result:
    """Compare scores with the truth.

    Args:
        name: The data set's name.
        logits: float32, shape ``(N, L)``; logits or log-probabilities.
        truth: int64, shape ``(N,)``.
        labels: The ordered class texts.
        calibrated: Whether the scores are final, as a bundle's are: no temperature is fitted. What a row's
            probabilities lack to one is left out of account: confidence is that of a character being this one.

    Returns:
        The measurements.

    Raises:
        ValueError: There is nothing to measure.
    """
    if not len(truth):
        raise ValueError(f"{name}: no samples to measure")
    merged = np.array(case_merged(labels))
    best = logits.argmax(axis=1)
    right = best == truth
    top3 = (np.argsort(-logits, axis=1)[:, :3] == truth[:, None]).any(axis=1)
    per_class = {
        labels[c]: {"n": int((truth == c).sum()), "top1": round(float(right[truth == c].mean()), 5)}
        for c in np.unique(truth).tolist()
    }
    case_right = merged[best] == merged[truth]
    ece = own_ece(logits, truth) if calibrated else held_out_ece(logits, truth)
    return Result(
        name, len(truth), float(right.mean()), float(case_right.mean()), float(top3.mean()), ece, per_class
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson, JASA 22, 1927).

    Args:
        share: Found in a sample, 0..1.
        n: Size of the sample, at least 1.

    Returns:
        Lower and upper end, 0..1.
    """
    z = 1.959964
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def negative_log_likelihood(logits: Scores, truth: Labels, temperature: float) -> float:
    """Mean negative log-likelihood of the truth at a temperature."""
    return float(-log_softmax(logits, temperature)[np.arange(len(truth)), truth].mean())


def fit_temperature(logits: Scores, truth: Labels) -> float:
    """The temperature under which the truth is likeliest (Guo et al., ICML 2017), between 1/4 and 4."""
    losses = [negative_log_likelihood(logits, truth, temperature) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def calibration_bins(confidence: Scores) -> list[npt.NDArray[np.intp]]:
    """The rows of each of at most ``BINS`` bins of equal mass, the least confident first."""
    order = np.argsort(confidence, kind="stable")
    return [rows for rows in np.array_split(order, BINS) if len(rows)]


def expected_calibration_error(confidence: Scores, right: npt.NDArray[np.bool_]) -> float:
    """Mean distance of confidence from share right, in bins of equal mass (Nguyen & O'Connor, 2015)."""
    gaps = [
        abs(confidence[rows].mean() - right[rows].mean()) * len(rows) for rows in calibration_bins(confidence)
    ]
    return float(sum(gaps) / len(confidence))


def own_ece(scores: Scores, truth: Labels) -> float:
    """Calibration error of scores as they are, nothing fitted; NaN with fewer samples than two a bin."""
    if len(truth) < 2 * BINS:
        return float("nan")
    chances = np.exp(log_softmax(scores))
    return expected_calibration_error(chances.max(axis=1), chances.argmax(axis=1) == truth)


def held_out_ece(logits: Scores, truth: Labels) -> float:
    """Calibration error on each half of the samples, temperature fitted on the other half."""
    if len(truth) < 2 * BINS:
        return float("nan")
    errors = []
    for fitted, measured in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        probability = np.exp(log_softmax(logits[measured], fit_temperature(logits[fitted], truth[fitted])))
        right = probability.argmax(axis=1) == truth[measured]
        errors.append(expected_calibration_error(probability.max(axis=1), right))
    return float(np.mean(errors))
