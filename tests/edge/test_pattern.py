"""Patterns accept what Python's regular expressions accept, over a bundle's labels."""

import re
import string

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ocr_edge.decode.check_digits import Weighted
from ocr_edge.decode.pattern import Pattern
from ocr_edge.decode.search import Edge
from ocr_edge.errors import ConfigError

LABELS = string.digits + string.ascii_uppercase + string.ascii_lowercase
FEW = "01ABab"

atoms = st.one_of(
    st.sampled_from(
        [*FEW, ".", r"\d", r"\w", r"\D", "[01]", "[^A]", "[A-B0]", r"[^\d]", r"[\da]", "[a\\-]", "[^-a]"]
    )
)
counts = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, counts).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map(lambda one: f"({one}|)"),
        inner.map(lambda one: f"(^{one}|{one}$)" if len(one) < 3 else one),
    ),
    max_leaves=8,
)


def parse(written: str, labels: str) -> Pattern:
    """The pattern; expressions that mean something else or are too large are none of this test."""
    try:
        return Pattern.parse(written, labels)
    except ConfigError as error:
        assume(
            not any(why in str(error) for why in ("expected at most", "states", "something", "no character"))
        )
        raise


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_text_matches_as_in_python(data: st.DataObject) -> None:
    written = data.draw(expressions)
    pattern = parse(written, FEW)
    texts = st.one_of(
        st.text(FEW, max_size=8),
        st.from_regex(re.compile(written, re.ASCII), fullmatch=True, alphabet=FEW),
    )
    for text in data.draw(st.lists(texts, min_size=1, max_size=8)):
        expected = re.fullmatch(written, text, re.ASCII) is not None
        assert pattern.matches(text) == expected, (written, text)


@settings(max_examples=100, deadline=None)
@given(expressions)
def test_lengths_are_those_of_the_shortest_and_longest_text(written: str) -> None:
    pattern = parse(written, FEW)
    fits = re.compile(written, re.ASCII).fullmatch
    lengths = [length for length in range(5) if any(map(fits, _texts(FEW, length)))]
    assert [pattern.shortest][: pattern.shortest < 5] == lengths[:1]
    if pattern.longest is not None and pattern.longest < 5:
        assert pattern.longest == lengths[-1]
    if lengths:
        assert pattern.longest is None or pattern.longest >= lengths[-1]


def _texts(labels: str, length: int) -> list[str]:
    """Every text of a length."""
    return [""] if not length else [text + label for text in _texts(labels, length - 1) for label in labels]


def test_blanks_stand_for_gaps_that_are_no_characters() -> None:
    for written in ("AB 12", r"AB\s12", r"AB\s*12", r"AB[ -]12", r"AB[\s/]?12", r"AB\ 12"):
        pattern = Pattern.parse(written, LABELS)
        assert pattern.matches("AB12")
        assert pattern.matches("AB 12")
        assert (pattern.shortest, pattern.longest) == (4, 4)


def test_a_class_with_a_gap_may_be_a_mark_where_that_is_a_label() -> None:
    pattern = Pattern.parse("AB[ -]12", LABELS + "-")
    assert pattern.matches("AB-12")
    assert pattern.matches("AB 12")
    assert not pattern.matches("AB--12")
    assert Pattern.parse("AB[^ A]12", LABELS).shortest == 5


def test_a_space_is_demanded_where_it_is_a_label() -> None:
    spaced = LABELS + " -."
    for written in ("AB 12", r"AB\s12", r"AB[ -]12", r"AB[\s.]12", r"AB\ 12"):
        pattern = Pattern.parse(written, spaced)
        assert pattern.matches("AB 12")
        assert not pattern.matches("AB12")
        assert (pattern.shortest, pattern.longest) == (5, 5)
    assert Pattern.parse("AB[ -]12", spaced).matches("AB-12")
    assert Pattern.parse(r"AB\s?12", spaced).matches("AB12")
    assert Pattern.parse(r"AB\s?12", spaced).matches("AB 12")
    # Where no text of the pattern has a space, one too many is no error.
    assert Pattern.parse("AB12", spaced).matches("AB 12")
    assert Pattern.parse(r"\d+\.\d", spaced).matches("1 2.5")
    assert not Pattern.parse(r"\d+\.\d", spaced).matches("125")


@pytest.mark.parametrize(
    ("written", "ignored"),
    [
        (r"\d+", " -._"),
        (r"\w+", " -."),
        (r"\d+\.\d", " "),
        (r"\d+ \d+", "-._"),
        (r"\d+ ?-?\d+", ""),
        (".+", ""),
    ],
)
def test_marks_are_overlooked_where_the_pattern_has_none(written: str, ignored: str) -> None:
    labels = LABELS + " -._"
    pattern = Pattern.parse(written, labels)
    assert "".join(label for label, out in zip(labels, pattern.ignored, strict=True) if out) == ignored


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_text_with_spaces_matches_as_in_python_where_the_space_is_a_label(data: st.DataObject) -> None:
    written = data.draw(expressions.map(lambda one: f"{one} [a 0]"))
    pattern = parse(written, FEW + " ")
    compiled = re.compile(written, re.ASCII)
    texts = st.one_of(
        st.text(FEW + " ", max_size=8), st.from_regex(compiled, fullmatch=True, alphabet=FEW + " ")
    )
    for text in data.draw(st.lists(texts, min_size=1, max_size=8)):
        # Spaces around a text are not seen: with one or without, it is the same.
        seen = [before + text.strip() + after for before in ("", " ") for after in ("", " ")]
        assert pattern.matches(text) == any(map(compiled.fullmatch, seen)), (written, text)


