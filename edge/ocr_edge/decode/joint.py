"""The posteriors of several strips as those of one: a text that goes over rows, read with one pattern. Pure.

Between two strips stands one step that says nothing or a space. So every way to write a text over the joined steps is a
way to write its parts over the strips, and the search through a pattern finds where to part it, exactly.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import STEP
from ocr_edge.contract.types import Image, Scores
from ocr_edge.decode import ink

NEVER = -69.0
"""Log-probability of what cannot stand between two rows: e to the -69 is 1e-30."""


def posteriors(strips: Sequence[Scores], spaces: npt.NDArray[np.bool_], *, open_ended: bool) -> Scores:
    """Join what is said of strips.

    Args:
        strips: Log-probabilities of each, float32, shape ``(T, labels + 1)``, blank last; at least one.
        spaces: bool, shape ``(labels,)``: the labels that are a space.
        open_ended: Whether a word may go on in the next strip; else there is a space between two.

    Returns:
        The same of all, with one step more between two.
    """
    between = np.full((1, strips[0].shape[1]), NEVER, np.float32)
    may = np.append(spaces, open_ended or not spaces.any())
    between[0, may] = -np.log(may.sum())
    parts = [strips[0]]
    for strip in strips[1:]:
        parts += [between, strip]
    return np.concatenate(parts)


def binary(binaries: Sequence[Image], steps: Sequence[int]) -> Image:
    """The ink of joined strips, uint8, shape ``(H, STEP * steps, 1)``.

    Args:
        binaries: That of each, shape ``(H, w, 1)``.
        steps: How many steps each has.
    """
    high = len(binaries[0])
    parts = []
    for number, (binary, count) in enumerate(zip(binaries, steps, strict=True)):
        part = np.zeros((high, STEP * (count + (number > 0)), 1), np.uint8)
        own = binary[:, : STEP * count]
        first = STEP * (number > 0)
        part[:, first : first + own.shape[1]] = own
        parts.append(part)
    return np.concatenate(parts, axis=1)


def place(first: int, end: int, steps: Sequence[int]) -> tuple[int, ink.Columns]:
    """The strip that columns of the joined ones lie in, most of them, and which columns of it they are.

    Args:
        first: First column.
        end: First column after.
        steps: How many steps each strip has.
    """
    starts = list(itertools.accumulate((STEP * (count + 1) for count in steps), initial=0))
    middle = (first + end) / 2
    strip = max(number for number, start in enumerate(starts[:-1]) if start <= middle or number == 0)
    width = STEP * steps[strip]
    left = min(max(first - starts[strip], 0), width - 1)
    return strip, (left, max(left + 1, min(end - starts[strip], width)))
