"""Check digits accept published examples and find the errors their standards promise to find."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.decode.check_digits import CHECKS, Weighted, check_named
from ocr_edge.errors import ConfigError

EXAMPLES = {
    "luhn": ["79927398713", "4111111111111111", "490154203237518"],
    "iso6346": ["CSQU3054383", "TOLU4734787", "MSKU6011672", "csqu3054383"],
    "vin": ["1M8GDM9AXKP042788", "11111111111111111", "1HGCM82633A004352", "1m8gdm9axkp042788"],
    "ean": ["4006381333931", "96385074", "036000291452", "9780306406157", "10614141000415"],
    "mod11": ["0306406152", "080442957X", "03178471", "2434561X", "080442957x"],
    "mod97": ["WEST12345698765432GB82"],
    "iban": ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"],
}


def wrong_digits(text: str) -> list[str]:
    """The text with each of its digits replaced by each other one."""
    return [
        text[:at] + other + text[at + 1 :]
        for at, digit in enumerate(text)
        for other in string.digits
        if digit.isdigit() and other != digit
    ]


def swapped(text: str) -> list[str]:
    """The text with each two different neighbouring digits swapped."""
    return [
        text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        for at, (one, two) in enumerate(itertools.pairwise(text))
        if one != two and one.isdigit() and two.isdigit()
    ]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in EXAMPLES for text in EXAMPLES[name]])
def test_published_examples_pass(name: str, text: str) -> None:
    assert CHECKS[name](text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in EXAMPLES for text in EXAMPLES[name]])
def test_one_wrong_digit_is_found(name: str, text: str) -> None:
    missed = [wrong for wrong in wrong_digits(text) if CHECKS[name](wrong)]
    if name == "iso6346":  # rests 10 and 0 share the check digit 0
        assert len(missed) <= 0.03 * len(wrong_digits(text))
    else:
        assert not missed


@pytest.mark.parametrize("name", ["mod11", "mod97", "iban"])
def test_swapped_neighbours_are_found(name: str) -> None:
    for text in EXAMPLES[name]:
        assert not [wrong for wrong in swapped(text) if CHECKS[name](wrong)]


def test_vin_finds_swaps_of_all_but_its_check_digit() -> None:
    for text in EXAMPLES["vin"]:
        assert not [wrong for wrong in swapped(text) if CHECKS["vin"](wrong) and wrong[8] == text[8]]


def test_luhn_misses_no_swap_but_09_with_90() -> None:
    for one, two in itertools.permutations(string.digits, 2):
        texts = [f"1{one}{two}{check}" for check in string.digits if CHECKS["luhn"](f"1{one}{two}{check}")]
        missed = CHECKS["luhn"](f"1{two}{one}{texts[0][-1]}")
        assert missed == ({one, two} == {"0", "9"})


def test_ean_misses_swaps_only_of_digits_five_apart() -> None:
    for text in EXAMPLES["ean"]:
        for at, (one, two) in enumerate(itertools.pairwise(text)):
            wrong = text[:at] + two + one + text[at + 2 :]
            assert CHECKS["ean"](wrong) == ((int(one) - int(two)) % 5 == 0)


@pytest.mark.parametrize("name", sorted(CHECKS))
@given(text=st.text(max_size=20))
def test_any_text_is_answered(name: str, text: str) -> None:
    assert CHECKS[name](text) in {True, False}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("luhn", "0"),
        ("luhn", "٤١١١"),
        ("ean", "400638133393"),
        ("mod11", "0X0"),
        ("mod11", "00000000000"),
        ("vin", "1M8GDM9AXKP04278O"),
        ("iso6346", "CSQ03054383"),
        ("mod97", "100299"),
        ("mod97", "103500"),
        ("mod97", "01"),
        ("iban", "DE89"),
        ("iban", "ß89370400440532013000"),
    ],
)
def test_a_text_of_another_form_fails(name: str, text: str) -> None:
    assert not CHECKS[name](text)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="'lunh' is not known; did you mean 'luhn'"):
        check_named("lunh")
    with pytest.raises(ConfigError, match="did you mean 'iso6346'"):
        check_named("ISO6346")
    with pytest.raises(ConfigError, match=r"'zzz' is not known; known are ean, iban, .* plant"):
        check_named("zzz", {"plant": Weighted()})


def test_own_checks_are_found_by_name_and_never_hide_a_known_one() -> None:
    own = Weighted()
    assert check_named("plant", {"plant": own}) is own
    with pytest.raises(ConfigError, match="'luhn' is known already"):
        check_named("ean", {"luhn": own})


def test_own_weights_describe_well_known_checks() -> None:
    routing = Weighted(weights=(3, 7, 1))  # bank routing numbers of the USA
    assert routing("111000025")
    assert not routing("111000052")
    passport = Weighted(string.digits + string.ascii_uppercase, (7, 3, 1), check_weight=-1)  # ICAO 9303
    assert passport("L898902C36")
    assert passport("7408122")
    assert not passport("7408123")
    assert Weighted(weights=(1, 3), from_right=True)("4006381333931")
    assert Weighted(weights=(2, 1), from_right=True, check_weight=1, digit_sum=True)("79927398713")
    assert Weighted(weights=(1,), remainder=3)("12")


def test_own_checks_compare_capitals_only_where_the_alphabet_has_no_small_letters() -> None:
    assert Weighted("ABC", (1,), modulus=3)("bB") == Weighted("ABC", (1,), modulus=3)("BB")
    assert Weighted("aA", (1,), modulus=2)("AA")
    assert not Weighted("aA", (1,), modulus=2)("aA")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"alphabet": "0"}, "alphabet '0'"),
        ({"alphabet": "0110"}, "each once"),
        ({"weights": ()}, "weights"),
        ({"weights": (10, 20)}, "that 10 does not divide"),
        ({"modulus": 1}, "modulus 1: expected at least 2"),
        ({"remainder": 10}, "remainder 10: expected 0 to 9"),
        ({"remainder": -1}, "remainder -1"),
        ({"check_weight": 20}, "weight 20 of the last character"),
        ({"weights": (0, 1), "from_right": True}, "weight 0 of the last character"),
        ({"weights": (-1, 1), "digit_sum": True}, "negative weight"),
    ],
)
def test_contradictions_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Weighted(**values)


@given(st.text(string.digits, min_size=2, max_size=12), st.integers(0, 9))
def test_exactly_one_last_digit_is_right(body: str, remainder: int) -> None:
    check = Weighted(weights=(1, 3, 7, 9), from_right=True, remainder=remainder)
    assert sum(check(body + digit) for digit in string.digits) == 1
