"""What a pattern may be written like, and that anything else is refused with the place and the reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.decode import regex
from ocr_edge.decode.regex_tree import Chars, Choice, Concat, Repeat
from ocr_edge.errors import ConfigError


def test_a_tree_keeps_what_was_written_where() -> None:
    tree = regex.parse(r"(?:A|\d{2,})[^B]")
    assert isinstance(tree, Concat)
    choice, last = tree.items
    assert isinstance(choice, Choice)
    letter, digits = choice.items
    assert isinstance(letter, Chars)
    assert (letter.at, letter.text) == (4, "A")
    assert isinstance(digits, Repeat)
    assert (digits.low, digits.high) == (2, None)
    assert isinstance(digits.item, Chars)
    assert (digits.item.at, digits.item.text) == (6, r"\d")
    assert isinstance(last, Chars)
    assert (last.at, last.text) == (13, "[^B]")
    assert "A" in last
    assert "B" not in last


@pytest.mark.parametrize(
    ("written", "at", "why"),
    [
        ("A{3", 2, "found '{3', expected {n}, {n,} or {n,m}, or \\{"),
        ("A{,3}", 2, "expected {n}"),
        ("A{x}", 2, "expected {n}"),
        ("A{3,2}", 2, "expected a highest count of at least 1"),
        ("A{0}", 2, "expected a highest count of at least 1"),
        ("A{65}", 2, "found a repetition of 65, expected at most 64"),
        ("a{1000}{1000}", 2, "found a repetition of 1000"),
        ("a{9999999999999}", 2, "expected {n}"),
        ("((a{64}){64}){64}", 9, "found a repetition that makes 4096 characters, expected at most 1000"),
        ("AB(?=C)", 3, "found '(?=', a lookahead"),
        ("(?!C)", 1, "a lookahead"),
        ("(?<=C)", 1, "a lookbehind"),
        ("(?<!C)", 1, "a lookbehind"),
        ("(?P<a>C)", 1, "a named group"),
        ("(?<a>C)", 1, "a named group"),
        ("(?P=a)", 1, "a backreference"),
        ("(?>C)", 1, "an atomic group"),
        ("(?#C)", 1, "a comment"),
        ("(?(1)C)", 1, "a condition"),
        ("(?i)C", 1, "a flag"),
        (r"(A)\1", 4, "a backreference"),
        ("A*?", 3, "a lazy repetition"),
        ("A{2}?", 5, "a lazy repetition"),
        ("A++", 3, "a possessive repetition"),
        ("A**", 3, "expected a group (...) around"),
        ("A{2}{3}", 5, "expected a group (...) around"),
        ("*A", 1, "expected something before it to repeat"),
        ("A|+", 3, "expected something before it to repeat"),
        ("(?:)|{2}", 6, "expected something before it to repeat"),
        ("^*A", 2, "found '*' after '^'"),
        ("A^B", 2, "found '^' with something before it"),
        ("A$B", 2, "found '$' with something after it"),
        ("A(^B)", 3, "found '^' with something before it"),
        ("(A$)B", 3, "found '$' with something after it"),
        ("(^A)+", 2, "found '^' with something before it"),
        ("^ ^A$ $", 3, "found '^' with something before it"),
        (r"\bA", 1, "found '\\b', a boundary"),
        (r"A\Z", 2, "found '\\Z', a boundary"),
        (r"\n", 1, "expected \\d, \\w"),
        ("A\\", 2, "found '\\' at the end"),
        ("A)", 2, "found ')' without a '('"),
        ("((A)", 5, "found the end, expected ')' for the '(' at position 1"),
        ("A]", 2, "found ']' that closes nothing"),
        ("A}", 2, "found '}' that closes nothing"),
        ("[AB", 4, "found the end, expected ']' for the '[' at position 1"),
        ("[A-", 4, "found the end, expected ']'"),
        ("X[]", 3, "found an empty class"),
        ("[^]", 3, "found an empty class"),
        ("[z-a]", 2, "a range backwards"),
        (r"[A-\d]", 2, "expected a range between two characters"),
        ("[[:digit:]]", 2, "\\d for [:digit:]"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(written: str, at: int, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        regex.parse(written)
    assert f'pattern "{written}": position {at}: ' in str(error.value)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "written", ["^A$", "^A|B$", "(^A|^B)$", "(?:^|^A)B", "(^A)?B", "^^A$$", "(A(B$|C$))"]
)
def test_anchors_that_say_nothing_are_taken(written: str) -> None:
    assert regex.parse(written)


def test_ten_thousand_brackets_are_refused_and_not_recursed_into() -> None:
    with pytest.raises(ConfigError, match="is 10000 characters long, expected at most 1000"):
        regex.parse("(" * 10_000)
    with pytest.raises(ConfigError, match="position 51: found a group inside 50 others") as error:
        regex.parse("(" * 500 + "A" + ")" * 400)
    assert len(str(error.value)) < 200
    assert regex.parse("(" * 50 + "A" + ")" * 50)


def test_more_characters_than_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="has 1024 characters when written out"):
        regex.parse("|".join("(..){64}" for _ in range(8)))


def test_control_characters_do_not_reach_the_message() -> None:
    with pytest.raises(ConfigError) as error:
        regex.parse("A\n\x1b[31m(")
    assert str(error.value).isprintable()


@given(st.text("()[]{}|*+?^$\\-.,:=!<>P#AZaz09 dwsbé\n", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(written: str) -> None:
    try:
        regex.parse(written)
    except ConfigError as error:
        message = str(error)
    else:
        message = ""
        re.compile(written)  # and Python reads it too
    assert message.isprintable()
    assert not message or message.startswith('pattern "')
