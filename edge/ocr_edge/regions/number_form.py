"""One form of a number format, such as ``-##0.0 °C``: its grammar, and the regular expression that it makes."""

import functools
import re
from dataclasses import dataclass
from typing import NoReturn

from ocr_edge.errors import ConfigError
from ocr_edge.regions.number import MINUS, Number

MOST = 15
"""Digits that a float can hold."""
EITHER = {".": "[.,]", ",": "[,.]"}
"""A point and a comma differ by a pixel: where the format has one of them, the other is it too."""
_MINUTES = "[0-5][0-9]"
_FORM = re.compile(
    r"(?P<before>[^0#+-]*)(?P<sign>[+-]?) *(?P<core>[0#](?:(?: |[.,':]|\[[.:,]\])?[0#])*)(?P<after>[^0#]*)"
)
_CORE = re.compile(r"(?P<mark> |[.,':]|\[[.:,]\]|)(?P<digit>[0#])")
_SIGNS = {"": "(?P<sign>)", "-": "(?P<sign>[-])?", "+": "(?P<sign>[-+])?"}
_PARTING = {".": "[.,]?", ",": "[,.]?", "'": "'?", " ": ""}
"""Marks between thousands: overlooked, they change no value; what was read has no spaces."""
_NONE = "(?P<fraction>)"
_Tokens = list[tuple[str, str]]
"""Each digit, ``0`` or ``#``, with the mark before it."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form.

    Attributes:
        expression: For ``re``, with named groups, without spaces and without the configured unit.
        decimals: Digits after its decimal mark.
        is_time: Whether its parts are sixtieths.
        says_unit: Whether something may stand after the number.
        digits: Most digits that it shows.
        beside: The characters of what stands beside the number.
    """

    expression: str
    decimals: int
    is_time: bool
    says_unit: bool
    digits: int
    beside: str

    @classmethod
    def parse(cls, whole: str, text: str) -> "Form":
        """Read one form of a whole format.

        Raises:
            ConfigError: What is wrong with it, and what was expected.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            refuse(
                whole,
                f"found {text!r}, expected a number: 0 for each digit, # for one that may be missing, such as -##0.0",
            )
        tokens = [(token["mark"], token["digit"]) for token in _CORE.finditer(found["core"])]
        digits = "".join(digit for _, digit in tokens)
        if len(digits) > MOST:
            refuse(whole, f"has {len(digits)} digits, expected at most {MOST}")
        if "0#" in digits or "0" not in digits:
            refuse(whole, "expected every # before the first 0, and the last digit as 0")
        is_time = any(":" in mark for mark, _ in tokens)
        core, decimals = (_time if is_time else _plain)(whole, tokens)
        before, after = _literal(whole, found["before"]), _literal(whole, found["after"])
        beside = re.sub(r"[\[\] ]", "", found["before"] + found["after"])
        expression = f"{before}{_SIGNS[found['sign']]}{core}{after}"
        return cls(expression, decimals, is_time, bool(after), len(digits), beside)

    def number(self, text: str, unit: str, hidden: int) -> Number | None:
        """The number that a text has in this form.

        Args:
            text: Without spaces.
            unit: Expression of what may stand after the number, where the form says nothing.
            hidden: Digits after a mark that is not shown.
        """
        found = re.fullmatch(self.expression + ("" if self.says_unit else unit), text)
        if found is None:
            return None
        if self.is_time:
            parts = [found["first"], *re.findall("[0-9]{2}", found["rest"])]
            digits = str(functools.reduce(lambda total, part: total * 60 + int(part), parts, 0))
        else:
            digits = re.sub("[^0-9]", "", found["first"])
        fraction = found["fraction"]
        if hidden:
            digits = digits.zfill(hidden + 1)
            digits, fraction = digits[:-hidden], digits[-hidden:]
        sign = "-" if found["sign"] and found["sign"] in MINUS else ""
        # Adding zero: a minus before zeros is no number of its own.
        return Number(float(f"{sign}{digits}.{fraction or 0}") + 0.0, len(fraction))


def refuse(text: str, why: str) -> NoReturn:
    """Say that a format is wrong.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(f'value.format "{text}": {why}')


def _time(whole: str, tokens: _Tokens) -> tuple[str, int]:
    """Digits with colons: every part but the first has two, and counts to 59; decimals may follow."""
    marked = [place for place, (mark, _) in enumerate(tokens) if mark]
    colons = [place for place in marked if ":" in tokens[place][0]]
    others = marked[len(colons) :]
    ends = [*colons[1:], *others, len(tokens)]
    if (
        marked[: len(colons)] != colons
        or len(others) > 1
        or any(b - a != 2 for a, b in zip(colons, ends, strict=False))
    ):
        refuse(whole, "expected two digits after each colon, as in #0:00 or 0:00:00.0")
    first = _digits("".join(digit for _, digit in tokens[: colons[0]]), {})
    rest = "".join(_optional(tokens[place][0], ":") + _MINUTES for place in colons)
    fraction, decimals = _fraction(tokens, others[0]) if others else (_NONE, 0)
    return f"(?P<first>{first})(?P<rest>{rest}){fraction}", decimals


def _plain(whole: str, tokens: _Tokens) -> tuple[str, int]:
    """Digits with a decimal mark or none, parted in thousands or not; and how many decimals."""
    last = max((place for place, (mark, _) in enumerate(tokens) if mark), default=0)
    mark = tokens[last][0]
    has_decimals = (
        mark.strip("[]") in {".", ","}
        and all(digit == "0" for _, digit in tokens[last:])
        and [mark for mark, _ in tokens].count(mark) == 1
    )
    end = last if has_decimals else len(tokens)
    groups = {place: mark for place, (mark, _) in enumerate(tokens[:end]) if mark}
    if any(mark.startswith("[") for mark in groups.values()) or len(set(groups.values())) > 1:
        refuse(whole, "expected one kind of mark between thousands, and one decimal mark after them")
    if any((end - place) % 3 for place in groups):
        refuse(whole, "expected three digits after each mark between thousands, as in #,##0 or # ##0,00")
    first = _digits("".join(digit for _, digit in tokens[:end]), groups)
    fraction, decimals = _fraction(tokens, last) if has_decimals else (_NONE, 0)
    return f"(?P<first>{first}){fraction}", decimals


def _fraction(tokens: _Tokens, place: int) -> tuple[str, int]:
    count, mark = len(tokens) - place, tokens[place][0]
    return f"{_optional(mark, EITHER[mark.strip('[]')])}(?P<fraction>[0-9]{{{count}}})", count


def _digits(digits: str, groups: dict[int, str]) -> str:
    """Digits of which the first ones may be missing."""
    result = ""
    for place, digit in enumerate(digits):
        one = "[0-9]" + (_PARTING[groups[place + 1]] if place + 1 in groups else "")
        result = f"({result}{one})?" if digit == "#" else f"{result}{one}"
    return result


def _optional(mark: str, said: str) -> str:
    return f"{said}?" if mark.startswith("[") else said


def _literal(whole: str, text: str) -> str:
    """Text beside the number; what stands in brackets may be missing."""
    parts = re.split(r"\[([^\[\]]*)\]", text)
    if any(c in "[]" for part in parts for c in part) or any(not part.strip(" ") for part in parts[1::2]):
        refuse(whole, "expected brackets around what may be missing, as in ##0[.]0 or ##0.0[ °C]")
    said = [re.escape(part.replace(" ", "")) for part in parts]
    return "".join(f"({part})?" if place % 2 else part for place, part in enumerate(said))
