"""Class labels: an ordered list of texts that travels with the model. Nothing assumes an order or a count."""

from collections.abc import Sequence

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()

ORDERS: dict[str, str] = {
    "line": "".join(map(chr, range(32, 127))) + "°€£²³µ",
    "0-9A-Za-z": DIGITS + UPPER + LOWER,
    "0-9a-zA-Z": DIGITS + LOWER + UPPER,
}
"""Named orders: the line stage's; EMNIST's order of the 62 classes (ours); that of the original project's folders."""

DEFAULT: tuple[str, ...] = tuple(ORDERS["0-9A-Za-z"])
"""The shipped labels: ``0-9 A-Z a-z``, EMNIST's order."""

LINE: tuple[str, ...] = tuple(ORDERS["line"])
"""The shipped labels of the line stage: printable ASCII with the space, then the signs of values and prices."""

SIGNS = "µªº\u2126"
"""Letters to Unicode that are signs to people: micro, the ordinals, the ohm sign. Nobody spells a word with them."""

REJECT = "reject"
"""The class of what is no character: half of one, two in one box, a frame, a screw. It is never said."""


def parse(order: str) -> tuple[str, ...]:
    """Turn a named order or a plain string of characters into labels.

    Args:
        order: A key of ``ORDERS``, such a key, ``+`` and more characters, as ``line+§``, or the labels themselves, one
            character each.

    Returns:
        The ordered labels.

    Raises:
        ValueError: A label appears twice, or there are fewer than two.
    """
    name, _, more = order.partition("+")
    labels = tuple(ORDERS[name] + more if name in ORDERS else order)
    if len(labels) < 2:
        raise ValueError(f"labels {order!r}: at least two are needed; known orders are {', '.join(ORDERS)}")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"labels {order!r}: {', '.join(twice)} appear twice")
    return labels


def is_mark(label: str) -> bool:
    """Whether a label is neither a letter nor a digit: punctuation, the space, a sign such as ``° € ² µ``.

    Letters of every alphabet are none, with accents or without. What is overlooked in a picture, left out of a truth
    or unknown to those who read letters alone is decided by this.
    """
    return not any((c.isalpha() or c.isdecimal()) and c not in SIGNS for c in label)


def letters(text: str) -> str:
    """A text without its marks and spaces."""
    return "".join(c for c in text if not is_mark(c))


def case_merged(labels: Sequence[str]) -> list[int]:
    """Map each class to the first class whose text is the same when case is ignored.

    Args:
        labels: The ordered class texts.

    Returns:
        For each class index, the index of its merged class.
    """
    first: dict[str, int] = {}
    return [first.setdefault(label.casefold(), index) for index, label in enumerate(labels)]
