"""How English letters follow each other: an interpolated 5-gram model.

Witten and Bell, IEEE Trans. Inf. Theory 37(4), 1991. ``ocr_train.prepare.language`` makes the data.
"""

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Symbols = npt.NDArray[np.int32]

SYMBOLS = 27
"""What the n-grams are made of: 0 the start and the end of a word, 1 to 26 the letters without case and accent."""
ORDER = 5
"""Symbols of an n-gram, the predicted one included."""
CONTEXTS = SYMBOLS ** (ORDER - 1)
LEVELS = 4
"""Steps in which a count in the data file doubles."""
BACK_OFF = 4
"""Times that a symbol new after its neighbours is more likely than Witten and Bell have it: signs are full of names."""
DATA = "words.npz"


@dataclass(frozen=True, slots=True, eq=False)
class NGrams:
    """How likely a symbol follows up to four others.

    Attributes:
        short: float32, shape ``(27 ** 4,)``: log-probability of the last of four symbols, a number to the base 27.
        keys: int32, sorted: the sequences of five symbols that were seen, numbers likewise.
        long: float32, one a key: log-probability of its last symbol.
        unseen: float32, shape ``(27 ** 4,)``: added to ``short`` for a symbol never seen after these four.
    """

    short: Floats
    keys: npt.NDArray[np.int32]
    long: Floats
    unseen: Floats

    def after(self, context: Symbols, symbols: Symbols) -> Floats:
        """Log-probabilities of symbols after contexts of four.

        Args:
            context: int32, shape ``(B,)``, numbers to the base 27; another type would cost a copy of ``keys``.
            symbols: int32, shape ``(K,)``.

        Returns:
            float32, shape ``(K, B)``.
        """
        return self.each(context, symbols[:, None])

    def each(self, context: Symbols, symbols: Symbols) -> Floats:
        """The same of one symbol after each context; the two shapes are broadcast to that of the result."""
        keys = context * np.int32(SYMBOLS) + symbols
        found = self.keys.searchsorted(keys)
        seen = self.keys.take(found, mode="clip") == keys
        short = self.short.take(keys % np.int32(CONTEXTS)) + self.unseen.take(context)
        return np.asarray(np.where(seen, self.long.take(found, mode="clip"), short), np.float32)


def n_grams(keys: npt.NDArray[np.int32], counts: Floats) -> NGrams:
    """The model of counted n-grams.

    Args:
        keys: int32, sorted: n-grams of five symbols as numbers to the base 27.
        counts: float32, how often each was seen.
    """
    lower = np.full((1, SYMBOLS), 1 / SYMBOLS, np.float32)
    for order in range(1, ORDER):
        seen = np.bincount(keys % SYMBOLS**order, counts, SYMBOLS**order).astype(np.float32)
        seen = seen.reshape(-1, SYMBOLS)
        kinds = BACK_OFF * (seen > 0).sum(axis=1, keepdims=True)
        # The shorter context of a row is the row without its first symbol.
        lower = np.tile(lower, (len(seen) // len(lower), 1))
        total = seen.sum(axis=1, keepdims=True) + kinds
        lower = np.where(total > 0, (seen + kinds * lower) / np.maximum(total, 1), lower)
    context = keys // SYMBOLS
    kinds = BACK_OFF * np.bincount(context, minlength=CONTEXTS).astype(np.float32)
    total = np.bincount(context, counts, CONTEXTS).astype(np.float32) + kinds
    shorter = lower.reshape(-1)[keys % CONTEXTS]
    long = np.log((counts + kinds[context] * shorter) / total[context])
    unseen = np.where(total > 0, np.log(np.maximum(kinds, 1) / np.maximum(total, 1)), 0)
    return NGrams(np.log(lower).reshape(-1), keys, long.astype(np.float32), unseen.astype(np.float32))


def counts_of(data: Mapping[str, npt.NDArray[np.uint8]]) -> tuple[npt.NDArray[np.int32], Floats]:
    """The n-grams of a data file, sorted, and their counts."""
    gaps = np.ascontiguousarray(data["gaps"].T).view("<u4").reshape(-1)
    return np.cumsum(gaps).astype(np.int32), np.exp2(data["levels"] / np.float32(LEVELS))


@functools.cache
def load() -> NGrams:
    """The shipped model: English, from SCOWL's word lists; read once."""
    with (resources.files(__package__) / DATA).open("rb") as file, np.load(file) as data:
        return n_grams(*counts_of(data))


def symbol_of(text: str) -> int:
    """The symbol of a letter, case and accent apart: 1 to 26; 0 when it is no Latin letter."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return ord(bare) - ord("a") + 1 if len(bare) == 1 and "a" <= bare <= "z" else 0
