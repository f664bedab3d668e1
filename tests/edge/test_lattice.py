"""The graph of a line: which candidates are taken, which are passed over, and that the best way is the best."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box
from ocr_edge.segment.lattice import ALIKE, Graph, reject_scores, unsure

from .hand_made import JUNK, UNSEEN, a_line, in_a_row, said, scored

WHOLE_OR_CUT = [(0, 1), (0, 2), (1, 2)]


def read(*guesses):
    """What the best way says, each node by its likeliest label."""
    graph = Graph(guesses)
    way, _ = graph.best()
    return "".join(DEFAULT[graph.scores[node].argmax()] for node in way)


def test_a_blob_that_reads_badly_whole_is_cut():
    line = a_line(in_a_row(20, 20, gap=0), WHOLE_OR_CUT)
    assert read(scored(line, [said(r=0.95), said(nothing=0.8, m=0.1), said(n=0.95)])) == "rn"


def test_a_blob_that_reads_well_whole_is_left_whole():
    line = a_line(in_a_row(20, 20, gap=0), WHOLE_OR_CUT)
    assert read(scored(line, [said(r=0.9), said(m=0.9), said(n=0.9)])) == "m"


def test_a_broken_character_is_joined():
    line = a_line(in_a_row(12, 12, gap=3), WHOLE_OR_CUT)
    assert read(scored(line, [said(nothing=0.7, l=0.2), said(H=0.95), said(nothing=0.7, l=0.2)])) == "H"


def test_two_sure_characters_are_not_joined_to_an_unsure_one():
    line = a_line(in_a_row(12, 12, gap=3), WHOLE_OR_CUT)
    assert read(scored(line, [said(r=0.95), said(nothing=0.6, H=0.3), said(n=0.95)])) == "rn"


def test_candidates_that_nobody_scored_are_never_taken():
    line = a_line(in_a_row(20, 20, gap=0), WHOLE_OR_CUT)
    assert read(scored(line, [said(r=0.9), UNSEEN, said(n=0.9)])) == "rn"


@pytest.mark.parametrize("junk", [(0, 3), (0, 1), (3, 4)])
def test_junk_at_the_ends_of_a_line_is_passed_over(junk):
    rows = [said(A=0.97), said(B=0.97), said(C=0.97), said(D=0.97)]
    for index in junk:
        rows[min(index, 3)] = JUNK
    expected = "".join(c for c, row in zip("ABCD", rows, strict=True) if row is not JUNK)
    assert read(scored(a_line(in_a_row(24, 24, 24, 24)), rows)) == expected


def test_specks_are_passed_over():
    left, right = Box(0, 0, 24, 40), Box(40, 0, 24, 40)
    line = a_line([left, Box(30, 18, 4, 4), right])
    assert read(scored(line, [said(A=0.97), JUNK, said(B=0.97)])) == "AB"


def test_a_thin_character_between_others_is_not_passed_over():
    line = a_line(in_a_row(24, 5, 24))
    assert read(scored(line, [said(A=0.97), said(nothing=0.3, l=0.4, I=0.25), said(B=0.97)])) == "AlB"


def test_a_line_of_junk_has_no_way():
    assert Graph([scored(a_line(in_a_row(24, 24)), [JUNK, JUNK])]).best() == ([], 0.0)


def test_nothing_scored_is_no_way():
    graph = Graph([scored(a_line(in_a_row(24, 24)), [UNSEEN, UNSEEN])])
    assert (len(graph), graph.best()) == (0, ([], 0.0))


def test_a_character_lost_in_one_guess_is_taken_from_the_other():
    boxes = in_a_row(24, 24, 24, 24)
    lost_third = scored(a_line([*boxes[:2], boxes[3]]), [said(A=0.97), said(B=0.97), said(D=0.97)])
    lost_first = scored(a_line(boxes[1:]), [said(B=0.97), said(C=0.97), said(D=0.97)])
    assert read(lost_third, lost_first) == "ABCD"


def test_a_character_found_twice_is_said_once():
    boxes = in_a_row(24, 24)
    shifted = [Box(box.left + 1, box.top, box.width - 2, box.height) for box in boxes]
    rows = [said(A=0.97), said(B=0.97)]
    assert read(scored(a_line(boxes), rows), scored(a_line(shifted), rows)) == "AB"


def test_a_guess_that_reads_worse_takes_nothing_away():
    boxes = in_a_row(24, 24, 24)
    good = scored(a_line(boxes), [said(A=0.97), said(B=0.97), said(C=0.97)])
    blurred = scored(a_line([boxes[0].union(boxes[1]), boxes[2]]), [JUNK, said(G=0.5)])
    assert read(good, blurred) == read(blurred, good) == "ABC"


def test_what_the_labels_lack_to_one_is_no_character():
    rows = np.stack([said(nothing=0.4, A=0.5), said(nothing=0.0, A=0.5), UNSEEN])
    none, never, unseen = np.exp(reject_scores(rows))
    assert none == pytest.approx(0.4, abs=1e-5)
    assert never < 1e-4
    assert np.isnan(unseen)


def test_alternatives_are_asked_for_only_where_the_plain_reading_is_unsure():
    line = a_line(in_a_row(20, 20, gap=0), WHOLE_OR_CUT, primary=[(0, 2)])
    assert unsure(line, np.log(np.array([np.nan, 0.4, np.nan], np.float32)), np.log(0.8)) == [0, 2]
    assert unsure(line, np.log(np.array([np.nan, 0.9, np.nan], np.float32)), np.log(0.8)) == []


def test_a_doubt_asks_only_for_what_touches_it():
    spans = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    line = a_line(in_a_row(12, 12, 12), spans, primary=[(0, 1), (1, 2), (2, 3)])
    chances = np.array([0.3, np.nan, 0.9, np.nan, 0.9], np.float32)
    assert unsure(line, np.log(chances), np.log(0.8)) == [1]


@st.composite
def guesses(draw):
    """One or two small guesses at one line, with every way to cut them and any scores."""
    result = []
    for _ in range(draw(st.integers(1, 2))):
        pieces, left = [], draw(st.integers(0, 20))
        for _ in range(draw(st.integers(1, 3))):
            width, height = draw(st.integers(3, 40)), draw(st.integers(8, 40))
            pieces.append(Box(left, draw(st.integers(0, 20)), width, height))
            left += width + draw(st.integers(-2, 12))
        count = len(pieces)
        spans = [(a, b) for a in range(count) for b in range(a + 1, count + 1)]
        chance = st.floats(0.01, 0.97)
        rows = [said(nothing=draw(chance) * 0.5, A=draw(chance) * 0.5) for _ in spans]
        result.append(scored(a_line(pieces, spans), rows))
    return result


def every_way(graph):
    """Each way through a graph with its nats."""
    gain = graph.gains(graph.sure[:, None])[:, 0]
    links = [dict(zip(*(part.tolist() for part in graph.links(n)), strict=True)) for n in range(len(graph))]

    def onward(way, nats):
        yield way, nats + graph.end[way[-1]]
        for node in range(way[-1] + 1, len(graph)):
            if way[-1] in links[node]:
                yield from onward([*way, node], nats + links[node][way[-1]] + gain[node])

    for node in range(len(graph)):
        yield from onward([node], graph.start[node] + gain[node])


@settings(max_examples=60, deadline=None)
@given(guesses())
def test_the_best_way_is_the_best_of_all_ways(lines):
    graph = Graph(lines)
    found, nats = graph.best()
    ways = list(every_way(graph))
    most = max([0.0, *(value for _, value in ways)])
    assert nats == pytest.approx(most, abs=1e-6)
    if found:
        assert {tuple(way): value for way, value in ways}[tuple(found)] == pytest.approx(most, abs=1e-6)
    else:
        assert most <= 1e-6


@settings(max_examples=60, deadline=None)
@given(guesses(), st.integers(1, 6), st.sampled_from([0.0, 0.5, 3.0]))
def test_the_best_ways_are_the_best_of_all_that_cut_differently(lines, count, within):
    graph = Graph(lines)
    alike = ALIKE * graph.height
    best = {}
    for way, nats in every_way(graph):
        cuts = tuple((round(graph.boxes[n].left / alike), round(graph.boxes[n].right / alike)) for n in way)
        best[cuts] = max(nats, best.get(cuts, 0.0))
    most = sorted((nats for nats in best.values() if nats > 1e-6), reverse=True)[:count]
    found = [nats for _, nats in graph.ways(count, within)]
    assert found == pytest.approx([nats for nats in most if nats >= most[0] - within], abs=1e-6)


def test_guesses_alike_do_not_crowd_out_other_ways():
    guess = scored(a_line(in_a_row(20, 20, gap=0), WHOLE_OR_CUT), [said(m=0.9), said(r=0.9), said(n=0.9)])
    one, many = Graph([guess]).ways(6), Graph([guess] * 4).ways(6)
    assert [nats for _, nats in many] == pytest.approx([nats for _, nats in one])
    assert len(one) > 1


@settings(max_examples=60, deadline=None)
@given(guesses())
def test_a_way_goes_from_left_to_right_and_takes_no_piece_twice(lines):
    graph = Graph(lines[:1])
    way, _ = graph.best()
    spans = {candidate.box: (candidate.first, candidate.last) for candidate in lines[0].line.candidates}
    taken = [spans[graph.boxes[node]] for node in way]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(taken))


@settings(max_examples=30, deadline=None)
@given(guesses())
def test_a_link_never_gains_anything(lines):
    graph = Graph(lines)
    for node in range(len(graph)):
        before, gains = graph.links(node)
        assert (before < node).all()
        assert (gains <= 1e-9).all()
