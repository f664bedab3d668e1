import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box, Glyph, Polarity
from ocr_edge.decode import geometry, lattice, shapes
from ocr_edge.decode.patterns import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.segment.candidates import Candidate, CandidateLine

INDEX = {label: index for index, label in enumerate(DEFAULT)}
GLYPH = Glyph(np.zeros((4, 4, 3), np.uint8))


def said(**chances):
    """A row of log-probabilities; what is left is spread over the other labels."""
    row = np.full(len(DEFAULT), (1 - sum(chances.values())) / (len(DEFAULT) - len(chances)), np.float32)
    for label, chance in chances.items():
        row[INDEX[label.removeprefix("_")]] = chance
    return np.log(row)


def a_line(spans, widths, gap=0):
    """A line whose pieces have these widths; with a gap of 0 they are cuts of one blob."""
    boxes, left = [], 0
    for width in widths:
        boxes.append(Box(left, 0, width, 40))
        left += width + gap
    candidates = []
    for first, last in spans:
        box = boxes[first]
        for piece in boxes[first + 1 : last]:
            box = box.union(piece)
        candidates.append(Candidate(box, lambda: GLYPH, first, last, primary=True))
    return CandidateLine(tuple(candidates), tuple(boxes), 40.0, Polarity.DARK)


def best(line, scores, pattern=None):
    return lattice.best_path(line, shapes.sureness(scores, shapes.groups(DEFAULT)), scores, pattern)


def test_a_blob_that_reads_badly_whole_is_cut():
    line = a_line([(0, 1), (0, 2), (1, 2)], [20, 20])
    scores = np.stack([said(r=0.95), said(m=0.1), said(n=0.95)])
    assert best(line, scores) == [0, 2]


def test_a_blob_that_reads_well_whole_is_left_whole():
    line = a_line([(0, 1), (0, 2), (1, 2)], [20, 20])
    scores = np.stack([said(r=0.9), said(m=0.9), said(n=0.9)])
    assert best(line, scores) == [1]


def test_look_alikes_do_not_make_a_glyph_unsure():
    membership = shapes.groups(DEFAULT)
    unsure_shape = np.stack([said(O=0.4, _0=0.3, o=0.25)])
    assert np.exp(shapes.sureness(unsure_shape, membership))[0] > 0.9


def test_unscored_candidates_are_never_chosen():
    line = a_line([(0, 1), (0, 2), (1, 2)], [20, 20])
    scores = np.stack([said(r=0.9), np.full(len(DEFAULT), np.nan, np.float32), said(n=0.9)])
    assert best(line, scores) == [0, 2]


def test_alternatives_are_asked_for_only_where_the_plain_reading_is_unsure():
    line = a_line([(0, 1), (0, 2), (1, 2)], [20, 20])
    candidates = [
        Candidate(c.box, c.crop, c.first, c.last, (c.first, c.last) == (0, 2)) for c in line.candidates
    ]
    line = CandidateLine(tuple(candidates), line.pieces, line.height, line.polarity)
    sure = np.array([np.nan, np.log(0.4), np.nan], np.float32)
    assert lattice.unsure(line, sure, np.log(0.8)) == [0, 2]
    assert lattice.unsure(line, np.array([np.nan, np.log(0.9), np.nan], np.float32), np.log(0.8)) == []


def test_a_pattern_chooses_the_legal_reading():
    line = a_line([(0, 1), (1, 2)], [20, 20], gap=8)
    scores = np.stack([said(O=0.6, _0=0.3), said(I=0.6, _1=0.3)])
    pattern = Pattern.parse(r"\d{2}", DEFAULT)
    path = best(line, scores, pattern)
    assert path == [0, 1]
    assert [DEFAULT[p[scores[i][p].argmax()]] for i, p in zip(path, pattern.positions, strict=True)] == [
        "0",
        "1",
    ]


def test_a_line_of_another_length_has_no_legal_reading():
    line = a_line([(0, 1), (1, 2)], [20, 20], gap=8)
    scores = np.stack([said(a=0.9), said(b=0.9)])
    assert best(line, scores, Pattern.parse("[a-z]{3}", DEFAULT)) == []


@pytest.mark.parametrize(
    ("text", "lengths"), [("[A-Z]{3}\\d{4}", [26] * 3 + [10] * 4), ("A.b", [1, 62, 1]), ("[^0-9]", [52])]
)
def test_patterns_allow_what_they_say(text, lengths):
    assert [len(p) for p in Pattern.parse(text, DEFAULT).positions] == lengths


@pytest.mark.parametrize("text", ["", "[", "[A-", "\\q", "a{", "-", "[!]", "a{0}", ".{99}", "(ab)"])
def test_bad_patterns_are_refused_with_their_position_or_reason(text):
    with pytest.raises(ConfigError, match="pattern"):
        Pattern.parse(text, DEFAULT)


@given(st.text(max_size=12))
def test_no_text_crashes_the_pattern_parser(text):
    with contextlib.suppress(ConfigError):
        assert Pattern.parse(text, DEFAULT).positions


def heights(*values, bottom=100):
    return [Box(30 * i, bottom - height, 20, height) for i, height in enumerate(values)]


def test_the_line_tells_small_from_capital():
    both = [said(H=0.9), said(o=0.45, O=0.45), said(n=0.9), said(e=0.9)]
    small = geometry.with_geometry(np.stack(both), heights(40, 29, 29, 29), DEFAULT)
    capital = geometry.with_geometry(np.stack(both), heights(40, 40, 29, 29), DEFAULT)
    assert DEFAULT[small[1].argmax()] == "o"
    assert DEFAULT[capital[1].argmax()] == "O"


def test_a_descender_is_told_by_its_place():
    scores = np.stack([said(a=0.9), said(p=0.45, P=0.45), said(n=0.9)])
    boxes = [Box(0, 71, 20, 29), Box(30, 71, 20, 39), Box(60, 71, 20, 29)]
    assert DEFAULT[geometry.with_geometry(scores, boxes, DEFAULT)[1].argmax()] == "p"


def test_geometry_says_nothing_about_a_single_character():
    scores = np.stack([said(o=0.5, O=0.4)])
    assert geometry.with_geometry(scores, heights(40), DEFAULT) is scores


def test_geometry_leaves_probabilities_and_survives_ornaments():
    scores = np.stack([said(a=0.9), said(b=0.9), said(c=0.9)])
    result = geometry.with_geometry(
        scores, [Box(0, 0, 9, 900), Box(30, 71, 20, 40), Box(60, 80, 3, 3)], DEFAULT
    )
    assert np.allclose(np.exp(result).sum(axis=1), 1, atol=1e-4)
    assert np.isfinite(result).all()


def test_a_wide_gap_is_a_space():
    line = a_line([(0, 1), (1, 2), (2, 3)], [20, 20, 20], gap=4)
    boxes = [line.pieces[0], line.pieces[1], Box(90, 0, 20, 40)]
    moved = [Candidate(b, lambda: GLYPH, i, i + 1, primary=True) for i, b in enumerate(boxes)]
    line = CandidateLine(tuple(moved), tuple(boxes), 40.0, Polarity.DARK)
    assert lattice.space_before(line, [0, 1, 2]) == [False, False, True]
