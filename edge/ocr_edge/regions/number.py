"""What number a text stands for; the one place that knows how numbers are written.

A number is a sign or none, digits, a decimal mark or none, and a unit or none after it. Where two numbers could be
meant, none is: a value that is refused is missed once, a wrong one is believed. The rules, for people, are in
docs/regions.md.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

MINUS, PLUS, MARKS = "-\N{MINUS SIGN}", "+", ".,"
KNOWN_UNITS = ("°", "°C", "°F", "%", "€", "£", "$")
"""Cut off where no unit is configured: none of them changes what a number means to who reads the display."""

_SHAPE = re.compile(rf"([{MINUS}{PLUS}]?) *([0-9][0-9 ]*(?: *[{MARKS}] *[0-9]+)*) *")
_FIRST_GROUP, _GROUP = re.compile(r"[1-9][0-9]{0,2}"), re.compile(r"[0-9]{3}")
_MOST = 15
"""Digits that a float can hold."""
_SPELLINGS = str.maketrans("³²μº", "32µ°")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a display shows it.

    Attributes:
        value: It.
        decimals: Digits after its decimal mark, shown or not.
    """

    value: float
    decimals: int = 0

    @property
    def digits(self) -> int:
        """Its digits without sign and marks."""
        return round(abs(self.value) * 10.0**self.decimals)


def parse(text: str, decimals: int = 0, unit: str = "") -> Number:
    """The number that a text stands for.

    Args:
        text: One line; spaces do not count, but in the digits after a decimal mark.
        decimals: Digits after a decimal mark that the picture does not show; where it shows one, that holds.
        unit: What may stand after the number; empty for any of ``KNOWN_UNITS``.

    Raises:
        ValueError: The text is no number, or could be two; the message says why.
    """
    if lines := text.strip().count("\n"):
        raise ValueError(f"not a number: {lines + 1} lines")
    found, after = _SHAPE.match(text.strip(" ")), behind(text)
    if found is None:
        raise ValueError("not a number")
    if after and not is_unit(after, unit):
        raise ValueError(f'not a number: "{after}" stands after it')
    digits = found[2].replace(" ", "")
    whole, fraction = _parted(digits, decimals)
    if len(whole) + len(fraction) > _MOST:
        raise ValueError("not a number")
    sign = "-" if found[1] and found[1] in MINUS else ""
    # Adding zero: a minus before zeros is no number of its own.
    return Number(float(f"{sign}{whole}.{fraction or 0}") + 0.0, len(fraction))


def behind(text: str) -> str:
    """What stands after the number at the beginning of a line, such as its unit; empty where there is no number."""
    found = _SHAPE.match(text.strip(" "))
    return text.strip(" ")[found.end() :] if found else ""


def _parted(digits: str, decimals: int) -> tuple[str, str]:
    """The digits before and after the decimal mark, of digits and marks without spaces."""
    marks = [c for c in digits if c in MARKS]
    groups = re.split(rf"[{MARKS}]", digits)
    if not marks:
        filled = digits.zfill(decimals + 1)
        return filled[: len(filled) - decimals], filled[len(filled) - decimals :]
    grouped = bool(_FIRST_GROUP.fullmatch(groups[0])) and all(map(_GROUP.fullmatch, groups[1:-1]))
    if len(marks) == 1:
        if marks[0] == "," and grouped and _GROUP.fullmatch(groups[1]) and decimals != len(groups[1]):
            raise ValueError(f"{digits} may be {groups[0]}.{groups[1]} or {groups[0]}{groups[1]}")
        return groups[0], groups[1]
    *before, last = marks
    if grouped and len(set(before)) == 1 and last != before[0]:
        return "".join(groups[:-1]), groups[-1]
    if grouped and len(set(marks)) == 1 and _GROUP.fullmatch(groups[-1]):
        return "".join(groups), ""
    raise ValueError("not a number")


def is_unit(text: str, unit: str) -> bool:
    """Whether a text is the unit of a number, or one of ``KNOWN_UNITS`` where none is given."""
    said, known = _plain(text), (unit,) if unit else KNOWN_UNITS
    # The sign of a degree alone is one of the unit that has it.
    return said in map(_plain, known) or (said == "°" and unit.startswith("°"))


def _plain(unit: str) -> str:
    """A unit as a display may write it: ``m3`` is ``m³``."""
    return unit.replace(" ", "").translate(_SPELLINGS)


def spellings(unit: str) -> list[str]:
    """The ways in which a display may write a unit, without spaces: ``m³`` or ``m3``, ``°C`` or ``°`` alone."""
    if not unit:
        return []
    written = {unit.replace(" ", ""), _plain(unit), *(["°"] if unit.startswith("°") else [])}
    return sorted(written)


def unseen(texts: Collection[str]) -> tuple[bool, bool]:
    """Whether who can say these texts alone would miss a minus, and a decimal mark."""
    return not set(MINUS) & set(texts), not set(MARKS) & set(texts)
