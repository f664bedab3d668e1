"""How likely a text is before anything is seen: most words look like English words or like codes. Pure.

The first are letters that follow each other by n-grams, all small, Capitalised or ALL CAPS; the second any letters and
digits, of a kind mostly beside its like. Both as in ``language``, and as likely as each other.
"""

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.decode.language import CAPITAL, CASES, FOLLOWS, OTHER, SMALL, kind_of
from ocr_edge.decode.ngrams import CONTEXTS, SYMBOLS, load, symbol_of

KINDS = 0.5
"""What counts of that digits stand beside digits in a code. With all of it, 3 plates of 65 validation cars are lost,
such as ``SB3X6N``; with none, 3 amounts of 216 and 3 plates of 172."""
ANY = math.log(62)
"""Nats that a letter or digit costs where nothing is known of it. Texts are weighed against a code of such, so that
nothing gains by being left out."""
FORMS_KEPT = 4096
"""Forms of words, such as a capital and four small letters, whose likelihood is remembered."""

Word = tuple[int, ...]


class Likely:
    """Weighs texts.

    Args:
        labels: What stands in them, one character each.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._kinds = [kind_of(label) for label in labels]
        self._symbols = [symbol_of(label) for label in labels]
        if any(self._symbols):
            load()  # Now, and not while the first picture waits.

    def of(self, texts: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """How much likelier each text of label numbers is than a code of one kind of characters, in nats."""
        parts = [self._words(text) for text in texts]
        words = list(dict.fromkeys(itertools.chain.from_iterable(parts)))
        worth = dict(zip(words, self._worth(words), strict=True))
        return np.array([sum(worth[word] for word in inside) for inside in parts], np.float64)

    def _words(self, text: Sequence[int]) -> list[Word]:
        """The words of a text, of two letters or digits and more: what all else in it is worth, nobody knows."""
        runs = itertools.groupby(text, key=lambda label: self._kinds[label] != OTHER)
        words = [tuple(run) for is_word, run in runs if is_word]
        return [word for word in words if len(word) > 1]

    def _worth(self, words: Sequence[Word]) -> list[float]:
        forms = [tuple(self._kinds[label] for label in word) for word in words]
        english = self._english(words)
        return [
            float(np.logaddexp(spelt + _case(form) + ANY * len(form), _code(form)))
            for spelt, form in zip(english, forms, strict=True)
        ]

    def _english(self, words: Sequence[Word]) -> list[float]:
        """Log-probability of each word's letters by n-grams; minus infinity where it has others."""
        contexts, symbols, ends = [], [], []
        for word in words:
            number = 0
            # Before and after a word stands the symbol 0.
            for symbol in (*(self._symbols[label] for label in word), 0):
                contexts.append(number)
                symbols.append(symbol)
                number = (number * SYMBOLS + symbol) % CONTEXTS
            ends.append(len(symbols))
        if not any(symbols):
            return [-math.inf for _ in words]
        logs = load().each(np.array(contexts, np.int32), np.array(symbols, np.int32)).tolist()
        starts = [0, *ends[:-1]]
        return [
            sum(logs[start:end]) if 0 not in symbols[start : end - 1] else -math.inf
            for start, end in zip(starts, ends, strict=True)
        ]


@functools.lru_cache(FORMS_KEPT)
def _code(kinds: Word) -> float:
    """How much less likely a code is because kinds of characters take turns in it, in nats."""
    return KINDS * float(sum(FOLLOWS[before][after] for before, after in itertools.pairwise(kinds)))


@functools.lru_cache(FORMS_KEPT)
def _case(kinds: Word) -> float:
    """Log-probability that a word's letters are small and capital in this order."""
    pattern, total = np.eye(1, len(CASES[0]))[0], 0.0
    for kind in kinds:
        if kind not in (SMALL, CAPITAL):
            return -math.inf
        pattern = pattern @ CASES[kind]
        mass = float(pattern.sum())
        pattern, total = pattern / mass, total + math.log(mass)
    return total
