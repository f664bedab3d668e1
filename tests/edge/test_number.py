"""What number a text stands for."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT, LINE
from ocr_edge.regions.number import KNOWN_UNITS, parse, unseen


def of(text: str, decimals: int = 0, unit: str = "") -> float | None:
    try:
        return parse(text, decimals, unit).value
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("0012345", 3, 12.345),
        ("5", 3, 0.005),
        ("12 34", 0, 1234.0),
        ("-7", 1, -0.7),
        ("12.5", 0, 12.5),
        ("12.5", 3, 12.5),
        ("-3.4", 0, -3.4),
        ("- 3.4", 0, -3.4),
        ("+3.4", 0, 3.4),
        ("3,5", 0, 3.5),
        ("00123,456", 0, 123.456),
        ("0,999", 0, 0.999),
        ("1,234", 3, 1.234),
        ("1.234", 0, 1.234),
        ("12 345.6", 0, 12345.6),
        ("1,234.5", 0, 1234.5),
        ("1.234,5", 0, 1234.5),
        ("1,234,567", 0, 1234567.0),
        ("1.234.567", 2, 1234567.0),
    ],
)
def test_a_text_becomes_a_number(text: str, decimals: int, value: float):
    assert of(text, decimals) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "--3", "3-4", "3-", "12A4", "1\n2", "12:30", "1/2", "1.2.3", "1,2,3", "12,34,567", "1,234.567,8",
        "0,123,456", "3.", ".5", "3 .", "1.2 3", "21.5 60 %", "1e5", "nan", "inf", "1_000", "٣", "²", "9" * 16, "0x1",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(ValueError, match=r"^not a number"):
        parse(text)


@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
def test_a_comma_before_three_digits_may_be_either_mark(decimals: int):
    with pytest.raises(ValueError, match=r"^1,234 may be 1\.234 or 1234$"):
        parse("-1,234", decimals)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("12.5 kWh", "kWh", 12.5),
        ("12.5kWh", "kWh", 12.5),
        ("12.5 MWh", "kWh", None),
        ("12.5 kwh", "kWh", None),
        ("7 m3", "m³", 7),
        ("7 m³", "m³", 7),
        ("7 m", "m³", None),
        ("21.5 °C", "°C", 21.5),
        ("21.5 ° C", "°C", 21.5),
        ("-21.5°", "°C", -21.5),
        ("21.5 °F", "°C", None),
        ("210C", "°C", None),  # the sign of a degree was read as a zero
        ("21.5°", "m³", None),
        ("3 µA", "µA", 3),
        ("3 μA", "µA", 3),
        ("40 %", "°C", None),
        ("40 x", "", None),
    ],
)
def test_the_units_own_writing_is_cut_off_and_no_other_unit(text: str, unit: str, value: float | None):
    assert of(text, unit=unit) == value


@pytest.mark.parametrize("unit", KNOWN_UNITS)
def test_without_a_unit_a_few_are_known(unit: str):
    assert of(f"12.5{unit}") == of(f"12.5 {unit}") == 12.5


def test_a_minus_before_zeros_is_no_number_of_its_own():
    assert str(of("-0.0")) == "0.0"


@given(st.integers(0, 10**12 - 1), st.integers(0, 3), st.sampled_from(["", "-"]), st.sampled_from(".,"))
def test_a_number_with_its_mark_is_the_one_without_it_and_decimals(
    n: int, decimals: int, sign: str, mark: str
):
    whole, fraction = divmod(n, 10**decimals)
    shown = f"{sign}{whole}{mark}{fraction:0{decimals}}" if decimals else f"{sign}{whole}"
    assert parse(shown, decimals) == parse(f"{sign}{n}", decimals)
    assert parse(shown, decimals).value == round((-1 if sign else 1) * n / 10**decimals, decimals)


@given(st.text(st.sampled_from(LINE), max_size=12), st.integers(0, 9))
def test_a_text_with_a_minus_never_becomes_a_positive_number(text: str, decimals: int):
    value = of(text, decimals)
    assert value is None or ("-" in text) == (value < 0) or value == 0


def rows() -> list[tuple[str, str]]:
    """Texts and values of the table in the guide."""
    guide = (Path(__file__).parents[2] / "docs" / "regions.md").read_text("utf-8")
    table = guide.split("| the text | the value |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [(row.split("|")[1], row.split("|")[2]) for row in table]


@pytest.mark.parametrize(("texts", "values"), rows())
def test_the_guide_says_what_becomes_of_a_text(texts: str, values: str):
    stated = {float(value) for value in re.findall(r"-?\d[\d.]*", values)} if "none" not in values else {None}
    found = {of(text, unit="m³" if "m3" in text else "°C") for text in re.findall("`(.+?)`", texts)}
    assert found <= stated
    assert found


def test_who_reads_no_marks_is_known():
    assert unseen(DEFAULT) == (True, True)
    assert unseen(LINE) == (False, False)
    assert unseen("0123456789-") == (False, True)
