"""Check digits: whether a text can be right at all. Pure functions, known by name."""

import difflib
import itertools
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocr_edge.errors import ConfigError

Check = Callable[[str], bool]
_ALNUM = string.digits + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Weighted:
    """A check of one's own: the weighted sum of all characters, the check character included, leaves a fixed rest.

    Lower case counts as upper case where the alphabet has no lower case. A character outside the alphabet fails.

    Attributes:
        alphabet: Characters in the order of their values, from 0.
        weights: Factors, repeated as often as needed.
        from_right: The first weight belongs to the last character instead of the first.
        modulus: What the sum is divided by.
        remainder: What is left over.
        digit_sum: A product of several digits counts as the sum of its digits, as in Luhn's check.
        check_weight: Weight of the last character, the others then begin or end before it; None: it is one of the row.
            -1 is for checks in which the weighted sum of the others *is* the last character.
    """

    alphabet: str = string.digits
    weights: tuple[int, ...] = (7, 3, 1)
    from_right: bool = False
    modulus: int = 10
    remainder: int = 0
    digit_sum: bool = False
    check_weight: int | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ConfigError: What was found and what was expected.
        """
        if len(self.alphabet) < 2 or len(set(self.alphabet)) != len(self.alphabet):
            raise ConfigError(
                f"check: alphabet {self.alphabet!r}: expected two or more characters, each once"
            )
        if self.modulus < 2:
            raise ConfigError(f"check: modulus {self.modulus}: expected at least 2")
        if not 0 <= self.remainder < self.modulus:
            raise ConfigError(
                f"check: remainder {self.remainder}: expected 0 to {self.modulus - 1}, below the modulus"
            )
        if not any(weight % self.modulus for weight in self.weights):
            raise ConfigError(
                f"check: weights {list(self.weights)}: expected at least one that {self.modulus} does not divide"
            )
        last = self.weights[0] if self.from_right and self.check_weight is None else self.check_weight
        if last is not None and last % self.modulus == 0:
            raise ConfigError(
                f"check: weight {last} of the last character: expected one that {self.modulus} does not divide, "
                "or the check character would not count"
            )
        if self.digit_sum and min(*self.weights, self.check_weight or 0) < 0:
            raise ConfigError("check: digit_sum with a negative weight: expected weights of 0 and more")

    def __call__(self, text: str) -> bool:
        """Whether a text of two or more characters leaves the right rest."""
        if self.alphabet == self.alphabet.upper():
            text = text.upper() if text.isascii() else text
        values = [self.alphabet.find(character) for character in text]
        if len(values) < 2 or min(values) < 0:
            return False
        rest = values if self.check_weight is None else values[:-1]
        products = [
            value * weight
            for value, weight in zip(rest[:: -1 if self.from_right else 1], itertools.cycle(self.weights))
        ]
        if self.check_weight is not None:
            products.append(values[-1] * self.check_weight)
        if self.digit_sum:
            products = [sum(map(int, str(product))) for product in products]
        return sum(products) % self.modulus == self.remainder


_LUHN = Weighted(weights=(1, 2), from_right=True, digit_sum=True)
_EAN = Weighted(weights=(1, 3), from_right=True)
_MOD11 = Weighted(string.digits + "X", tuple(range(1, 11)), from_right=True, modulus=11)


def luhn(text: str) -> bool:
    """Luhn's check over digits, the last one the check digit: payment cards, IMEI, many serial numbers.

    Source: ISO/IEC 7812-1, annex B; US patent 2950048 (1960). Finds every wrong digit and every swap of neighbours but
    09 with 90.
    """
    return _LUHN(text)


def ean(text: str) -> bool:
    """GTIN: EAN-8, UPC-A (12 digits), EAN-13 (ISBN-13 too) and GTIN-14.

    Source: GS1 General Specifications, section 7.9. Finds every wrong digit; swaps of neighbours unless they differ
    by 5.
    """
    return len(text) in {8, 12, 13, 14} and _EAN(text)


def mod11(text: str) -> bool:
    """ISBN-10 and ISSN: digits weighted 1, 2, 3 ... from the right, 2 to 10 characters, a last ``X`` counts 10.

    Source: ISO 2108:1992 (ISBN-10), ISO 3297 (ISSN). Finds every wrong digit and every swap.
    """
    return len(text) <= 10 and "X" not in text[:-1].upper() and _MOD11(text)


def iso6346(text: str) -> bool:
    """Freight containers: four letters, six digits, check digit.

    Source: ISO 6346:2022, annex A. Letters count from 10 without multiples of 11, weights are powers of two, modulo 11,
    and 10 is written 0: that is why a few errors slip through where the check digit is 0.
    """
    if not _fits(r"[A-Z]{4}[0-9]{7}", text):
        return False
    total = sum(_ISO6346[character] << i for i, character in enumerate(text[:-1].upper()))
    return total % 11 % 10 == int(text[-1])


# Of the values from 10 on, those that 11 divides are left out.
_ISO6346: dict[str, int] = dict(zip(_ALNUM, [*range(10), *(n for n in range(10, 39) if n % 11)], strict=True))


def vin(text: str) -> bool:
    """Vehicle identification numbers of North America and China: 17 characters without I, O, Q; the ninth checks.

    Source: ISO 3779 (form), 49 CFR 565.15 (check digit). Vehicles for other markets need not follow it.
    """
    if not _fits(r"[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}", text):
        return False
    text = text.upper()
    total = sum(
        weight * (int(character) if character in string.digits else _VIN[character])
        for weight, character in zip(_VIN_WEIGHTS, text, strict=True)
    )
    return "0123456789X"[total % 11] == text[8]


_VIN = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def mod97(text: str) -> bool:
    """Two check digits at the end; letters count 10 to 35.

    Source: ISO/IEC 7064, MOD 97-10. Finds every wrong digit, every swap of neighbouring digits, and of other errors
    all but one in 97.
    """
    if not _fits(r"[A-Z0-9]+[0-9]{2}", text) or not 2 <= int(text[-2:]) <= 98:
        return False
    return int("".join(str(_ALNUM.index(character)) for character in text.upper())) % 97 == 1


def iban(text: str) -> bool:
    """International bank account numbers: ``mod97`` after the first four characters have been moved to the end.

    Source: ISO 13616-1. The country's own length is not checked: a pattern does that.
    """
    return _fits(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", text) and mod97(text[4:] + text[:4])


CHECKS: dict[str, Check] = {
    "ean": ean,
    "iban": iban,
    "iso6346": iso6346,
    "luhn": luhn,
    "mod11": mod11,
    "mod97": mod97,
    "vin": vin,
}
"""The checks that need no definition, by name."""


def check_named(name: str, own: Mapping[str, Check] | None = None) -> Check:
    """Find a check.

    Args:
        name: Its name.
        own: The user's checks by name.

    Returns:
        Says of a text without gaps whether its check digit is right.

    Raises:
        ConfigError: There is none of that name, or the user's has the name of a known one.
    """
    own = own or {}
    if taken := sorted(own.keys() & CHECKS.keys()):
        raise ConfigError(f"check {taken[0]!r} is known already: give your own another name")
    known = CHECKS | dict(own)
    if name not in known:
        near = difflib.get_close_matches(name.lower(), known, 1)
        advice = f"did you mean {near[0]!r}? Known" if near else "known"
        raise ConfigError(f"check {name!r} is not known; {advice} are {', '.join(sorted(known))}")
    return known[name]


def _fits(form: str, text: str) -> bool:
    # isascii first: "ß".upper() is two letters.
    return text.isascii() and re.fullmatch(form, text.upper()) is not None
