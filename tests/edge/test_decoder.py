"""A line's reading from scores made by hand: neighbours, line geometry, spaces, the owner's pattern."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern, allowed
from ocr_edge.decode.search import Path
from ocr_edge.segment.context import space_before
from ocr_edge.segment.decoder import Decoder

from .hand_made import JUNK, a_line, in_a_row, said, scored


def read(rows, *, boxes=None, pattern="", check="", spans=(), **how):
    """The reading of a line of blobs; nothing but the picture speaks, unless it is asked for."""
    legal = Pattern.parse(pattern, DEFAULT, check) if pattern else None
    how = {"context": False, "geometry": False, **how}
    line = a_line(boxes or in_a_row(*[24] * len(rows)), spans)
    return Decoder(DEFAULT, legal, **how).decode([scored(line, rows)])


def text(*args, **how):
    rated = read(*args, **how)
    return rated and rated.line.text


def heights(*values, bottom=100):
    return [Box(30 * i, bottom - height, 24, height) for i, height in enumerate(values)]


def sure(word, chance=0.97):
    return [said(**{f"_{character}": chance}) for character in word]


def test_a_line_is_read_with_its_likeliest_labels_best_first():
    rated = read([said(A=0.6, H=0.3), said(B=0.9)])
    first, second = rated.line.characters
    assert rated.line.text == "AB"
    assert [label for label, _ in first.alternatives[:2]] == ["A", "H"]
    assert first.alternatives[0] == (first.text, first.confidence)
    assert (first.confidence, second.confidence) == pytest.approx((0.6, 0.9))
    assert rated.sure == pytest.approx([0.6, 0.9], abs=0.01)


def test_look_alikes_do_not_make_a_character_unsure():
    rated = read([said(O=0.4, _0=0.3, o=0.25), said(B=0.9)])
    assert rated.sure[0] > 0.9
    assert rated.line.characters[0].confidence == pytest.approx(0.4)


def test_a_line_of_junk_has_no_reading():
    assert read([JUNK, JUNK]) is None
    assert read([JUNK, JUNK], pattern=".*") is None


def test_the_line_tells_small_from_capital():
    rows = [said(H=0.9), said(o=0.45, O=0.45), *sure("ne")]
    assert text(rows, boxes=heights(40, 29, 29, 29), geometry=True) == "Hone"
    assert text(rows, boxes=heights(40, 40, 29, 29), geometry=True) == "HOne"


def test_without_geometry_only_the_picture_speaks():
    rows = [said(H=0.9), said(o=0.44, O=0.46), *sure("ne")]
    assert text(rows, boxes=heights(40, 29, 29, 29)) == "HOne"


def test_neighbours_make_a_number_of_digits():
    rows = [*sure("12"), said(O=0.5, _0=0.4), *sure("34")]
    assert text(rows) == "12O34"
    assert text(rows, context=True) == "12034"


def test_neighbours_make_a_word_of_letters():
    rows = [*sure("HOUSE"), said(_5=0.5, S=0.4)]
    assert text(rows) == "HOUSE5"
    assert text(rows, context=True) == "HOUSES"


def test_a_wide_gap_is_a_space():
    boxes = [*in_a_row(20, 20, gap=4), *in_a_row(20, 20, gap=4, left=80)]
    assert text(sure("ABCD"), boxes=boxes) == "AB CD"
    assert space_before(boxes, 40.0) == [False, False, True, False]


def test_widely_set_characters_are_one_word():
    assert text(sure("ABCD"), boxes=in_a_row(20, 20, 20, 20, gap=16)) == "ABCD"


@pytest.mark.parametrize("count", [0, 1])
def test_where_there_are_no_two_characters_there_is_no_gap(count):
    assert space_before(in_a_row(*[20] * count), 40.0) == [False] * count


def test_a_pattern_chooses_the_legal_look_alike():
    rated = read([said(O=0.6, _0=0.3), said(I=0.6, _1=0.3)], pattern=r"\d{2}")
    assert rated.line.text == "01"
    assert all(character.text.isdigit() for character in rated.line.characters)


def test_a_pattern_chooses_how_a_blob_is_cut():
    rows = [said(r=0.9), said(m=0.9), said(n=0.9)]
    how = {"boxes": in_a_row(20, 20, gap=0), "spans": [(0, 1), (0, 2), (1, 2)]}
    assert text(rows, **how) == "m"
    assert text(rows, pattern="[a-z]{2}", min_margin=20.0, **how) == "rn"


def test_o_for_0_costs_a_pattern_little_and_a_for_4_much():
    twin = [*sure("12"), said(O=0.9)]
    other = [*sure("12"), said(nothing=0.05, A=0.94)]
    assert text(twin, pattern=r"\d{3}", min_margin=1.0) == "120"
    assert text(other, pattern=r"\d{3}", min_margin=1.0) is None


def test_a_pattern_never_hides_a_misread():
    clear = [*sure("12"), said(nothing=0.02, A=0.97)]
    assert text(clear, pattern=r"\d{3}") is None
    assert text(clear, pattern=r"\d{2}[A-Z]") == "12A"


def test_the_margin_says_how_far_a_pattern_may_go():
    unclear = [*sure("12"), said(nothing=0.1, A=0.6, _4=0.2)]
    assert text(unclear, pattern=r"\d{3}", min_margin=0.0) is None
    assert text(unclear, pattern=r"\d{3}", min_margin=3.0) == "124"


@pytest.mark.parametrize("pattern", ["[a-z]{3}", "[a-z]", "x{40}"])
def test_a_line_of_another_length_has_no_legal_reading(pattern):
    assert read(sure("ab"), pattern=pattern) is None


def test_what_a_pattern_forbids_is_no_alternative_of_a_character():
    rated = read([said(O=0.6, _0=0.3), said(B=0.6, _8=0.3)], pattern=r"\d[A-Z]", min_margin=9.0)
    digit, capital = (character.log_probabilities for character in rated.line.characters)
    assert [DEFAULT[i] for i in np.flatnonzero(np.isfinite(digit))] == list("0123456789")
    assert [DEFAULT[i] for i in np.flatnonzero(np.isfinite(capital))] == [chr(c) for c in range(65, 91)]


def test_a_check_digit_decides_between_what_looks_alike():
    rows = [*sure("7992739871"), said(_8=0.5, _3=0.45)]
    assert text(rows, pattern=r"\d{11}") == "79927398718"
    assert text(rows, pattern=r"\d{11}", check="luhn") == "79927398713"


def test_a_wrong_check_digit_that_is_clear_is_not_made_right():
    rows = sure("79927398718", 0.985)
    assert text(rows, pattern=r"\d{11}") == "79927398718"
    assert text(rows, pattern=r"\d{11}", check="luhn") is None


def test_a_pattern_reads_past_a_frame_at_the_end():
    rows = [JUNK, *sure("12"), JUNK]
    assert text(rows, pattern=r"\d{2}") == "12"


@pytest.mark.parametrize("pattern", [r"[A-C]\d", "A.?", r"(A1|B\d|CC)", "[AB]*[01]+", "A{2,3}"])
def test_allowed_is_what_some_legal_text_of_that_length_has_there(pattern):
    labels = tuple("ABC01")
    legal = Pattern.parse(pattern, labels)
    for count in range(1, 4):
        texts = [t for t in itertools.product(labels, repeat=count) if legal.matches("".join(t))]
        if texts:
            way = Path(0.0, tuple(range(count)), tuple(labels.index(c) for c in texts[0]))
            expected = [[label in {t[at] for t in texts} for label in labels] for at in range(count)]
            assert allowed(legal, way).tolist() == expected


APART = "AB47"
"""Labels of which no two look alike."""


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.floats(0.3, 1), min_size=4, max_size=4), min_size=1, max_size=3),
    st.sampled_from([r"\d+", r"[AB]\d*", "[AB4]+7?", "A.*|.7*"]),
)
def test_the_legal_text_is_the_likeliest_of_all_legal_texts(weights, pattern):
    legal = Pattern.parse(pattern, DEFAULT)
    chances = [dict(zip(APART, np.array(row) / (1.01 * sum(row)), strict=True)) for row in weights]
    rows = [said(nothing=0.001, **{f"_{label}": chance for label, chance in row.items()}) for row in chances]
    # Blobs of one width: every character weighs the same, and none is worth passing over.
    found = text(rows, pattern=pattern, boxes=in_a_row(*[40] * len(rows)), min_margin=math.inf)
    texts = [t for t in itertools.product(APART, repeat=len(rows)) if legal.matches("".join(t))]

    def nats(characters):
        return sum(math.log(row[label]) for label, row in zip(characters, chances, strict=True))

    assert nats(found) == pytest.approx(max(map(nats, texts)), abs=1e-3)
