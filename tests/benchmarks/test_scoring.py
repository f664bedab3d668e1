"""The laws of scoring: what counts, what is right, and what a number may not hide."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lib.picture_sets import SETS, Example
from lib.scoring import (
    NOT_READ,
    as_written,
    edit_distance,
    judge,
    judge_values,
    normalise,
    score,
)
from lib.verdicts import PART, PLAIN, WRITTEN, judged

LABELS = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
TEXTS = st.text("aBc01", max_size=8)


def verdicts(name: str, truth: str, said: str):
    """The verdicts on a picture of a set."""
    return judged(Example("a.png", Path("a.png"), truth), said, SETS[name], LABELS)


def plain_distance(a: str, b: str) -> int:
    """Levenshtein's recurrence, cell by cell."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@given(TEXTS, TEXTS)
def test_edit_distance_is_levenshteins_and_symmetric(a: str, b: str) -> None:
    assert edit_distance(a, b) == plain_distance(a, b) == edit_distance(b, a)


@given(TEXTS, TEXTS, TEXTS)
def test_edit_distance_obeys_the_triangle(a: str, b: str, c: str) -> None:
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@given(TEXTS)
def test_a_text_is_at_no_distance_from_itself_and_all_of_its_length_from_nothing(text: str) -> None:
    assert edit_distance(text, text) == 0
    assert edit_distance(text, "") == len(text)


@given(st.text())
def test_normalising_keeps_only_labels_and_twice_is_once(text: str) -> None:
    for ignore_case in (False, True):
        once = normalise(text, LABELS, ignore_case=ignore_case)
        assert set(once) <= {*LABELS, NOT_READ}
        assert normalise(once, LABELS, ignore_case=ignore_case) == once


def test_blanks_punctuation_and_what_the_labels_lack_do_not_count() -> None:
    assert normalise("Caf\u00e9 no. 7\n\u20ac5!", LABELS) == "Cafno75"
    assert normalise("Page 7", tuple("0123456789")) == "7"


def test_a_character_seen_but_not_named_is_wrong() -> None:
    said = normalise(f"AB{NOT_READ}12", LABELS)
    assert not judge("AB12", said, "exact").right
    assert judge("AB12", said, "exact").edits == 1


def test_full_width_letters_and_ligatures_are_plain_ones() -> None:
    assert normalise("\uff21\uff11\ufb01", LABELS) == "A1fi"


def test_marks_are_no_letters_or_digits_even_where_they_are_labels() -> None:
    assert normalise("$4.00 = \u20ac3,50?", (*LABELS, *"$.,?= \u20ac")) == "400350"


def test_what_is_written_counts_whether_the_bundle_can_say_it_or_not() -> None:
    assert as_written(" $4.00\n= \u20ac3,50? ", LABELS) == "$4.00 = \u20ac3,50?"
    assert as_written("1 \u00b0C, 5 m\u00b2, \u00b5", LABELS) == "1 \u00b0C, 5 m\u00b2, \u00b5"
    assert as_written("a\u4e2db", LABELS) == "ab"
    assert as_written("caf\u00e9", (*LABELS, "\u00e9")) == "caf\u00e9"


def test_marks_of_other_systems_become_plain_ones() -> None:
    assert as_written("\uff08A\uff1a1\uff09", LABELS) == "(A:1)"
    assert as_written("\u2018x\u2019 \u201cy\u201d 1\u20132", LABELS) == "'x' \"y\" 1-2"


def test_case_is_ignored_in_what_is_written_too() -> None:
    assert as_written("Total: 5 kg", LABELS, ignore_case=True) == "TOTAL: 5 KG"


@given(st.text("aB.- ,0\u00b2\u2019\n", max_size=8), st.booleans())
def test_what_is_written_stays_as_it_is_when_looked_at_again(text: str, ignore_case: bool) -> None:
    once = as_written(text, LABELS, ignore_case=ignore_case)
    assert as_written(once, LABELS, ignore_case=ignore_case) == once


@given(st.text("aB.- ,01", max_size=8), st.text("aB.- ,01", max_size=8))
def test_what_is_right_as_written_is_right_in_letters_and_digits(truth: str, said: str) -> None:
    found = verdicts("icdar2015_words", truth, said)
    assert found[PLAIN].right or not found[WRITTEN].right


def test_a_lost_point_is_wrong_as_written_alone() -> None:
    found = verdicts("icdar2015_words", "$4.00", "$400")
    assert found[PLAIN].right
    assert not found[WRITTEN].right
    assert found[WRITTEN].edits == 1


