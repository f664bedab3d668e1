"""Connectionist temporal classification (Graves et al., 2006): what posteriors over time say of a text. Pure.

A text is written over the steps of a line: each label for one step or several in a row, with blanks before, between and
after; two equal labels in a row need a blank between them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores

LEAST = -100.0
"""Log-probability below which nothing is told apart: sums over a line stay finite."""
NEVER = -1e6
"""Log-probability of what cannot be, beyond all margins."""

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]
"""First step, and the first step after."""


@dataclass(frozen=True, slots=True, eq=False)
class Emissions:
    """What each step of a line says.

    Attributes:
        blank: float64, shape ``(T,)``, log-probability of the blank.
        enter: float64, shape ``(T, labels)``, log-probability that a label begins at a step.
        stay: float64, shape ``(T, labels)``, the same that a label begun before goes on. It is ``enter`` in plain CTC.
        silence: float64, shape ``(T,)``, log-probability of nothing but blanks up to each step.
    """

    blank: Floats
    enter: Floats
    stay: Floats
    silence: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "silence", np.cumsum(self.blank))

    @classmethod
    def plain(cls, posteriors: Scores) -> "Emissions":
        """Those of plain CTC.

        Args:
            posteriors: float32, shape ``(T, labels + 1)``, log-probabilities, blank last.
        """
        rows = np.maximum(posteriors, LEAST, dtype=np.float64)
        return cls(rows[:, -1], rows[:, :-1], rows[:, :-1])

    def padded(self, labels: npt.NDArray[np.intp]) -> "Emissions":
        """The same with a step before and one after that say any of some labels as surely as nothing."""
        edge = np.full((1, self.enter.shape[1]), NEVER)
        edge[:, labels] = 0.0
        silent = np.zeros(1)
        return Emissions(
            np.concatenate([silent, self.blank, silent]),
            np.concatenate([edge, self.enter, edge]),
            np.concatenate([edge, self.stay, edge]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Scores of the ways to write the beginning of a text, ``K`` texts at once.

    Attributes:
        entered: float64, shape ``(T, K)``: the last label begins at this step.
        on: The same: this step is on the last label.
        off: The same: this step is on a blank after it.
    """

    entered: Floats
    on: Floats
    off: Floats

    def only(self, text: int) -> "Ways":
        """Those of one of the texts, ``K`` = 1."""
        return Ways(*(part[:, text : text + 1] for part in (self.entered, self.on, self.off)))


def root(emissions: Emissions) -> Ways:
    """Those of the empty text: blanks from the first step."""
    nothing = np.full((len(emissions.blank), 1), -np.inf)
    return Ways(nothing, nothing, emissions.silence[:, None])


def extend(
    emissions: Emissions, ways: Ways, last: int, labels: Sequence[int] | npt.NDArray[np.intp], plus: np.ufunc
) -> Ways:
    """Write one more label after a text.

    Args:
        emissions: What each step says.
        ways: Those of the text, ``K`` = 1.
        last: Its last label; -1 where it is empty.
        labels: The labels to write, each after the same text, ``K`` of them.
        plus: ``np.maximum`` for the best way, ``np.logaddexp`` for the sum of all.

    Returns:
        Those of the ``K`` longer texts.
    """
    ids = np.asarray(labels)
    came = np.empty((len(emissions.blank), len(ids)))
    came[0] = 0.0 if last < 0 else -np.inf
    came[1:] = plus(ways.on, ways.off)[:-1]
    came[1:, ids == last] = ways.off[:-1]
    entered = came + emissions.enter[:, ids]
    # Going on costs the sum of the steps, so that the best beginning is found by one running maximum (or sum).
    steps = np.cumsum(emissions.stay[:, ids], axis=0)
    on = steps + _running(plus, entered - steps)
    silent = emissions.silence[:, None]
    off = np.full_like(on, -np.inf)
    off[1:] = silent[1:] + _running(plus, on - silent)[:-1]
    return Ways(entered, on, off)


def score(emissions: Emissions, labels: Sequence[int], plus: np.ufunc = np.logaddexp) -> float:
    """Log-probability of a text; with ``np.maximum`` that of its best way.

    Args:
        emissions: What each step says.
        labels: The text's label numbers.
        plus: See ``extend``.

    Returns:
        It, ``-inf`` where the text needs more steps than there are.
    """
    if not len(emissions.blank):
        return -np.inf if labels else 0.0
    ways, last = root(emissions), -1
    for label in labels:
        ways, last = extend(emissions, ways, last, [label], plus), label
    return float(plus(ways.on[-1, 0], ways.off[-1, 0]))


def forward(posteriors: Scores, labels: Sequence[int]) -> float:
    """Exact CTC log-probability of a text.

    Args:
        posteriors: float32, shape ``(T, labels + 1)``, log-probabilities, blank last.
        labels: The text's label numbers.
    """
    return score(Emissions.plain(posteriors), labels)


def align(posteriors: Scores, labels: Sequence[int]) -> list[Span]:
    """Where each label of a text stands on the best way to write it; see ``spans``."""
    return spans(Emissions.plain(posteriors), labels)


def spans(emissions: Emissions, labels: Sequence[int]) -> list[Span]:
    """The steps that each label of a text takes on the best way to write it.

    Args:
        emissions: What each step says.
        labels: The text's label numbers.

    Returns:
        One a label, in order and apart.

    Raises:
        ValueError: The text needs more steps than there are.
    """
    at = len(emissions.blank)
    rows, last = [root(emissions)], -1
    for label in labels:
        rows.append(extend(emissions, rows[-1], last, [label], np.maximum))
        last = label
    if labels and not (at and max(rows[-1].on[-1, 0], rows[-1].off[-1, 0]) > -np.inf):
        raise ValueError(f"a text of {len(labels)} labels needs more than the {at} steps there are")
    silent = emissions.silence
    result: list[Span] = []
    follows = -1
    for label, ways in zip(reversed(labels), reversed(rows), strict=False):
        on, off = ways.on[:at, 0], ways.off[:at, 0]
        if label == follows or off[-1] > on[-1]:
            # On a blank: it was reached from the label at the step that makes what came before it worth most.
            at = int(np.argmax(on[:-1] - silent[: at - 1])) + 1
        steps = np.cumsum(emissions.stay[:at, label])
        first = int(np.argmax(ways.entered[:at, 0] - steps))
        result.append((first, at))
        at, follows = first, label
    return result[::-1]


def greedy(posteriors: Scores) -> tuple[list[int], list[Span]]:
    """The best way of all: at each step its likeliest label, equal ones in a row once, without the blanks.

    Args:
        posteriors: float32, shape ``(T, labels + 1)``, blank last.

    Returns:
        The label numbers, and the steps of each.
    """
    best = posteriors.argmax(axis=1)
    borders = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
    runs = [
        (int(best[first]), (first, end))
        for first, end in itertools.pairwise(borders.tolist())
        if best[first] < posteriors.shape[1] - 1
    ]
    return [label for label, _ in runs], [span for _, span in runs]


def _running(plus: np.ufunc, values: Floats) -> Floats:
    """Running maximum or sum over the steps."""
    result: Any = plus.accumulate(values, axis=0)
    return np.asarray(result, np.float64)
