"""How text is scored: one code for every system. Pure: text in, numbers out."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ocr_edge.contract.labels import LINE
from ocr_train.editing import edit_distance

Measure = Literal["exact", "contained", "silent", "values"]
"""``exact``: the truth was said and nothing else. ``contained``: it is a contiguous part of what was said. ``silent``:
nothing was said, for there is nothing to read. ``values``: every value is a whole line of its own."""

Interval = tuple[float, float]

NOT_READ = "\ufffd"
"""Stands for a character that a system saw and did not name."""
Z95 = 1.959964
RESAMPLES = 1000
ALIKE = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2013\u2014\u2212", "''\"\"----")
"""Typographic marks that people and systems write for plain ones: quotes and dashes."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture, compared with its truth.

    Attributes:
        right: Whether the measure holds.
        edits: Insertions, deletions and substitutions between the two, in characters.
        truth: Characters of the truth.
        said: Characters said.
    """

    right: bool
    edits: int
    truth: int
    said: int


@dataclass(frozen=True, slots=True)
class Score:
    """All pictures of a set.

    Attributes:
        n: Pictures.
        rate: Share that is right, 0 to 1; NaN without pictures.
        interval: Its 95 % interval (Wilson).
        cer: Character error rate, edits over truth length, both summed over the set; NaN without truth.
        cer_interval: Its 95 % interval over resampled pictures; NaN with fewer than two.
        said_per_truth: Characters said for each character of truth; far above 1 where a system babbles.
    """

    n: int
    rate: float
    interval: Interval
    cer: float
    cer_interval: Interval
    said_per_truth: float


def normalise(text: str, labels: Iterable[str], *, ignore_case: bool = False, only: str = "") -> str:
    """The letters and digits of a text that count.

    Compatibility forms (full-width letters, ligatures) become plain ones first, whoever wrote them.

    Args:
        text: Truth, or what a system said.
        labels: What the bundle can produce; every other character is dropped, blanks and line ends too, but for
            ``NOT_READ``, which is no label and so always wrong. Marks never count, whether they are labels or not.
        ignore_case: Whether letters are compared in upper case.
        only: Of these, the ones that count; empty for all.

    Returns:
        Only letters and digits of the labels, and ``NOT_READ``.
    """
    known = {
        character for character in "".join(labels) if character.isalnum() and character in (only or character)
    }
    text = unicodedata.normalize("NFKC", text)
    if ignore_case:
        known, text = {character.upper() for character in known}, text.upper()
    return "".join(character for character in text if character in known or character == NOT_READ)


def as_written(text: str, labels: Iterable[str], *, ignore_case: bool = False, only: str = "") -> str:
    """What counts of a text with its punctuation and spaces.

    All of ``contract.labels.LINE`` counts whatever the bundle's labels are: one that cannot say a mark loses by it.
    Quotes and dashes are plain ones, and compatibility forms too unless they are labels.

    Args:
        text: Truth, or what a system said.
        labels: What the bundle can produce beyond ``LINE``.
        ignore_case: Whether letters are compared in upper case.
        only: Of these, the characters that count beside the space; empty for all.

    Returns:
        The text, one space wherever something blank stands, neither beginning nor ending with one.
    """
    known = {*"".join(labels), *LINE, NOT_READ}
    composed = unicodedata.normalize("NFC", text).translate(ALIKE)
    plain = "".join(c if c in known else unicodedata.normalize("NFKC", c) for c in composed).translate(ALIKE)
    if only:
        known &= {*only, NOT_READ}
    if ignore_case:
        known, plain = {character.upper() for character in known}, plain.upper()
    return written("".join(character for character in plain if character in known or character.isspace()))


def written(text: str) -> str:
    """A text with all its punctuation, one space wherever something blank stands.

    A line's end counts as a space: whether a wide gap ends a line is a question of layout, not of reading.

    Args:
        text: Truth, or what a system said.

    Returns:
        The text in composed form (NFC), neither beginning nor ending with a space.
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def judge(truth: str, said: str, measure: Measure) -> Judged:
    """Compare two normalised texts; an empty truth is right only where nothing was said.

    Raises:
        ValueError: The measure is ``values``, which compares lines: see ``judge_values``.
    """
    if measure == "values":
        raise ValueError("values are compared with lines, see judge_values")
    part_is_enough = measure == "contained" and truth != ""
    right = truth in said if part_is_enough else truth == said
    return Judged(right, edit_distance(truth, said), len(truth), len(said))


