"""The best legal texts of a line, against trying every way through its steps."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ocr_edge.decode import ctc_search
from ocr_edge.decode.automaton import Automaton, anything
from ocr_edge.decode.ctc import Emissions
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError

LABELS = "ab"
expressions = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}"])).map(lambda two: f"({two[0]}){two[1]}"),
    ),
    max_leaves=5,
)


def automaton_of(written: str) -> Automaton:
    try:
        return Automaton.parse(written, LABELS)
    except ConfigError:
        assume(False)
        raise


@st.composite
def emissions(draw: st.DrawFn) -> Emissions:
    """Of a few steps and few values, so that ties are common; going on may be likelier than beginning."""
    steps = draw(st.integers(1, 5))
    values = st.lists(st.integers(-4, 0), min_size=steps * 2, max_size=steps * 2)
    enter = np.array(draw(values), float).reshape(steps, 2)
    more = np.array(draw(values), float).reshape(steps, 2) + 4
    blank = np.array(draw(st.lists(st.integers(-4, 0), min_size=steps, max_size=steps)), float)
    return Emissions(blank, enter, enter + more)


def by_hand(line: Emissions, automaton: Automaton) -> dict[tuple[int, ...], float]:
    """The score of each legal text, from every way through the steps."""
    result: dict[tuple[int, ...], float] = {}
    for way in itertools.product(range(3), repeat=len(line.blank)):
        score, text, state, before = 0.0, [], automaton.start, 2
        for step, label in enumerate(way):
            if label == 2:
                score += line.blank[step]
            elif label == before:
                score += line.stay[step, label]
            else:
                score += line.enter[step, label]
                text.append(label)
                state = automaton.next[state, label] if state >= 0 else -1
            before = label
        if state >= 0 and automaton.accepting[state]:
            result[tuple(text)] = max(result.get(tuple(text), -np.inf), score)
    return result


@settings(deadline=None, max_examples=200)
@given(emissions(), expressions)
def test_every_legal_text_comes_once_with_its_best_score_the_best_first(line: Emissions, written: str):
    automaton = automaton_of(written)
    found = list(ctc_search.n_best(line, automaton))
    expected = by_hand(line, automaton)
    assert len(found) == len({path.labels for path in found})
    assert {path.labels: pytest.approx(path.score, abs=1e-6) for path in found} == expected
    assert [path.score for path in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(emissions(), expressions)
def test_the_best_score_is_known_without_the_search(line: Emissions, written: str):
    automaton = automaton_of(written)
    expected = max(by_hand(line, automaton).values(), default=-np.inf)
    assert ctc_search.Ahead(line, automaton).best == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, max_examples=200)
@given(emissions(), expressions, st.integers(0, 6), st.sampled_from(["", "a", "bb"]))
def test_a_text_is_given_where_it_is_right_and_not_too_unlikely(
    line: Emissions, written: str, margin: int, end: str
):
    automaton = automaton_of(written)

    def is_right(text: tuple[int, ...]) -> bool:
        return "".join(LABELS[label] for label in text).endswith(end)

    legal = {text: score for text, score in by_hand(line, automaton).items() if is_right(text)}
    free = max(by_hand(line, anything(2)).values())
    best = max(legal.values(), default=-np.inf)
    found = ctc_search.legal(line, automaton, lambda path: is_right(path.labels), margin + 0.5)
    if best < free - margin - 0.5:
        assert found is None or not found.stands
    else:
        assert found is not None
        assert found.stands
        assert legal[found.path.labels] == pytest.approx(best)
        assert free - best - 1e-6 <= found.behind <= margin + 0.5


@settings(deadline=None, max_examples=100)
@given(emissions(), expressions)
def test_what_is_refused_is_told_with_the_nats_that_it_lacks(line: Emissions, written: str):
    automaton = automaton_of(written)
    legal = by_hand(line, automaton)
    free = max(by_hand(line, anything(2)).values())
    found = ctc_search.legal(line, automaton, lambda path: True, -1.0)
    if not legal:
        assert found is None
    else:
        assert found is not None
        assert not found.stands
        assert legal[found.path.labels] == pytest.approx(max(legal.values()))
        assert found.behind == pytest.approx(free - max(legal.values()), abs=1e-3)


def test_no_more_texts_are_tried_than_allowed():
    line = Emissions.plain(np.log(np.full((4, 3), 1 / 3)).astype(np.float32))
    tried = []

    def never(path: object) -> bool:
        tried.append(path)
        return False

    found = ctc_search.legal(line, anything(2), never, 99.0, limit=5)
    assert len(tried) == 5
    assert found is not None
    assert not found.stands
    assert found.path is tried[0]


def test_a_line_without_steps_or_room_has_no_legal_text():
    pattern = Pattern.parse("aaa", LABELS)
    for steps in (0, 4):  # three equal labels take five steps
        line = Emissions.plain(np.zeros((steps, 3), np.float32))
        assert list(ctc_search.n_best(line, pattern.automaton)) == []
        assert ctc_search.legal(line, pattern.automaton, lambda path: True, 99.0) is None