def test_signs_are_marks_even_where_unicode_calls_them_letters_or_digits() -> None:
    found = Pattern.parse(r"\d+", "0123456789.µ²")
    assert [label for label, is_ignored in zip(found.labels, found.ignored, strict=True) if is_ignored] == [
        *".µ²"
    ]
    checked = Pattern.parse(r"\d+[µ²]?", "0123456789µ²", "luhn")
    assert [checked.matches(text) for text in ("18", "18µ", "18²", "19²")] == [True, True, True, False]


def test_marks_between_the_digits_do_not_count_for_a_check_digit() -> None:
    labels = LABELS + " -"
    pattern = Pattern.parse(r"\d{3}-\d-\d{2}-\d{6}-\d", labels, check="ean")
    assert pattern.matches("978-3-16-148410-0")
    assert not pattern.matches("978-3-16-148410-1")
    assert Pattern.parse(r"[A-Z]{4} \d{6} \d", labels, check="iso6346").matches("CSQU 305438 3")
    own = Weighted(alphabet="0123456789-", weights=(1,), modulus=11)
    with_dash = Pattern.parse(r"\d-\d", labels, check="dashes", own={"dashes": own})
    assert with_dash.matches("0-1")
    assert not with_dash.matches("5-6")


def test_labels_of_several_characters_are_read_one_by_one() -> None:
    pattern = Pattern.parse("c(rn|m)", ["c", "r", "n", "m", "rn", "cr", ""])
    assert pattern.matches("crn")
    assert pattern.matches("cm")
    assert not pattern.matches("cn")
    walk = pattern.automaton.next
    assert walk[walk[0, 5], 2] == walk[walk[0, 0], 4]
    assert (walk[:, 6] == -1).all()
    assert not Pattern.parse("rn", ["rn", "x"]).matches("r")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "A-B",
            "position 2: the bundle has no label '-': leave it out of the pattern; marks that are no labels",
        ),
        (r"A\-?B", "position 2: the bundle has no label '-'"),
        ("[-/]B", "position 1: [-/] allows none of the bundle's labels"),
        (r"A\W", r"position 2: \W allows none of the bundle's labels"),
        ("Aé", "position 2: the bundle has no label 'é'"),
        ("", "allows no character at all"),
        ("^$", "allows no character at all"),
        (" ", "allows no character at all"),
        (".{40}.{40}", "describes texts of 80 characters, expected at most 64"),
        ("A{40}A{40}B*", "describes texts of 80 characters"),
        ("(a|b)*a(a|b){20}", "needs more than 1000 states"),
        ("A(", "position 3"),
    ],
)
def test_what_no_label_can_make_is_refused(written: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Pattern.parse(written, LABELS)
    assert message in str(error.value)


def test_small_letters_are_advised_where_only_capitals_are_labels_and_the_other_way() -> None:
    with pytest.raises(ConfigError, match="position 2: the bundle has no label 'b', but 'B': write that"):
        Pattern.parse("Ab", string.ascii_uppercase)


def test_a_check_digit_is_part_of_the_pattern() -> None:
    pattern = Pattern.parse(r"[A-Z]{3}[UJZ]\d{7}", LABELS, check="iso6346")
    assert pattern.matches("CSQU3054383")
    assert pattern.matches("CSQU 305438 3")
    assert not pattern.matches("CSQU3054384")
    assert not pattern.matches("CSQA3054383")
    with pytest.raises(ConfigError, match="did you mean 'luhn'"):
        Pattern.parse(r"\d{7}", LABELS, check="lun")


def test_the_best_text_is_the_best_legal_one_with_a_right_check_digit() -> None:
    seen = "4111111111111112"
    scores = np.full((16, 62), -9.0, np.float32)
    scores[range(16), [LABELS.index(character) for character in seen]] = -0.1
    scores[7, LABELS.index("l")] = 0.0
    scores[15, 1] = -2.0
    edges = [Edge(at, at + 1, row) for at, row in enumerate(scores)]
    plain, checked = Pattern.parse(r"\d{16}", LABELS), Pattern.parse(r"\d{16}", LABELS, "luhn")
    legal, right = plain.best(edges, 16), checked.best(edges, 16)
    assert legal is not None
    assert right is not None
    assert legal.text(LABELS) == seen
    assert right.text(LABELS) == "4111111111111111"
    assert right.score == pytest.approx(15 * -0.1 - 2.0)
    assert Pattern.parse(r"\d{15}", LABELS).best(edges, 16) is None