def judge_values(values: Sequence[str], lines: Sequence[str], *, whole: bool = True) -> Judged:
    """Compare values with lines, both normalised: every one must be there.

    Args:
        values: What the picture's owner wants of it.
        lines: What was said.
        whole: Whether a value must be a line of its own; otherwise it may be a part of one.

    Returns:
        The verdict; no edits are counted, for the truth does not say all that the picture shows.
    """
    right = all(value in lines if whole else any(value in line for line in lines) for value in values)
    return Judged(right, 0, sum(map(len, values)), sum(map(len, lines)))


def score(judged: Sequence[Judged]) -> Score:
    """Sum up a set."""
    right = sum(one.right for one in judged)
    edits = np.array([one.edits for one in judged], np.int64)
    truth = np.array([one.truth for one in judged], np.int64)
    total = int(truth.sum())
    return Score(
        n=len(judged),
        rate=right / len(judged) if judged else math.nan,
        interval=wilson(right, len(judged)),
        cer=int(edits.sum()) / total if total else math.nan,
        cer_interval=_resampled(edits, truth),
        said_per_truth=sum(one.said for one in judged) / total if total else math.nan,
    )


def wilson(right: int, n: int) -> Interval:
    """95 % interval of a share (Wilson, 1927); all of 0 to 1 when nothing was measured."""
    if n == 0:
        return 0.0, 1.0
    share, z = right / n, Z95 * Z95 / n
    middle = (share + z / 2) / (1 + z)
    half = math.sqrt(share * (1 - share) * z + z * z / 4) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(worse: int, better: int) -> float:
    """Exact two-sided p of McNemar's test: how easily chance alone would make changes so one-sided."""
    n = worse + better
    tail = sum(math.comb(n, k) for k in range(min(worse, better) + 1))
    return min(1.0, 2 * tail / (1 << n))


def gained(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, Interval]:
    """How much more is right on the mean of sources, and its 95 % interval over resampled pairs.

    Args:
        pairs: For each source what was right before and after, bool, both of shape ``(N,)`` and of the same items.

    Returns:
        The unweighted mean over sources of the share gained; and the percentiles of that mean when every source's
        items are drawn again, with replacement, as many as there are (bootstrap), always by the same seed.
    """
    random = np.random.default_rng(0)
    shares, drawn = [], []
    for before, after in pairs:
        n, worse, better = len(before), int((before & ~after).sum()), int((~before & after).sum())
        # Only how many of each kind are drawn matters, and that is multinomial.
        counts = random.multinomial(n, [worse / n, better / n, 1 - (worse + better) / n], size=10 * RESAMPLES)
        shares.append((better - worse) / n)
        drawn.append((counts[:, 1] - counts[:, 0]) / n)
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    return float(np.mean(shares)), (float(low), float(high))


def _resampled(edits: np.ndarray, truth: np.ndarray) -> Interval:
    """95 % interval of an error rate over pictures drawn again and again, always by the same seed."""
    if len(edits) < 2 or not truth.any():
        return math.nan, math.nan
    rows = np.random.default_rng(0).integers(len(edits), size=(RESAMPLES, len(edits)))
    lengths = truth[rows].sum(axis=1)
    rates = edits[rows].sum(axis=1)[lengths > 0] / lengths[lengths > 0]
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)
