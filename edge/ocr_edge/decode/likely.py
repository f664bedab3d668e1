"""How likely a text is before anything is seen: most words look like English words or like codes. Pure.

The first are letters that follow each other by n-grams, all small, Capitalised or ALL CAPS; the second any letters and
digits, of a kind mostly beside its like. Both as in ``language``.
"""

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.decode.language import CAPITAL, CASES, FOLLOWS, OTHER, SMALL, WORDS, kind_of
from ocr_edge.decode.ngrams import CONTEXTS, ORDER, SYMBOLS, load, symbol_of

KINDS = 0.5
"""What counts of that digits stand beside digits in a code. With all of it, 3 plates of 65 validation cars are lost,
such as ``SB3X6N``; with none, 3 amounts of 216 and 3 plates of 172."""
PER_CHARACTER = 3.7
"""Nats that a character is worth, about what one costs as part of a code: so a text is no likelier for being short.
Chosen on the validation words and amounts (n = 596) from 3.0 to 4.1, which differ by two texts."""
CHANCE = -math.log(62)
"""Log-probability of a character of which nothing is known: a mark, or a letter alone."""
KINDS_KEPT = 4096
"""Forms of words, such as a capital and four small letters, whose likelihood is remembered."""


class Likely:
    """Weighs texts.

    Args:
        labels: What stands in them, one character each.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._kinds = [kind_of(label) for label in labels]
        self._symbols = [symbol_of(label) for label in labels]
        self._space = [label == " " for label in labels]
        counts = np.bincount(self._kinds, minlength=4)[:3]
        # One constant for all kinds: a digit is not likelier than a letter only because digits are fewer.
        most = (np.exp(KINDS * FOLLOWS) @ counts).max()
        self._follows = (KINDS * FOLLOWS - math.log(max(most, 1.0))).tolist()
        load()  # Now, and not while the first picture waits.

    def of(self, texts: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Log-likelihood of each text of label numbers, up to a constant: longer ones are no less likely for it."""
        words: dict[tuple[int, ...], int] = {}
        parts = [self._parted(text) for text in texts]
        for inside, _ in parts:
            for word in inside:
                words.setdefault(word, len(words))
        worth = self._words(list(words))
        return np.array([sum(worth[words[word]] for word in inside) + alone for inside, alone in parts])

    def _parted(self, text: Sequence[int]) -> tuple[list[tuple[int, ...]], float]:
        """The words of a text, of two letters or digits and more, and what all else in it is worth."""
        found: list[tuple[int, ...]] = []
        alone, first = 0.0, 0
        for place in range(len(text) + 1):
            if place < len(text) and self._kinds[text[place]] != OTHER:
                continue
            if place - first > 1:
                found.append(tuple(text[first:place]))
            elif place > first:
                alone += CHANCE + PER_CHARACTER
            if place < len(text) and not self._space[text[place]]:
                alone += CHANCE + PER_CHARACTER
            first = place + 1
        return found, alone

    def _words(self, words: Sequence[tuple[int, ...]]) -> list[float]:
        english = self._english(words)
        result = []
        for word, spelt in zip(words, english, strict=True):
            kinds = tuple(self._kinds[label] for label in word)
            case = _case(kinds)
            code = math.log1p(-WORDS) + CHANCE + self._code(kinds)
            as_word = math.log(WORDS) + spelt + case if spelt + case > -math.inf else -math.inf
            result.append(float(np.logaddexp(as_word, code)) + PER_CHARACTER * len(word))
        return result

    def _english(self, words: Sequence[tuple[int, ...]]) -> list[float]:
        """Log-probability of each word's letters by n-grams; minus infinity where it has others."""
        contexts, symbols, ends = [], [], []
        for word in words:
            # Before and after a word stands the symbol 0.
            padded = [0] * (ORDER - 1) + [self._symbols[label] for label in word] + [0]
            number = 0
            for symbol in padded[ORDER - 1 :]:
                contexts.append(number)
                symbols.append(symbol)
                number = (number * SYMBOLS + symbol) % CONTEXTS
            ends.append(len(symbols))
        if not symbols:
            return []
        logs = load().each(np.array(contexts, np.int32), np.array(symbols, np.int32)).tolist()
        starts = [0, *ends[:-1]]
        return [
            sum(logs[start:end]) if 0 not in symbols[start : end - 1] else -math.inf
            for start, end in zip(starts, ends, strict=True)
        ]

    def _code(self, kinds: tuple[int, ...]) -> float:
        return float(sum(self._follows[before][after] for before, after in itertools.pairwise(kinds)))


@functools.lru_cache(KINDS_KEPT)
def _case(kinds: tuple[int, ...]) -> float:
    """Log-probability that a word's letters are small and capital in this order."""
    pattern, total = np.eye(1, len(CASES[0]))[0], 0.0
    for kind in kinds:
        if kind not in (SMALL, CAPITAL):
            return -math.inf
        pattern = pattern @ CASES[kind]
        mass = float(pattern.sum())
        pattern, total = pattern / mass, total + math.log(mass)
    return total
