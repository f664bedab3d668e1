"""The search gives exactly the texts that trying everything gives, in the same order."""

import itertools
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.decode.automaton import Automaton, anything
from ocr_edge.decode.pattern import Pattern
from ocr_edge.decode.search import Edge, Path, best, n_best
from ocr_edge.errors import ConfigError

LABELS = "01A"
PATTERNS = [".*", "[01]+", "A.*|.*0", "(01|A)*", "A{2}", ".{2,3}", "1*A1*", "(0|11)*A?"]


def lattice(seed: int, stop: int, spread: float = 2.0, impossible: float = 0.3) -> list[Edge]:
    """Edges of up to three pieces with random scores, some of them impossible."""
    random = np.random.default_rng(seed)
    edges = []
    for first, width in itertools.product(range(stop), (1, 2, 3)):
        if first + width <= stop and random.random() < 0.8:
            scores = random.normal(scale=spread, size=len(LABELS)).round(2)
            scores[random.random(len(LABELS)) < impossible] = -np.inf
            edges.append(Edge(first, first + width, scores.astype(np.float32)))
    random.shuffle(edges)
    return edges


def every_path(
    edges: list[Edge], stop: int, at: int = 0
) -> list[tuple[float, tuple[int, ...], tuple[int, ...]]]:
    """Every way through a lattice, by trying."""
    if at == stop:
        return [(0.0, (), ())]
    found = []
    for i, edge in enumerate(edges):
        if edge.first == at:
            for score, by, labels in every_path(edges, stop, edge.last):
                found += [
                    (float(own) + score, (i, *by), (label, *labels))
                    for label, own in enumerate(edge.scores)
                    if own > -np.inf
                ]
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from(PATTERNS))
def test_all_texts_come_once_and_in_the_order_of_their_best_paths(seed: int, stop: int, written: str) -> None:
    edges = lattice(seed, stop)
    pattern = Pattern.parse(written, LABELS)
    expected: dict[tuple[int, ...], float] = {}
    for score, _, labels in every_path(edges, stop):
        if pattern.matches("".join(LABELS[label] for label in labels)):
            expected[labels] = max(score, expected.get(labels, -np.inf))
    found = list(n_best(edges, stop, pattern.automaton))
    assert {path.labels: pytest.approx(path.score) for path in found} == expected
    assert len(found) == len(expected)
    assert all(one.score >= two.score - 1e-9 for one, two in itertools.pairwise(found))
    for path in found:
        ends = [0, *(edges[i].last for i in path.edges)]
        assert [edges[i].first for i in path.edges] == ends[:-1]
        assert ends[-1] == stop
        own = sum(float(edges[i].scores[label]) for i, label in zip(path.edges, path.labels, strict=True))
        assert own == pytest.approx(path.score)


def test_equal_scores_everywhere_give_each_text_once_and_soon() -> None:
    edges = [
        Edge(first, first + width, np.zeros(3, np.float32))
        for first in range(30)
        for width in (1, 2, 3)
        if first + width <= 30
    ]
    texts = [path.labels for path in itertools.islice(n_best(edges, 30, anything(3)), 500)]
    assert len(texts) == len(set(texts)) == 500


def test_a_worse_cut_of_the_same_text_is_not_told_again() -> None:
    sure = np.array([-0.1, -np.inf, -np.inf], np.float32)
    edges = [Edge(0, 1, sure), Edge(1, 2, sure), Edge(0, 1, sure - 1), Edge(1, 2, sure - 2)]
    assert list(n_best(edges, 2, anything(3))) == [Path(pytest.approx(-0.2), (0, 1), (0, 0))]


def test_nothing_is_found_where_nothing_can_be() -> None:
    never = np.full(3, -np.inf, np.float32)
    unscored = np.full(3, np.nan, np.float32)
    some = np.zeros(3, np.float32)
    automaton = anything(3)
    assert list(n_best([], 2, automaton)) == []
    assert list(n_best([Edge(0, 2, never)], 2, automaton)) == []
    assert list(n_best([Edge(0, 2, unscored)], 2, automaton)) == []
    assert list(n_best([Edge(0, 1, some)], 2, automaton)) == []
    assert list(n_best([Edge(0, 1, some), Edge(1, 2, never)], 2, automaton)) == []
    assert list(n_best([Edge(0, 1, some)], 1, Automaton.parse("AA", LABELS))) == []
    assert list(n_best([], 0, automaton)) == [Path(0.0, (), ())]


@pytest.mark.filterwarnings("error")
def test_impossible_and_unlikely_scores_make_no_warnings() -> None:
    scores = np.array([-np.inf, -3e38, np.nan], np.float32)
    edges = [Edge(0, 1, scores), Edge(1, 2, scores)]
    (path,) = n_best(edges, 2, anything(3))
    assert path.labels == (1, 1)
    assert path.score == pytest.approx(-6e38)


@pytest.mark.parametrize(
    "edge",
    [
        Edge(1, 1, np.zeros(3, np.float32)),
        Edge(1, 0, np.zeros(3, np.float32)),
        Edge(1, 3, np.zeros(3, np.float32)),
        Edge(-1, 1, np.zeros(3, np.float32)),
        Edge(0, 1, np.zeros(4, np.float32)),
    ],
)
def test_edges_that_do_not_fit_are_refused(edge: Edge) -> None:
    with pytest.raises(ValueError, match="edge 0 from"):
        next(n_best([edge], 2, anything(3)))


def test_the_best_text_that_passes_is_found_within_the_limit() -> None:
    edges = lattice(3, 5, impossible=0)
    order = [path.text(LABELS) for path in n_best(edges, 5, anything(3))]
    wanted = order[40]
    found = best(edges, 5, anything(3), lambda text: text == wanted, LABELS, limit=41)
    assert found is not None
    assert found.text(LABELS) == wanted
    assert best(edges, 5, anything(3), lambda text: text == wanted, LABELS, limit=40) is None
    first = best(edges, 5, anything(3), None, LABELS)
    assert first is not None
    assert first.text(LABELS) == order[0]


def test_a_long_line_with_all_labels_is_read_as_its_best_characters() -> None:
    labels = string.digits + string.ascii_letters
    random = np.random.default_rng(0)
    scores = random.normal(size=(60, 62)).astype(np.float32)
    edges = [Edge(at, at + 1, row) for at, row in enumerate(scores)]
    path = next(n_best(edges, 60, anything(62)))
    assert path.labels == tuple(scores.argmax(axis=1))
    digits = next(n_best(edges, 60, Automaton.parse(r"\d{60}", labels)))
    assert digits.labels == tuple(scores[:, :10].argmax(axis=1))
    with pytest.raises(ConfigError):
        Automaton.parse(r"\d{65}", labels)
