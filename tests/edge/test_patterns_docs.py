"""The examples in the guide to patterns are true."""

import re
import string
from pathlib import Path

import pytest

from ocr_edge.contract.labels import LINE
from ocr_edge.decode.check_digits import CHECKS, Weighted
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError

GUIDE = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text(encoding="utf-8")
SHIPPED = string.digits + string.ascii_uppercase + string.ascii_lowercase


def table(heading: str) -> list[list[str]]:
    """Rows of the first table under a heading; each cell's first code, or its text."""
    lines = GUIDE.split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def code(cell: str) -> list[str]:
    """What stands in backticks, as one would write it in a file."""
    return [found.replace("\\|", "|") for found in re.findall(r"`(.+?)`", cell)]


@pytest.mark.parametrize("row", table("\n## Examples"), ids=lambda row: row[0])
def test_each_example_is_a_pattern_that_its_text_fits(row: list[str]) -> None:
    text, written, check = row
    pattern = Pattern.parse(code(written)[0], SHIPPED + "ÄÖÜ", *code(check))
    for example in code(text):
        assert pattern.matches(example)


@pytest.mark.parametrize(
    "row", [*table("\nWith a bundle that reads marks:"), *table("\n## Examples")], ids=lambda row: row[0]
)
def test_each_example_fits_with_its_spaces_where_the_bundle_reads_them(row: list[str]) -> None:
    text, written, check = row
    pattern = Pattern.parse(code(written)[0], (*LINE, *"ÄÖÜ"), *code(check))
    for example in code(text):
        assert pattern.matches(example)
        if " " in example:
            without = example.replace(" ", "")
            assert pattern.matches(without) == bool(re.fullmatch(code(written)[0], without))


def test_what_the_guide_says_of_marks_holds() -> None:
    marks = {label for label in LINE if not label.isalnum()}
    digits, one_mark = Pattern.parse(r"\d{8}", LINE), Pattern.parse(r"\d+\.\d", LINE)
    said = [
        [label for label, out in zip(LINE, each.ignored, strict=True) if out] for each in (digits, one_mark)
    ]
    assert marks <= set(said[0])
    assert said[1] == [" "]
    for written, text, fits in [
        (r"\d+\.\d{2}", "12.50", True),
        (r"\d+\.\d{2}", "1250", False),
        (r"-?\d+", "-34", True),
        (r"-?\d+", "34", True),
        (r"\d+\.\d", "-3.4", False),
    ]:
        assert Pattern.parse(written, LINE).matches(text) == fits
    assert Pattern.parse(r"\d{4} \d{4}", SHIPPED).matches("12345678")
    assert Pattern.parse(r"[A-Z]{2}[ -]\d{3}", SHIPPED).matches("AB123")
    with pytest.raises(ConfigError, match="the bundle has no label '-'"):
        Pattern.parse(r"[A-Z]{2}-?\d{3}", SHIPPED)


def test_each_known_check_stands_in_the_guide() -> None:
    assert sorted(code(row[0])[0] for row in table("\n## Check digits")) == sorted(CHECKS)


def test_each_key_of_an_own_check_stands_in_the_guide() -> None:
    rows = table("\n### A check of your own")
    assert [code(row[0])[0] for row in rows] == ["name", *Weighted.__dataclass_fields__]


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("A-B", SHIPPED),
        ("Ab", string.ascii_uppercase),
        ("[-/]B", SHIPPED),
        ("[A-Z]{3", SHIPPED),
        ("A(?=B)", SHIPPED),
        (r"(A)\1", SHIPPED),
        ("A+?", SHIPPED),
        ("A{1000}", SHIPPED),
        (".{40}.{40}", SHIPPED),
        (".*A.{20}", SHIPPED),
        ("", SHIPPED),
    ],
)
def test_each_error_stands_in_the_guide(written: str, labels: str) -> None:
    beginnings = [code(row[0])[0].split(" ...")[0] for row in table("\n## Errors")]
    with pytest.raises(ConfigError) as error:
        Pattern.parse(written, labels)
    # The guide's own pattern may be longer or shorter, so that the place may differ.
    message = re.sub(r"position \d+: ", "", str(error.value))
    assert any(re.sub(r"^position \d+: ", "", beginning) in message for beginning in beginnings)
