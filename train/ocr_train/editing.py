"""Edits between two texts: how many, and which."""

import numpy as np

Pair = tuple[str, str]
"""A character of the truth and what was said for it; an empty one where nothing stands on that side."""


def edit_distance(a: str, b: str) -> int:
    """Fewest insertions, deletions and substitutions between two texts (Levenshtein, 1966)."""
    if len(a) < len(b):
        a, b = b, a
    return int(_rows(a, b)[-1, -1])


def aligned(truth: str, said: str) -> list[Pair]:
    """The characters of two texts side by side, with as few edits as there can be.

    Args:
        truth: What is written.
        said: What was read.

    Returns:
        Pairs in order: equal ones, confusions, dropped characters ``("x", "")`` and inserted ones ``("", "x")``.
    """
    rows = _rows(truth, said)
    i, j = len(truth), len(said)
    pairs: list[Pair] = []
    while i or j:
        if i and j and rows[i, j] == rows[i - 1, j - 1] + (truth[i - 1] != said[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], said[j]))
        elif i and rows[i, j] == rows[i - 1, j] + 1:
            i -= 1
            pairs.append((truth[i], ""))
        else:
            j -= 1
            pairs.append(("", said[j]))
    return pairs[::-1]


def _rows(a: str, b: str) -> np.ndarray:
    """Edits between every beginning of one text and every beginning of the other, ``(len(a) + 1, len(b) + 1)``."""
    letters = np.frombuffer(b.encode("utf-32-le"), np.uint32)
    steps = np.arange(len(b) + 1)
    rows = [steps]
    for character in a:
        row = rows[-1]
        free = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(character)))
        # An insertion takes its value from the left; with the steps taken off that is a running minimum.
        rows.append(np.minimum.accumulate(np.concatenate([row[:1] + 1, free]) - steps) + steps)
    return np.stack(rows)
