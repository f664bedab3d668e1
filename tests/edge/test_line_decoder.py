"""A strip's posteriors become characters with boxes, and a line that says how sure it is."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.types import Box
from ocr_edge.decode import ctc, ink
from ocr_edge.decode.line_decoder import Decoded, LineDecoder
from ocr_edge.decode.pattern import Pattern, Refused
from ocr_edge.decode.written import calibrated
from ocr_edge.trace import Recording

LABELS = tuple("0123456789ABEHLO .-,|¦_")
PITCH = 4
"""Steps from one label to the next."""


def posteriors(
    text: str, sure: float = 0.99, rivals: dict[int, dict[str, float]] | None = None, before: int = 1
) -> np.ndarray:
    """Of a text, each label on one step; ``rivals`` names the chances at some places instead, the rest is blank."""
    chances = np.full((before + PITCH * len(text), len(LABELS) + 1), 1e-7)
    chances[:, -1] = 1.0
    for place, char in enumerate(text):
        row = chances[before + PITCH * place]
        row[-1] = 1e-7
        here = (rivals or {}).get(place, {char: sure})
        for label, chance in here.items():
            row[LABELS.index(label)] = chance
        row[-1] = max(1 - sum(here.values()), 1e-7)
    return np.log(chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)


def columns(first: int, end: int) -> Box:
    return Box(first, 0, end - first, 32)


def decode(rows: np.ndarray, written: str = "", check: str = "", **options: float) -> Decoded | None:
    pattern = Pattern.parse(written, LABELS, check) if written else None
    return LineDecoder(LABELS, pattern, context=False, **options).decode(rows, to_box=columns)


def text_of(rows: np.ndarray, written: str = "", check: str = "", **options: float) -> str | None:
    found = decode(rows, written, check, **options)
    return found and found.line.text


def test_words_are_read_with_their_spaces_and_marks():
    found = decode(posteriors("12.5 ABBA 0"))
    assert found
    assert found.line.text == "12.5 ABBA 0"
    assert [c.text for c in found.line.characters if c.space_before] == ["A", "0"]


def test_spaces_around_a_text_are_not_said_and_do_not_make_it_less_sure():
    plain, spaced = decode(posteriors("AB")), decode(posteriors(" AB "))
    assert plain
    assert spaced
    assert spaced.line.text == "AB"
    assert not spaced.line.characters[0].space_before
    assert spaced.line.confidence == pytest.approx(plain.line.confidence, abs=1e-3)
    doubtful = decode(posteriors("AB ", rivals={2: {" ": 0.6}}))
    assert doubtful
    assert doubtful.line.confidence == pytest.approx(plain.line.confidence, abs=1e-3)


@pytest.mark.parametrize("written", ["", r"\d*"])
def test_a_strip_without_text_has_no_reading(written: str):
    assert decode(posteriors(""), written) is None
    assert decode(posteriors("  ")) is None
    assert decode(np.zeros((0, len(LABELS) + 1), np.float32), written) is None


def test_a_character_names_its_rivals_and_is_as_sure_as_they_leave_it():
    found = decode(posteriors("A8B", rivals={1: {"8": 0.5, "B": 0.3, "0": 0.1, "A": 0.05}}))
    assert found
    middle = found.line.characters[1]
    assert [label for label, _ in middle.alternatives] == ["8", "B", "0"]
    # 5 % say that nothing stands there.
    assert middle.confidence == pytest.approx(0.5, abs=1e-3)
    assert middle.alternatives[0] == (middle.text, middle.confidence)
    assert np.exp(middle.log_probabilities).sum() == pytest.approx(1.0, abs=1e-4)
    assert middle.labels[int(middle.log_probabilities.argmax())] == "8"
    assert " " not in middle.labels
    assert len(middle.labels) == len(middle.log_probabilities)


def test_look_alikes_do_not_make_a_shape_unsure():
    found = decode(posteriors("A0B", rivals={1: {"0": 0.5, "O": 0.45}}))
    assert found
    assert found.sure[1] == pytest.approx(0.95, abs=1e-3)


def test_what_could_be_anything_is_not_named():
    chances = dict.fromkeys("01234567", 0.12) | {"0": 0.13}
    found = decode(posteriors("A0B", rivals={1: chances}))
    assert found
    assert found.line.text == "A?B"
    assert found.line.characters[1].alternatives[0][0] == "0"


def test_a_line_is_as_sure_as_its_text_is_likely():
    rows = posteriors("AB", rivals={0: {"A": 0.8, "8": 0.19}, 1: {"B": 0.7, "0": 0.29}})
    found = decode(rows)
    assert found
    assert found.line.confidence == pytest.approx(0.56, abs=1e-3)
    assert found.log_probability == pytest.approx(
        ctc.forward(rows, [LABELS.index(c) for c in "AB"]), abs=1e-5
    )


def test_a_label_that_two_steps_share_is_there():
    rows = np.log(np.full((4, len(LABELS) + 1), 1e-7))
    rows[:, -1] = np.log([0.999, 0.4, 0.4, 0.999])
    rows[1:3, LABELS.index("A")] = np.log(0.6)
    found = decode(rows.astype(np.float32))
    assert found
    assert found.line.characters[0].confidence == pytest.approx(1 - 0.4 * 0.4, abs=1e-3)


def test_calibration_changes_the_line_and_not_its_characters():
    rows = posteriors("AB", rivals={0: {"A": 0.8, "8": 0.19}})
    plain, shy = decode(rows), decode(rows, calibration=(0.5, -1.0))
    assert plain
    assert shy
    assert shy.line.confidence < plain.line.confidence
    assert [c.confidence for c in shy.line.characters] == [c.confidence for c in plain.line.characters]


@given(st.floats(-1e4, 0.0), st.floats(0.1, 5.0), st.floats(-5.0, 5.0))
def test_a_calibrated_confidence_is_a_probability_and_keeps_the_order(
    nats: float, slope: float, offset: float
):
    low, high = (calibrated(value, (slope, offset)) for value in (nats - 1, nats))
    assert 0 <= low <= high <= 1
    if nats < -1e-5:
        assert calibrated(nats, (1.0, 0.0)) == pytest.approx(np.exp(nats), rel=1e-6, abs=1e-12)


def test_a_pattern_reads_an_o_as_a_zero_and_not_a_b_as_a_three():
    assert text_of(posteriors("1O7"), r"\d{3}") == "107"
    assert text_of(posteriors("1B7"), r"\d{3}") is None
    assert text_of(posteriors("1B7", rivals={1: {"B": 0.6, "3": 0.3}}), r"\d{3}") == "137"
    assert text_of(posteriors("107"), r"[A-Z]{3}") is None


def test_it_costs_nothing_more_when_the_network_dwells_on_the_look_alike():
    rows = posteriors("1O7")
    long = rows.copy()
    for step in (6, 7):
        long[step] = long[5]  # the O goes on
    short, dwelt = decode(rows, r"\d{3}"), decode(long, r"\d{3}")
    assert short
    assert dwelt
    assert dwelt.line.text == "107"
    assert dwelt.log_probability == pytest.approx(short.log_probability, abs=0.05)


def test_a_legal_text_is_followed_as_far_as_the_margin_goes():
    rows = posteriors("1B7", rivals={1: {"B": 0.9, "3": 0.09}})
    assert text_of(rows, r"\d{3}", min_margin=2.0) is None
    assert text_of(rows, r"\d{3}", min_margin=3.0) == "137"


@pytest.mark.parametrize(
    ("seen", "written", "expected"),
    [
        ("12-34", r"\d{4}", "1234"),
        ("12 34.", r"\d+", "1234"),
        ("1 1", r"\d+", "11"),
        ("|12", r"\d{2}", "12"),
        ("|12", r"\d{3}", "112"),  # a bar may be a one where the pattern needs it
        ("12.50", r"\d+\.\d{2}", "12.50"),
        ("1250", r"\d+\.\d{2}", None),
        ("12,50", r"\d+\.\d{2}", "12.50"),
        ("12 .50", r"\d+\.\d{2}", "12.50"),
        ("-12.50", r"\d+\.\d{2}", None),
        ("-12.50", r"-?\d+\.\d{2}", "-12.50"),
        ("AB 12", "[A-H]{2} [0-9]{2}", "AB 12"),
        ("AB12", "[A-H]{2} [0-9]{2}", None),
        ("AB-12", "[A-H]{2}[ -][0-9]{2}", "AB-12"),
    ],
)
def test_marks_are_overlooked_or_demanded_as_the_pattern_says(seen: str, written: str, expected: str | None):
    found = decode(posteriors(seen), written)
    assert (found and found.line.text) == expected
    if expected:
        assert Pattern.parse(written, LABELS).matches(expected)


def test_a_wrong_check_digit_leads_to_the_next_best_text():
    rows = posteriors("4111111111111112", rivals={15: {"2": 0.8, "1": 0.19}})
    assert text_of(rows, r"\d{16}") == "4111111111111112"
    found = decode(rows, r"\d{16}", "luhn")
    assert found
    assert found.line.text == "4111111111111111"
    assert found.line.characters[-1].confidence == pytest.approx(0.19, abs=0.01)
    sure = posteriors("4111111111111112")
    assert text_of(sure, r"\d{16}", "luhn") is None


def test_only_what_the_pattern_allows_is_an_alternative():
    found = decode(posteriors("A8", rivals={1: {"8": 0.5, "B": 0.3, "0": 0.1}}), r"[A-H]\d")
    assert found
    assert [label for label, _ in found.line.characters[1].alternatives][:2] == ["8", "0"]
    scores = dict(
        zip(found.line.characters[1].labels, found.line.characters[1].log_probabilities, strict=True)
    )
    assert scores["B"] == -np.inf


def test_a_pattern_over_other_labels_is_refused():
    with pytest.raises(ValueError, match="pattern over 2 labels"):
        LineDecoder(LABELS, Pattern.parse("A", "AB"))


words = st.text("01AB. ", min_size=1, max_size=8).filter(lambda text: text.strip())


@settings(deadline=None, max_examples=60)
@given(words, st.integers(1, 12))
def test_a_strip_shifted_moves_its_boxes(text: str, steps: int):
    decoder = LineDecoder(LABELS)
    # Far enough from the edge that the strip does not cut the first one short.
    before, after = (
        decoder.decode(posteriors(text, before=10 + shift), to_box=columns) for shift in (0, steps)
    )
    assert before
    assert after
    assert after.line.text == before.line.text
    for one, other in zip(before.columns, after.columns, strict=True):
        assert (other[0] - one[0], other[1] - one[1]) == (4 * steps, 4 * steps)
    boxes = [character.box for character in before.line.characters]
    assert all(left.right <= right.left for left, right in itertools.pairwise(boxes))


@settings(deadline=None, max_examples=60)
@given(words)
def test_free_text_and_a_pattern_of_anything_read_alike(text: str):
    free, legal = decode(posteriors(text.strip())), decode(posteriors(text.strip()), ".{1,9}")
    assert free
    assert legal
    assert legal.line.text.split() == free.line.text.split()


def test_borders_lie_half_way_between_peaks_and_move_to_where_no_ink_is():
    assert ink.columns([1, 5], 40) == [(0, 14), (14, 40)]
    binary = np.zeros((32, 40, 1), np.uint8)
    binary[4:28, 2:17] = binary[8:28, 19:26] = 255
    (first, second) = ink.columns([1, 5], 40, binary)
    assert first[1] == second[0]
    assert 17 <= first[1] <= 19
    assert ink.box(*first, binary) == Box(2, 4, 15, 24)
    assert ink.box(*second, binary) == Box(19, 8, 7, 20)


def test_a_span_without_ink_stays_as_it_is():
    binary = np.zeros((32, 40, 1), np.uint8)
    assert ink.tighten((3, 9), binary) == (3, 9)
    assert ink.extent((3, 9), binary) == (0, 32)
    assert ink.box(3, 9, binary) == Box(3, 0, 6, 32)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(0, 30), min_size=1, unique=True).map(sorted), st.integers(0, 6), st.integers(0, 999)
)
def test_every_character_has_columns_of_its_own_inside_the_strip(steps: list[int], cut: int, seed: int):
    width = max(4 * (steps[-1] + 1) - cut % 4, 1)
    binary = np.random.default_rng(seed).integers(0, 2, (32, width, 1), np.uint8) * 255
    for given_ in (None, binary):
        spans = ink.columns(steps, width, given_)
        assert all(0 <= first < end <= width for first, end in spans)
        assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))


def refusal(rows: np.ndarray, written: str, check: str = "", **options: float) -> Refused:
    """What a pattern made of a line that it leaves without a reading."""
    recording = Recording()
    decoder = LineDecoder(LABELS, Pattern.parse(written, LABELS, check), **options)
    assert decoder.decode(rows, to_box=columns, trace=recording) is None
    (refused,) = recording.of(Refused)
    return refused


def test_the_margin_that_is_told_is_the_one_up_to_which_a_text_is_followed():
    rows = posteriors("AB1", rivals={1: {"B": 0.7, "8": 0.2}})
    refused = refusal(rows, r"A8\d", min_margin=0.1)
    assert refused.text == "A81"
    assert refused.behind > 0.5
    assert text_of(rows, r"A8\d", min_margin=refused.behind + 0.01) == "A81"
    assert refusal(rows, r"A8\d", min_margin=refused.behind - 0.01).behind == refused.behind
    followed = decode(rows, r"A8\d", min_margin=refused.behind + 0.01)
    assert followed is not None
    assert followed.behind is not None
    assert refused.behind - 1e-3 <= followed.behind <= refused.behind + 0.01


def test_why_a_pattern_refuses_a_line_is_told_in_words():
    assert (
        "nats behind what the picture shows, 0.1 allowed"
        in refusal(posteriors("AB1"), r"A8\d", min_margin=0.1).why
    )
    assert refusal(posteriors("AB1"), "A{40}").why == "pattern: nothing fits"
    assert "wrong check digit" in refusal(posteriors("15"), "15", "luhn").why


def test_a_reading_knows_the_steps_that_each_label_is_written_on():
    found = decode(posteriors("AB", before=2))
    assert found is not None
    assert found.written.labels.tolist() == [LABELS.index("A"), LABELS.index("B")]
    assert found.written.runs.tolist() == [[2, 3], [2 + PITCH, 3 + PITCH]]
    assert found.behind is None


def test_two_spaces_beside_a_mark_that_the_pattern_overlooks_are_one():
    rows = posteriors("AB - 01-03")
    found = decode(rows, r"(AB|EB)? \d{4}")
    assert found
    assert (found.line.text, found.behind) == ("AB 0103", pytest.approx(0, abs=0.1))
    assert [c.text for c in found.line.characters if c.space_before] == ["0"]
    assert text_of(rows, r"AB\d{4}") == "AB0103"
    # A space that the pattern does not have is still none.
    assert text_of(posteriors("AB 0 103"), r"AB \d{4}") is None


def test_a_space_that_a_pattern_asks_for_at_an_end_need_not_be_seen():
    pattern = Pattern.parse(r"(AB|BA)? \d{4}( AB)? ?", LABELS)
    for text in ("2021", "BA 2021", "2021 AB"):
        found = LineDecoder(LABELS, pattern).decode(posteriors(text), to_box=columns)
        assert found
        assert found.line.text == text
        assert pattern.matches(text)
    assert LineDecoder(LABELS, pattern).decode(posteriors("BA2021"), to_box=columns) is None
    assert not pattern.matches("BA2021")


def test_a_space_that_nobody_sees_is_not_told_and_takes_no_room():
    rows = posteriors("803")[1::PITCH]  # each step a digit
    for written, margin in ((r" \d{3} ", 3.0), (r" ?\d{4} ?", 150.0)):
        notes = Recording()
        decoder = LineDecoder(LABELS, Pattern.parse(written, LABELS), min_margin=margin)
        found = decoder.decode(rows, to_box=columns, trace=notes)
        refused = notes.last(Refused)
        assert (found.line.text if found else refused and refused.text) in ("803", "")