def test_of_a_meter_only_digits_and_their_point_count() -> None:
    found = verdicts("meter_lcd_crops", "008701.3", "008701.3 kW h")
    assert found[PLAIN].right
    assert found[WRITTEN].right
    assert not verdicts("meter_lcd_crops", "008701.3", "0087013")[WRITTEN].right
    assert not verdicts("meter_lcd_crops", "008701.3", f"008701.3{NOT_READ}")[PLAIN].right


def test_of_a_display_the_integer_may_be_right_alone() -> None:
    example = Example("a.png", Path("a.png"), "215.7", part="215")
    found = judged(example, "LITRES\n215 1", SETS["sevenseg_photos"], LABELS)
    assert (found[PLAIN].right, found[WRITTEN].right, found[PART].right) == (False, False, True)
    found = judged(example, "LITRES\n215.7", SETS["sevenseg_photos"], LABELS)
    assert all(verdict.right for verdict in found.values())


def test_every_value_must_be_a_line_of_its_own() -> None:
    assert judge_values(("486", "1473"), ("1473", "x", "486")).right
    assert not judge_values(("486", "1473"), ("486", "14730")).right
    assert judge_values(("486", "1473"), ("486", "14730"), whole=False).right
    assert not judge_values(("486", "1473"), ("486",), whole=False).right


def test_values_are_compared_line_by_line_in_letters_and_digits_and_with_marks() -> None:
    example = Example("a", Path("a"), "486 1473", values=("486", "1473"), written=("4.86", "1 473"))

    def right(said: str) -> tuple[bool, ...]:
        found = judged(example, said, SETS["field_photos"], LABELS)
        return tuple(found[name].right for name in (PLAIN, WRITTEN, PART))

    assert right("4.86\n1473") == (True, True, True)
    assert right("4 8.6\n1473") == (True, False, True)
    assert right("4.86 1473") == (False, False, True)
    assert right("4.86\n1.473 l") == (False, False, True)
    assert right("48\n6\n1473") == (False, False, False)


def test_where_there_is_nothing_to_read_only_silence_is_right() -> None:
    assert verdicts("no_text", "", "")[PLAIN].right
    assert not verdicts("no_text", "", "I")[PLAIN].right
    assert not judge("", "I", "silent").right


def test_case_counts_unless_told_otherwise() -> None:
    said, truth = "Living", "LIVING"
    assert not judge(normalise(truth, LABELS), normalise(said, LABELS), "exact").right
    folded = [normalise(text, LABELS, ignore_case=True) for text in (truth, said)]
    assert judge(folded[0], folded[1], "exact").right


def test_case_is_ignored_with_labels_of_one_case_too() -> None:
    assert normalise("aB1", tuple("AB1"), ignore_case=True) == "AB1"
    assert normalise("aB1", tuple("ab1"), ignore_case=True) == "AB1"


@given(TEXTS, TEXTS)
def test_what_is_exact_is_contained(truth: str, said: str) -> None:
    if judge(truth, said, "exact").right:
        assert judge(truth, said, "contained").right


@given(TEXTS.filter(bool), TEXTS, TEXTS)
def test_the_truth_is_contained_in_whatever_surrounds_it(truth: str, before: str, after: str) -> None:
    assert judge(truth, before + truth + after, "contained").right


def test_parts_in_the_wrong_order_or_torn_apart_are_not_contained() -> None:
    assert not judge("1234", "3412", "contained").right
    assert not judge("1234", "12x34", "contained").right


def test_an_empty_truth_is_right_only_where_nothing_was_said() -> None:
    for measure in ("exact", "contained"):
        assert judge("", "", measure).right
        assert not judge("", "x", measure).right


def test_babble_shows_in_characters_said_per_character_of_truth() -> None:
    honest = score([judge("227", "22700", "contained")])
    babbling = score([judge("227", "x" * 50 + "227" + "y" * 50, "contained")])
    assert honest.rate == babbling.rate == 1.0
    assert honest.said_per_truth < 2
    assert babbling.said_per_truth > 30


def test_marks_count_nowhere_where_the_truth_leaves_them_out() -> None:
    for name in ("iiit5k_words", "svt_words", "us_plate_photos"):
        assert verdicts(name, "1000", "1,0 00.").keys() == {PLAIN}
        assert verdicts(name, "1000", "1,0 00.")[PLAIN].right
