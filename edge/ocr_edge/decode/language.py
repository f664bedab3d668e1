"""What neighbours in a word say about a character: most words look like words, the others like codes.

Each word is explained twice: as a *word*, letters that follow each other as in English, all small, Capitalised or ALL
CAPS; and as a *code*, any characters, digits mostly beside digits and capitals beside capitals. The picture decides how
much each explanation counts, so a number plate is not made English and another language loses little. Letters follow
each other by n-grams, searched with a beam; the kinds of a code are a hidden Markov model (Rabiner, Proc. IEEE 77(2),
1989).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_edge.decode.ngrams import CONTEXTS, SYMBOLS, Floats, NGrams, Symbols, load, symbol_of

BEAM = 24
"""Spellings of a word kept from character to character."""
CHOICES = 6
"""Letters tried at each character."""
FAINT = 1e-4
"""Letters that the picture makes less likely than this, relative to its favourite, are not tried."""
WORDS = 0.5
"""How many words are English before anything is seen; the others are codes."""
TRUST = 0.01
"""Share of the picture's own opinion where a word is English: a spelling that is not in the beam is not impossible."""

SMALL, CAPITAL, DIGIT, OTHER = range(4)
# How likely a kind follows another within a code, in natural logarithms up to a constant: small, capital, digit.
FOLLOWS = np.array(
    [
        [0.0, -3.0, -3.0],
        [-0.8, 0.0, -1.6],
        [-3.0, -1.6, 0.0],
    ]
)
# The case pattern of a word so far: nothing, small, one Capital, Capitalised, CAPITALS, mIXed; each row says how likely
# a small letter or a capital comes next, and which pattern that makes.
_SMALL_NEXT = np.zeros((6, 6), np.float32)
_SMALL_NEXT[[0, 0, 1, 2, 3, 4, 5], [1, 5, 1, 3, 3, 5, 5]] = 0.30, 0.01, 0.99, 0.45, 0.98, 0.02, 0.5
_CAPITAL_NEXT = np.zeros((6, 6), np.float32)
_CAPITAL_NEXT[[0, 0, 1, 2, 3, 4, 5], [2, 5, 5, 4, 5, 4, 5]] = 0.68, 0.01, 0.01, 0.55, 0.02, 0.98, 0.5
CASES = np.stack([_SMALL_NEXT, _CAPITAL_NEXT])


def kind_of(text: str) -> int:
    """``SMALL``, ``CAPITAL``, ``DIGIT``, or ``OTHER`` for what is no single letter or digit."""
    if len(text) != 1:
        return OTHER
    tests = (str.islower, str.isupper, str.isdecimal)
    return next((kind for kind, test in enumerate(tests) if test(text)), OTHER)


@dataclass(frozen=True, slots=True, eq=False)
class _Beam:
    """The likeliest spellings of a word so far, ``B`` of them.

    Attributes:
        cases: float32, shape ``(B, 6)``: probability of each case pattern; rows sum to one.
        context: int32, shape ``(B,)``: the last four symbols.
        totals: float32, shape ``(B,)``: log-likelihood.
        parent: Which spelling of the beam before each continues.
        symbols: int32, shape ``(B,)``: with which symbol.
    """

    cases: Floats
    context: Symbols
    totals: Floats
    parent: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(1, np.intp))
    symbols: Symbols = field(default_factory=lambda: np.zeros(1, np.int32))

    def onward(self, symbols: Symbols, seen: Floats, model: NGrams, cases: Floats, weight: float) -> "_Beam":
        """The beam after one more character, of which ``(K,)`` symbols were seen, small and capital: ``(K, 2)``."""
        reached = (seen @ (self.cases @ cases).reshape(2, -1)).reshape(-1, 6)  # (K * B, 6)
        mass = reached.sum(axis=1)
        totals = self.totals + weight * model.after(self.context, symbols)
        totals = totals.reshape(-1) + np.log(mass)
        keep = (-totals).argpartition(BEAM)[:BEAM] if len(totals) > BEAM else np.arange(len(totals))
        choice, parent = np.divmod(keep, len(self.totals))
        chosen = symbols[choice]
        context = (self.context[parent] * np.int32(SYMBOLS) + chosen) % np.int32(CONTEXTS)
        return _Beam(reached[keep] / mass[keep, None], context, totals[keep], parent, chosen)


