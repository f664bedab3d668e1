"""The data of the device's language model: counts of five-letter sequences in SCOWL's English word lists.

SCOWL (Spell Checker Oriented Word Lists, Kevin Atkinson, http://wordlist.aspell.net) may be used, changed and given
away for any purpose as long as its notice goes with it; the notice is put into the data file. Debian's package
``scowl`` holds the lists (2020.12.07-2 for the shipped file, which is made by)::

    apt-get download scowl && dpkg -x scowl_*.deb scowl
    python -m ocr_train.prepare.language scowl edge/ocr_edge/decode/words.npz

The lists come in sizes, the commonest words first; a word counts more the smaller its list. The same lists always make
the same file.
"""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ocr_edge import program
from ocr_edge.decode.ngrams import LEVELS, ORDER, SYMBOLS, symbol_of
from ocr_edge.errors import ConfigError

_LOGGER = logging.getLogger(__name__)
WEIGHTS = {10: 16, 20: 6, 35: 3, 40: 1, 50: 1, 55: 1, 60: 1, 70: 1, 80: 1}
"""How much a word counts, by the size of the smallest list that has it: flatter than in running text, as on signs."""
SPELLINGS = ("english", "american", "british")
CATEGORIES = {"words": 60, "upper": 80, "proper-names": 80}
"""The lists used, with the largest size: rare places and names are on signs, rare words are not."""
LISTS = Path("usr/share/dict/scowl")
NOTICE = Path("usr/share/doc/scowl/copyright")


def prepare(source: Path, out: Path) -> Path:
    """Count the n-grams of the word lists.

    Args:
        source: Where Debian's package was unpacked.
        out: The ``.npz`` file to write, for ``ocr_edge.decode.ngrams.load``: ``gaps``, uint8 ``(4, K)``, the bytes of
            the distances between the sorted n-grams' numbers; ``levels``, uint8 ``(K,)``, the logarithms of their
            counts; ``notice``, uint8, SCOWL's notice in UTF-8.

    Returns:
        ``out``.

    Raises:
        ConfigError: There are no lists in ``source``, or no notice.
    """
    words = weighted_words(source / LISTS)
    notice = source / NOTICE
    if not words or not notice.is_file():
        raise ConfigError(
            f"{source}: expected {LISTS}/english-words.10 and {NOTICE}; unpack Debian's package scowl"
        )
    counts: Counter[int] = Counter()
    for word, weight in words.items():
        for key in keys_of(word):
            counts[key] += weight
    keys = np.array(sorted(counts), np.int64)
    gaps = np.diff(keys, prepend=0).astype("<u4")
    levels = np.rint(LEVELS * np.log2([counts[key] for key in keys.tolist()])).astype(np.uint8)
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        gaps=gaps.view(np.uint8).reshape(-1, 4).T,
        levels=levels,
        notice=np.frombuffer(notice.read_bytes(), np.uint8),
    )
    _LOGGER.info("%s: %d words, %d n-grams, %d bytes", out, len(words), len(keys), out.stat().st_size)
    return out


def weighted_words(folder: Path) -> dict[str, int]:
    """The words of the lists in a folder, small, with how much each counts; those with other signs are left out."""
    result: dict[str, int] = {}
    for size in sorted(WEIGHTS):
        for spelling in SPELLINGS:
            for category, largest in CATEGORIES.items():
                path = folder / f"{spelling}-{category}.{size}"
                if size <= largest and path.is_file():
                    for word in path.read_text("utf-8").split():
                        if all(symbol_of(letter) for letter in word):
                            result.setdefault(word.lower(), WEIGHTS[size])
    return result


def keys_of(word: str) -> Iterator[int]:
    """The n-grams of a word, its end included, as numbers."""
    key = 0
    for symbol in (*map(symbol_of, word), 0):
        key = (key * SYMBOLS + symbol) % SYMBOLS**ORDER
        yield key


def main() -> int:
    """Make the data file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Count the n-grams of SCOWL's word lists.")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()

    def work() -> int:
        prepare(args.source, args.out)
        return 0

    return program.run(work, logging.INFO, workstation=True)


if __name__ == "__main__":
    sys.exit(main())
