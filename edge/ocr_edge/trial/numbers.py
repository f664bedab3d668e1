"""How a number that was read is written: the pattern and the [region.value] that its region needs."""

import re
from dataclasses import dataclass, field
from typing import Any

from ocr_edge.regions import number
from ocr_edge.sinks.mqtt.device_classes import KINDS

FIXED = 4
"""Digits before the mark from which on a display is taken for one that always shows as many, as counters do. A pattern
that is too narrow is silent, and the state says so; one that is too wide believes a number that lacks a digit."""
UNITS = (
    frozenset(number.KNOWN_UNITS)
    | {"m3"}
    | {unit for kind in KINDS.values() for unit in kind.units or () if unit}
)

_WRITTEN = re.compile(r"([-+]?) ?([0-9]+)(?:([.,])([0-9]+))?(?: ?([^\s0-9].*))?")
_SPECIAL = re.compile(r"([$^.|?*+(){}\[\]\\])")


@dataclass(frozen=True, slots=True)
class Written:
    """How a number is written.

    Attributes:
        pattern: A regular expression for others like it.
        form: The same as a format, of a number without a mark: a pattern without one overlooks marks in the picture,
            and would read 3.4 as 34; empty where the pattern has a mark.
        value: What ``[region.value]`` should say beside it.
    """

    pattern: str
    form: str
    value: dict[str, Any] = field(default_factory=dict)


def written(text: str) -> Written | None:
    """How the number in a line of text is written; None where it is none."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    sign, whole, mark, fraction, unit = (part or "" for part in found.groups())
    if unit and unit not in UNITS:
        return None
    value: dict[str, Any] = {"unit": unit} if unit else {}
    counter = len(whole) >= FIXED
    if mark == "," and len(fraction) == 3:  # 1,234 could be a thousand
        value["decimals"] = 3
    if counter and not sign:
        value["min"] = 0.0
    minus = "" if counter and not sign else "-?"
    digits = rf"\d{{{len(whole)}}}" if counter else rf"\d{{1,{len(whole) + 1}}}"
    after = rf"{_escaped(mark)}\d{{{len(fraction)}}}" if mark else ""
    try:
        number.parse(text, value.get("decimals", 0), unit)
    except ValueError:
        return None
    signed = "-" if minus else ""
    form = signed + ("0" * len(whole) if counter else "#" * len(whole) + "0")
    pattern = f"{minus}{digits}{after}" + (f" ?{_escaped(unit)}" if unit else "")
    return Written(pattern, "" if mark else form, value)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