def _posterior(cased: Floats, beams: Sequence[_Beam], cases: Floats, shares: Floats) -> Floats:
    """Probability of each letter in each case, shape ``(N, 2 * SYMBOLS)``, over the spellings of the last beam."""
    result = np.zeros_like(cased)
    back = cases.transpose(0, 2, 1)
    ahead = np.ones((len(shares), 6), np.float32)
    spelling = np.arange(len(shares))
    for row in range(len(cased) - 1, -1, -1):
        symbols = beams[row + 1].symbols[spelling]
        spelling = beams[row + 1].parent[spelling]
        seen = cased[row].reshape(SYMBOLS, 2)[symbols]  # (B, 2)
        onward = (ahead @ back) * seen.T[:, :, None]  # (2, B, 6)
        both = (onward * beams[row].cases[spelling]).sum(axis=2)  # (2, B)
        both *= shares / both.sum(axis=0)
        for case in (SMALL, CAPITAL):
            result[row, case::2] = np.bincount(symbols, both[case], SYMBOLS)
        ahead = onward.sum(axis=0)
        ahead /= ahead.sum(axis=1, keepdims=True)
    return result


class Language:
    """Makes the characters of a line agree with their neighbours.

    Args:
        labels: The ordered class texts. What is no single letter or digit ends a word and keeps its probability.
        words: How many words are English before anything is seen, from 0 to less than 1. With 0 every word is a code,
            and the n-grams are not even loaded.
    """

    def __init__(self, labels: Sequence[str], words: float = WORDS) -> None:
        kinds = np.array([kind_of(label) for label in labels], np.intp)
        symbols = np.array([symbol_of(label) for label in labels], np.intp)
        self._kinds = kinds
        self._known = kinds != OTHER
        self._present = [kind for kind in (SMALL, CAPITAL, DIGIT) if (kinds == kind).any()]
        # One constant for all kinds: a digit is not likelier than a letter only because digits are fewer.
        total = np.exp(FOLLOWS)[:, kinds[self._known]].sum(axis=1).max(initial=1)
        self._follows = FOLLOWS[np.ix_(self._present, self._present)] - np.log(total)
        # Labels of one letter and case share a column: 2 * symbol + case.
        self._letters = np.flatnonzero((symbols > 0) & (kinds <= CAPITAL))
        self._column = 2 * symbols[self._letters] + kinds[self._letters]
        self._columns = np.zeros((len(labels), 2 * SYMBOLS), np.float32)
        self._columns[self._letters, self._column] = 1
        self._words = words if len(self._letters) else 0.0
        if self._words:
            load()  # Now, and not while the first picture waits.

    def with_language(self, scores: Scores, spaces: Sequence[bool], weight: float = 1.0) -> Scores:
        """Weigh what the picture says about each character with what its word says.

        Args:
            scores: float32, shape ``(N, L)``, log-probabilities.
            spaces: For each character whether a word gap stands before it.
            weight: Exponent of the neighbours' opinion; 0 leaves the scores as they are.

        Returns:
            float32, shape ``(N, L)``, renormalised log-probabilities. Words of one character keep what they have.
        """
        if not weight or not self._known.any():
            return scores
        result = scores.astype(np.float32)
        for first, last in self.words(scores, spaces):
            result[first:last] = self._word(scores[first:last], weight)
        return result

    def words(self, scores: Scores, spaces: Sequence[bool]) -> Iterator[tuple[int, int]]:
        """First and past-the-last character of each word of two and more; arguments of ``with_language``."""
        return _words(spaces, ~self._known[scores.argmax(axis=1)])

    def likeness(self, scores: Scores, english: float) -> float:
        """How much likelier one word's characters are than if every word were a code, in nats.

        Args:
            scores: float32, shape ``(N, L)``, log-probabilities.
            english: How many words are English before anything is seen, between 0 and 1.
        """
        if not self._words:
            return 0.0
        chances = self._chances(scores)
        spelt = self._spellings(chances @ self._columns, 1.0)[2]
        odds = spelt - self._as_code(chances, 1.0)[1] if np.isfinite(spelt) else -np.inf
        return float(np.logaddexp(np.log1p(-english), np.log(english) + odds))

    def _word(self, scores: Scores, weight: float) -> Scores:
        """Posterior log-probabilities of one word's characters."""
        chances = self._chances(scores)
        code, code_total = self._as_code(chances, weight)
        if self._words:
            word, word_total = self._as_word(chances, weight)
            odds = word_total - code_total + np.log(self._words) - np.log1p(-self._words)
            share = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
            code = share * word + (1 - share) * code
        known = np.logaddexp.reduce(scores[:, self._known], axis=1, keepdims=True)
        posterior = np.where(self._known, np.log(np.maximum(code, 1e-12)) + known, scores)
        return np.asarray(posterior - np.logaddexp.reduce(posterior, axis=1, keepdims=True), np.float32)

    def _chances(self, scores: Scores) -> Floats:
        """Each character's probabilities relative to its likeliest letter or digit."""
        chances = np.exp(scores - scores[:, self._known].max(axis=1, keepdims=True))
        return np.asarray(chances * self._known, np.float32)

    def _as_code(self, chances: Floats, weight: float) -> tuple[Floats, float]:
        """Each character's probabilities when the word is a code, shape ``(N, L)``, and the log-likelihood of that."""
        evidence = np.stack([chances[:, self._kinds == kind].sum(axis=1) for kind in self._present], axis=1)
        follows = np.exp(weight * self._follows)
        forward = [evidence[0] * float(self._known.sum()) ** -weight]
        total = 0.0
        for seen in evidence[1:]:
            scale = forward[-1].sum()
            total += float(np.log(scale))
            forward.append((forward[-1] / scale) @ follows * seen)
        total += float(np.log(forward[-1].sum()))
        backward = [np.ones(len(self._present))]
        for seen in evidence[:0:-1]:
            step = follows @ (seen * backward[-1])
            backward.append(step / step.sum())
        # Zero evidence stays zero: nothing is divided by it.
        posterior = np.stack(forward) * np.stack(backward[::-1]) / np.maximum(evidence, 1e-30)
        result = np.zeros_like(chances)
        for column, kind in enumerate(self._present):
            result[:, self._kinds == kind] = chances[:, self._kinds == kind] * posterior[:, column, None]
        return result / result.sum(axis=1, keepdims=True), total

    def _as_word(self, chances: Floats, weight: float) -> tuple[Floats, float]:
        """The same for an English word; all zero, and minus infinity, when a character cannot be a letter."""
        cased = chances @ self._columns  # (N, 2 * SYMBOLS)
        beams, shares, likelihood = self._spellings(cased, weight)
        if not beams:
            return np.zeros_like(chances), likelihood
        posterior = _posterior(cased, beams, CASES**weight, shares) / np.maximum(cased, 1e-30)
        result = TRUST * chances / chances.sum(axis=1, keepdims=True)
        result[:, self._letters] += (1 - TRUST) * chances[:, self._letters] * posterior[:, self._column]
        return result, likelihood

    @staticmethod
    def _spellings(cased: Floats, weight: float) -> tuple[list[_Beam], Floats, float]:
        """The beams before and after each character, the share of each spelling in the last, and their log-likelihood.

        No beam, and minus infinity, when a character cannot be a letter.
        """
        letters = cased[:, ::2] + cased[:, 1::2]
        order = np.argsort(-letters, axis=1)[:, :CHOICES].astype(np.int32)
        tried = (np.take_along_axis(letters, order, axis=1) >= FAINT).sum(axis=1)
        if not tried.all():
            return [], np.zeros(0, np.float32), -np.inf
        model, cases = load(), CASES**weight
        beam = _Beam(np.eye(1, 6, dtype=np.float32), np.zeros(1, np.int32), np.zeros(1, np.float32))
        beams = [beam]
        for row, count in enumerate(tried):
            symbols = order[row, :count]
            beam = beam.onward(symbols, cased[row].reshape(SYMBOLS, 2)[symbols], model, cases, weight)
            beams.append(beam)
        totals = beam.totals + weight * model.after(beam.context, np.zeros(1, np.int32))[0]
        best = totals.max()
        shares = np.exp(totals - best)
        return beams, shares / shares.sum(), float(best + np.log(shares.sum()))


def _words(spaces: Sequence[bool], ends: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and past-the-last character of each word of two and more."""
    first = 0
    for index in range(len(spaces) + 1):
        if index == len(spaces) or spaces[index] or ends[index]:
            if index - first > 1:
                yield first, index
            first = index
        if index < len(spaces) and ends[index]:
            first = index + 1
