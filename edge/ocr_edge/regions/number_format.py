"""How a number looks, as its owner writes it down: ``-##0.0 °C``. From it come the pattern and the value.

A format is one form (``number_form``) or several with ``|`` between them. The grammar, for people, is in
docs/regions.md ("Number formats").
"""

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

from ocr_edge.regions.number import Number, spellings
from ocr_edge.regions.number_form import EITHER, Form, refuse

_OVERLOOKED = (*(f"{mark}?" for mark in EITHER.values()), ":?", "'?")
_DEMANDED = (
    ("<sign>[-", "-", "a minus sign"),
    ("<sign>[-+", "+", "a plus sign"),
    (EITHER["."], ".,", "a decimal point"),
    (EITHER[","], ".,", "a decimal comma"),
    (":", ":", "a colon"),
)
"""Parts of a form's expression, who can read them, and what they are to people."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a region's number looks like.

    Attributes:
        text: As written.
        forms: One or several.
        decimals: Most digits after the decimal mark, shown or not.
        hidden: Of these, digits after a mark that the display does not show.
        unit: What may stand after the number where the format itself says nothing.
    """

    text: str
    forms: tuple[Form, ...]
    decimals: int
    hidden: int = 0
    unit: str = ""

    @staticmethod
    @functools.cache
    def parse(text: str, decimals: int = 0, unit: str = "") -> "NumberFormat":
        """Read a format.

        Args:
            text: It.
            decimals: Digits after a decimal mark that the display does not show.
            unit: What the value is given in.

        Raises:
            ConfigError: What is wrong with it, and what was expected.
        """
        forms = tuple(Form.parse(text, form.strip(" ")) for form in text.split("|"))
        shown = max(form.decimals for form in forms)
        if decimals and (shown or any(form.is_time for form in forms)):
            refuse(
                text,
                f"has a mark, and decimals = {decimals} is for a mark that the display does not show: keep one",
            )
        return NumberFormat(text, forms, shown or decimals, decimals, unit)

    def pattern(self, labels: Collection[str]) -> str:
        """The regular expression of what a decoder with these labels may read; the unit where they can say it."""
        unit = _either([text for text in spellings(self.unit) if set(text) <= set(labels)])
        whole = "|".join(form.expression + ("" if form.says_unit else unit) for form in self.forms)
        # What may be overlooked is, by those who cannot say it.
        for mark in _OVERLOOKED:
            if not set(mark.strip("[]?")) & set(labels):
                whole = whole.replace(mark, "")
        # The decoder tells a point from a comma no better than people do: it is given the one that is written.
        for mark, both in EITHER.items():
            whole = whole.replace(both, f"[{mark if mark in labels else both.strip(f'[{mark}]')}]")
        return re.sub(r"\(\?P<\w+>", "(", whole)

    def number(self, text: str) -> Number:
        """The number that a text stands for.

        Raises:
            ValueError: The text does not have this format, or two values in it.
        """
        plain, unit = text.replace(" ", ""), _either(spellings(self.unit))
        found = [number for form in self.forms if (number := form.number(plain, unit, self.hidden))]
        if not found:
            raise ValueError(f"does not look like {self.text}")
        if len({number.value for number in found}) > 1:
            raise ValueError(f"{text} may be {' or '.join(f'{n.value:.{n.decimals}f}' for n in found)}")
        return found[0]

    def missing(self, labels: Collection[str]) -> list[str]:
        """What it demands of a reader that cannot be said with these labels, in people's words."""
        said = "|".join(form.expression for form in self.forms)
        for mark in _OVERLOOKED:
            said = said.replace(mark, "")
        marks = [name for sign, any_of, name in _DEMANDED if sign in said and not set(any_of) & set(labels)]
        known = set("".join(labels))
        return marks + [
            repr(c) for c in dict.fromkeys("".join(f.beside for f in self.forms)) if c not in known
        ]

    @property
    def digits(self) -> int:
        """Most digits that it shows."""
        return max(form.digits for form in self.forms)


def _either(texts: Collection[str]) -> str:
    return f"({'|'.join(map(re.escape, texts))})?" if texts else ""
