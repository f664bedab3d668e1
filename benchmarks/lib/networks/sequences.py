"""Networks in sequence, from scores that each gave once: what they would say, and at which cost, at any thresholds.

An unsure character goes on to the next network, whose probabilities replace the ones before or are averaged with
them, by the code of ``ocr_edge.recognize.characters``.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.manifest import SCHEMA, Manifest
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.stage import ALL_GO_ON, Stage
from ocr_edge.contract.types import Scores
from ocr_edge.recognize.cascade import in_sequence

Combine = Literal["replace", "mean"]
Thresholds = tuple[float, ...]
GRID = (
    *(0.0, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93),
    *(0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0),
)
"""Thresholds to try, closest where networks are sure; 0 lets nothing go on."""
MOST = 1000
"""Most vectors of thresholds to try for one way to combine."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What a sequence says of each character if it ends at each of its stages.

    Attributes:
        sure: Log-probability of the likeliest class, float32, shape ``(stages, N)``.
        right: Whether the likeliest text is right, bool, same shape.
    """

    sure: Scores
    right: npt.NDArray[np.bool_]


def combined(scores: Sequence[Scores], combine: Combine) -> list[Scores]:
    """Scores after each stage, had every character come so far: what the device's own code makes of them.

    Args:
        scores: Calibrated log-probabilities of each stage, float32, shape ``(N, L)``; minus infinity for a class that a
            stage does not have.
        combine: See ``Manifest``.
    """
    count, width = scores[0].shape
    stage = Stage(
        kind="character",
        file="x",
        sha256="",
        architecture="",
        parameters=0,
        macs=0,
        quantization="int8",
        labels=tuple(str(label) for label in range(width)),
        inputs={"rgb": (1, 1, 3), "binary": (1, 1, 1)},
        escalate_below=ALL_GO_ON,
    )
    whole = Manifest(
        schema=SCHEMA,
        name="",
        created="",
        preprocess=VERSION,
        stages=(stage,) * len(scores),
        combine=combine,
    )
    shorter = [msgspec.structs.replace(whole, stages=(stage,) * (end + 1)) for end in range(len(scores))]
    return [in_sequence(manifest, count, lambda index, rows: scores[index][rows])[0] for manifest in shorter]


def last_stage(sure: Scores, thresholds: Thresholds) -> npt.NDArray[np.int64]:
    """The stage, from 0, that each character ends at.

    Args:
        sure: See ``Levels``.
        thresholds: A character less sure than this goes on, one number for each stage but the last.

    Returns:
        int64, shape ``(N,)``.
    """
    last = np.zeros(sure.shape[1], np.int64)
    going = np.ones(sure.shape[1], bool)
    for level, threshold in zip(sure, thresholds, strict=False):
        going &= level < np.log(max(threshold, 1e-9))
        last += going
    return last


def grid(stages: int) -> Iterator[Thresholds]:
    """Thresholds to try for so many stages: a line for two, for more a grid, the coarser the more there are."""
    step = 1
    while len(GRID[::step]) ** (stages - 1) > MOST and len(GRID[::step]) > 2:
        step += 1
    yield from itertools.product(GRID[::step], repeat=stages - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A sequence with its thresholds, or a network alone, on data of several sources.

    Attributes:
        combine: How scores are combined; empty for a network alone.
        thresholds: One for each stage but the last.
        right: Share named right, float64, shape ``(halves, sources)``.
        ms: Mean milliseconds a character, same shape.
    """

    combine: str
    thresholds: Thresholds
    right: npt.NDArray[np.float64]
    ms: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Which source and which half each character belongs to.

    Attributes:
        source: int64, shape ``(N,)``.
        half: 0 or 1, same shape.
    """

    source: npt.NDArray[np.int64]
    half: npt.NDArray[np.int64]

    def means(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """The mean of a value in each half of each source, shape ``(2, sources)``; NaN where there is none."""
        sources = int(self.source.max()) + 1
        keys = self.half * sources + self.source
        sums = np.bincount(keys, weights=values, minlength=2 * sources)
        with np.errstate(invalid="ignore"):
            return np.asarray((sums / np.bincount(keys, minlength=2 * sources)).reshape(2, sources))


def choices(
    levels: dict[Combine, Levels], ms: Sequence[float], parts: Parts, thresholds: Sequence[Thresholds]
) -> list[Choice]:
    """A sequence at each of several thresholds, for each way to combine."""
    spent = np.cumsum(ms)
    found = []
    for combine, level in levels.items():
        everyone = np.arange(level.sure.shape[1])
        for values in thresholds:
            last = last_stage(level.sure, values)
            means = [parts.means(of) for of in (level.right[last, everyone], spent[last])]
            found.append(Choice(combine, values, *means))
    return found


def best(found: Sequence[Choice], budget: float, halves: Sequence[int]) -> Choice | None:
    """The most accurate one within a budget, on the mean of sources; of equals the cheapest.

    Args:
        found: To choose from.
        budget: Most mean milliseconds a character.
        halves: Which halves to look at.

    Returns:
        None where all cost more.
    """
    chosen = list(halves)
    # A hair more, so that a network alone is within its own cost.
    affordable = [one for one in found if np.nanmean(one.ms[chosen]) <= budget * (1 + 1e-9)]
    return max(
        affordable, key=lambda one: (np.nanmean(one.right[chosen]), -np.nanmean(one.ms[chosen])), default=None
    )
