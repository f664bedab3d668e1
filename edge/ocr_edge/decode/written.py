"""A text and the steps of a strip that it is written on: how likely it is, where each label is loudest. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ocr_edge.decode import ctc
from ocr_edge.decode.ctc import Emissions
from ocr_edge.decode.spelling import Respelled

SURE = -1e-6
"""Log-probability above which a text is as sure as it can be."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A text and how it is written.

    Attributes:
        labels: Its label numbers, shape ``(n,)``.
        runs: The steps of each, shape ``(n, 2)``, first and first after.
        may: bool, shape ``(n, labels)``: what else might stand there; None for anything.
        spelled: Of places whose word was spelled anew, how likely each label is there, shape ``(labels,)``.
        surer: Nats by which the text is therefore likelier than the picture alone says.
        words: Those words.
    """

    labels: npt.NDArray[np.intp]
    runs: npt.NDArray[np.intp]
    may: npt.NDArray[np.bool_] | None = None
    spelled: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    surer: float = 0.0
    words: Sequence[Respelled] = ()

    def peaks(self, emissions: Emissions) -> npt.NDArray[np.intp]:
        """The step on which each label is loudest, shape ``(n,)``."""
        return np.array(
            [
                first + int(emissions.enter[first:end, label].argmax())
                for label, (first, end) in zip(self.labels, self.runs.tolist(), strict=True)
            ],
            np.intp,
        )

    def presence(self, silent: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Probability that not all steps of a label are silent, shape ``(n,)``, from that of each step."""
        logs = np.cumsum(np.log(np.clip(silent, 1e-30, 1.0), dtype=np.float64))
        sums = np.concatenate([[0.0], logs])
        return np.asarray(-np.expm1(sums[self.runs[:, 1]] - sums[self.runs[:, 0]]))

    def log_probability(self, emissions: Emissions, spaces: npt.NDArray[np.intp]) -> float:
        """Of the whole text, all ways to write it counted.

        Args:
            emissions: What each step says.
            spaces: The labels that are a space: before and after the text they count as blanks, as they are not said.
        """
        if len(self.labels) and len(spaces):
            blank = emissions.blank.copy()
            space = np.logaddexp.reduce(emissions.enter[:, spaces], axis=1)
            for beyond in (slice(0, self.runs[0, 0]), slice(self.runs[-1, 1], None)):
                blank[beyond] = np.logaddexp(blank[beyond], space[beyond])
            emissions = Emissions(blank, emissions.enter, emissions.stay)
        # With look-alikes together, the steps may say a little more than one.
        return min(ctc.score(emissions, self.labels.tolist()), 0.0)


def calibrated(log_probability: float, calibration: tuple[float, float]) -> float:
    """A line's confidence: sigmoid(slope * logit(p) + offset).

    Args:
        log_probability: Natural logarithm of p, the probability of the text as the network says it.
        calibration: Slope and offset; ``(1.0, 0.0)`` leaves p as it is.

    Returns:
        Probability that the text is right, 0 to 1.
    """
    slope, offset = calibration
    nats = min(log_probability, SURE)
    logit = nats - math.log(-math.expm1(nats))
    # Beyond 700 the exponential has no number.
    return 1 / (1 + math.exp(min(-(slope * logit + offset), 700.0)))
