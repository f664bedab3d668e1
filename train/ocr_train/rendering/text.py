"""Random texts to render: words, serial numbers, dates, meter values, balanced over the labels of a face."""

from collections.abc import Callable, Sequence

import numpy as np

from ocr_edge.contract.labels import DIGITS, LOWER, UPPER

PUNCTUATION = ".,:;-/!?&'()+#%*"
"""Signs that may be drawn; they carry no label."""

_KINDS: dict[str, float] = {"lower": 0.29, "upper": 0.32, "capitalised": 0.15, "serial": 0.16, "number": 0.08}
"""Share of each kind of text. Together they draw each of the 62 labels about equally often."""


def random_line(labels: str, rng: np.random.Generator) -> str:
    """One line of text.

    Letters are drawn evenly, not as languages use them: ``q`` must be learned as well as ``e``.

    Args:
        labels: The characters the face can show.
        rng: Source of every choice.

    Returns:
        1 to about 14 characters: those of ``labels``, spaces and ``PUNCTUATION``; no space at either end.
    """
    kinds = [kind for kind in _KINDS if _drawable(kind, labels)]
    if not kinds:
        return "".join(rng.choice(list(labels), _length(rng)))
    shares = np.array([_KINDS[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    if kind == "number":
        return _number(labels, rng)
    text = _serial(labels, rng) if kind == "serial" else _words(kind, labels, rng)
    if rng.random() < 0.12:
        text += str(rng.choice(list(".,:!?")))
    return text


def random_lines(labels: str, rng: np.random.Generator) -> list[str]:
    """The texts of one picture: mostly one line, at times two or three."""
    count = int(rng.choice([1, 2, 3], p=[0.62, 0.25, 0.13]))
    return [random_line(labels, rng) for _ in range(count)]


def _drawable(kind: str, labels: str) -> bool:
    has_digits, has_upper, has_lower = (any(c in labels for c in group) for group in (DIGITS, UPPER, LOWER))
    needs = {"lower": has_lower, "upper": has_upper, "number": has_digits, "serial": has_digits and has_upper}
    return needs.get(kind, has_upper and has_lower)


def _length(rng: np.random.Generator) -> int:
    return int(rng.choice(np.arange(1, 11), p=[0.03, 0.05, 0.09, 0.15, 0.17, 0.16, 0.13, 0.10, 0.07, 0.05]))


def _of(group: str, labels: str, count: int, rng: np.random.Generator) -> str:
    chosen: Sequence[str] = [c for c in group if c in labels]
    return "".join(rng.choice(chosen, count)) if count and chosen else ""


def _words(kind: str, labels: str, rng: np.random.Generator) -> str:
    """One word, or two short ones."""
    lengths = [_length(rng)] if rng.random() < 0.75 else [int(n) for n in rng.integers(1, 6, 2)]
    words = []
    for length in lengths:
        if kind == "capitalised":
            words.append(_of(UPPER, labels, 1, rng) + _of(LOWER, labels, length - 1, rng))
        else:
            words.append(_of(UPPER if kind == "upper" else LOWER, labels, length, rng))
    join = " " if rng.random() < 0.85 else str(rng.choice(list("-&'./")))
    return join.join(words)


def _serial(labels: str, rng: np.random.Generator) -> str:
    """Part numbers, plates: capitals and digits in groups."""
    groups = []
    for _ in range(int(rng.integers(1, 4))):
        letters = UPPER if rng.random() < 0.8 or not _of(LOWER, labels, 1, rng) else LOWER
        groups.append(_of(letters if rng.random() < 0.5 else DIGITS, labels, int(rng.integers(1, 5)), rng))
    return str(rng.choice(["", "", " ", "-", "/", "."])).join(groups)


def _number(labels: str, rng: np.random.Generator) -> str:
    """Dates, times, prices, meter values, plain digits."""

    def digits(count: int) -> str:
        return _of(DIGITS, labels, count, rng)

    forms: list[Callable[[], str]] = [
        lambda: digits(int(rng.integers(1, 9))),
        lambda: (
            digits(int(rng.integers(1, 6))) + str(rng.choice(list(".,"))) + digits(int(rng.integers(1, 4)))
        ),
        lambda: f"{digits(2)}:{digits(2)}",
        lambda: str(rng.choice(list(".-/"))).join([digits(2), digits(2), digits(4)]),
        lambda: f"{digits(4)}-{digits(2)}-{digits(2)}",
        lambda: f"{digits(3)} {digits(3)}",
        lambda: f"{digits(2)}%",
    ]
    weights = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.1, 0.05])
    return forms[int(rng.choice(len(forms), p=weights))]()
