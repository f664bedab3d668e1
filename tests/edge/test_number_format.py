"""Number formats: their grammar, the pattern that they make, the values that they give."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT, LINE
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.regions.number_format import NumberFormat


def value(form: str, text: str, decimals: int = 0, unit: str = "") -> float | None:
    try:
        return NumberFormat.parse(form, decimals, unit).number(text).value
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("form", "text", "number"),
    [
        ("-##0.0", "-3.4", -3.4),
        ("-##0.0", "3,4", 3.4),
        ("-##0.0", "- 103.4", -103.4),
        ("-##0.0", "34", None),
        ("##0.0", "-3.4", None),
        ("+#0", "+7", 7),
        ("+#0", "-7", -7),
        ("##0[.]00", "46.29", 46.29),
        ("##0[.]00", "4629", 46.29),
        ("0.00|00.0", "9.99", 9.99),
        ("0.00|00.0", "10.0", 10),
        ("0.00|00.0", "100", None),
        ("#,##0", "1,234", 1234),
        ("#,##0", "234", 234),
        ("#,##0", ",234", None),
        ("0,000", "1,234", 1.234),
        ("#.##0,00", "1.234,50", 1234.5),
        ("# ##0,00", "1 234,50", 1234.5),
        ("00:00", "12:30", 750),
        ("00:00", "12:60", None),
        ("#0:00:00.0", "1:02:03.5", 3723.5),
        ("00[:]00", "1230", 750),
        ("##0.0 °C", "21.5°C", 21.5),
        ("##0.0 °C", "21.5", None),
        ("##0.0[ °C]", "21.5", 21.5),
        ("€ #0.00", "€ 3.50", 3.5),
        ("CO2 ###0 ppm", "CO2 412 ppm", 412),
        ("-0.0", "-0.0", 0),
    ],
)
def test_a_text_of_the_format_has_a_value_and_any_other_has_none(form, text, number):
    assert value(form, text) == number
    # The decoder is given the same language.
    assert Pattern.parse(NumberFormat.parse(form).pattern(LINE), LINE).matches(
        text.replace(",", written(form))
    ) == (number is not None)


def written(form: str) -> str:
    """What the decoder says for a comma: the mark of the format."""
    return "," if "," in form else "."


def test_decimals_count_where_the_format_shows_no_mark():
    assert value("00000", "12345", decimals=3) == 12.345
    with pytest.raises(ConfigError, match=r"decimals = 1 is for a mark that the display does not show"):
        NumberFormat.parse("0.0", 1)


def test_the_unit_may_stand_after_the_number_where_the_format_has_none():
    assert value("##0.0", "21.5 °C", unit="°C") == value("##0.0", "21.5°", unit="°C") == 21.5
    assert value("##0.0", "21.5 °F", unit="°C") is None
    assert "°" in NumberFormat.parse("##0.0", 0, "°C").pattern(LINE)
    assert "°" not in NumberFormat.parse("##0.0", 0, "°C").pattern("0123456789.")


def test_a_text_that_two_forms_read_differently_is_refused():
    with pytest.raises(ValueError, match=r"^123 may be 1\.23 or 12\.3$"):
        NumberFormat.parse("0[.]00|00[.]0").number("123")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("", "expected a number: 0 for each digit"),
        ("-##0/0", "expected a number: 0 for each digit"),
        ("##", "the last digit as 0"),
        ("0.0#", "every # before the first 0"),
        ("0:0", "two digits after each colon"),
        ("0,0,0", "three digits after each mark between thousands"),
        ("#.##0,00.0", "one kind of mark between thousands"),
        ("0.0[", "brackets around what may be missing"),
        ("0.0[]", "brackets around what may be missing"),
        ("0" * 16, "has 16 digits, expected at most 15"),
    ],
)
def test_a_wrong_format_says_what_was_expected(form, words):
    with pytest.raises(ConfigError) as refused:
        NumberFormat.parse(form)
    assert words in str(refused.value)
    assert f'value.format "{form}"' in str(refused.value)


def test_what_a_bundle_of_characters_cannot_read_is_named():
    assert NumberFormat.parse("-##0.0").missing(DEFAULT) == ["a minus sign", "a decimal point"]
    assert NumberFormat.parse("+00:00").missing(DEFAULT) == ["a minus sign", "a plus sign", "a colon"]
    assert NumberFormat.parse("#,##0").missing(DEFAULT) == []
    assert NumberFormat.parse("##0[.]00").missing(DEFAULT) == []
    assert NumberFormat.parse("-#,##0.0").missing(LINE) == []
    assert Pattern.parse(NumberFormat.parse("#,##0[.]00").pattern(DEFAULT), DEFAULT).matches("123400")


FORMS = st.sampled_from(["-##0.0", "##0.0", "-#0", "####0", "#,##0", "0.00|00.0", "00:00", "+0.0", "##0[.]0"])


@given(FORMS, st.text("0123456789-+.,: ", max_size=8))
def test_a_text_with_a_minus_never_has_a_positive_value(form, text):
    number = value(form, text)
    assert number is None or number == 0 or (number < 0) == ("-" in text)


def rows() -> list[tuple[str, str, str]]:
    """Formats, texts and values of the guide."""
    guide = (Path(__file__).parents[2] / "docs" / "regions.md").read_text("utf-8")
    table = guide.split("| `format` | reads | value |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [(cells[1].strip(), cells[2], cells[3]) for row in table if (cells := re.split(r"(?<!\\)\|", row))]


@pytest.mark.parametrize(("form", "texts", "values"), rows())
def test_the_guide_says_what_a_format_reads(form, texts, values):
    read = [value(form.strip("`").replace("\\|", "|"), text) for text in re.findall("`(.+?)`", texts)]
    assert read == [float(number) for number in re.findall(r"-?\d[\d.]*", values.replace(",", " "))]
    assert read
