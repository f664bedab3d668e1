"""CTC on tiny lines: what is computed is what counting every way by hand gives."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.decode import ctc
from ocr_edge.decode.ctc import Emissions

LABELS = 2
texts = st.lists(st.integers(0, LABELS - 1), max_size=3)


@st.composite
def lines(draw: st.DrawFn, most: int = 5) -> np.ndarray:
    """Posteriors of a few steps; few values, so that ties are common."""
    steps = draw(st.integers(1, most))
    logits = draw(st.lists(st.integers(-3, 3), min_size=steps * 3, max_size=steps * 3))
    rows = np.array(logits, float).reshape(steps, 3)
    return (rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))).astype(np.float32)


def ways(posteriors: np.ndarray) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every way through the steps, as the text it writes and its log-probability."""
    steps, width = posteriors.shape
    for way in itertools.product(range(width), repeat=steps):
        text = tuple(label for label, _ in itertools.groupby(way) if label < width - 1)
        yield text, float(sum(posteriors[at, label] for at, label in enumerate(way)))


@settings(deadline=None, max_examples=150)
@given(lines(), texts)
def test_the_probability_of_a_text_is_the_sum_over_all_its_ways(posteriors: np.ndarray, text: list[int]):
    found = [score for written, score in ways(posteriors) if written == tuple(text)]
    expected = np.logaddexp.reduce(found) if found else -np.inf
    assert ctc.forward(posteriors, text) == pytest.approx(expected, abs=1e-5)


@settings(deadline=None, max_examples=50)
@given(lines(4))
def test_the_probabilities_of_all_texts_sum_to_one(posteriors: np.ndarray):
    every = {text for text, _ in ways(posteriors)}
    assert sum(np.exp(ctc.forward(posteriors, text)) for text in every) == pytest.approx(1.0, abs=1e-5)


@settings(deadline=None, max_examples=150)
@given(lines(), texts)
def test_the_spans_of_a_text_are_those_of_its_best_way(posteriors: np.ndarray, text: list[int]):
    scores = [score for written, score in ways(posteriors) if written == tuple(text)]
    if not scores:
        with pytest.raises(ValueError, match="needs more than"):
            ctc.align(posteriors, text)
        return
    spans = ctc.align(posteriors, text)
    way = np.full(len(posteriors), LABELS)
    for label, (first, end) in zip(text, spans, strict=True):
        assert (way[first:end] == LABELS).all()
        way[first:end] = label
    assert [label for label, _ in itertools.groupby(way) if label < LABELS] == text
    assert posteriors[range(len(way)), way].sum() == pytest.approx(max(scores), abs=1e-5)


@settings(deadline=None, max_examples=100)
@given(lines())
def test_the_greedy_text_has_the_best_way_of_all(posteriors: np.ndarray):
    text, spans = ctc.greedy(posteriors)
    assert ctc.score(Emissions.plain(posteriors), text, np.maximum) == pytest.approx(
        max(score for _, score in ways(posteriors)), abs=1e-5
    )
    assert len(spans) == len(text)
    for label, (first, end) in zip(text, spans, strict=True):
        assert (posteriors[first:end].argmax(axis=1) == label).all()


@settings(deadline=None, max_examples=60)
@given(lines(), texts, st.integers(1, 3))
def test_silence_after_a_line_changes_nothing(posteriors: np.ndarray, text: list[int], steps: int):
    longer = np.vstack([posteriors, np.tile(np.float32([-np.inf, -np.inf, 0.0]), (steps, 1))])
    before, after = ctc.forward(posteriors, text), ctc.forward(longer, text)
    assert after == pytest.approx(before, abs=1e-5) or (before == -np.inf and after < ctc.LEAST / 2)
    assert ctc.greedy(longer) == ctc.greedy(posteriors)


@settings(deadline=None, max_examples=60)
@given(lines(), st.integers(1, 3))
def test_silence_before_a_line_shifts_its_spans(posteriors: np.ndarray, steps: int):
    longer = np.vstack([np.tile(np.float32([-np.inf, -np.inf, 0.0]), (steps, 1)), posteriors])
    text, spans = ctc.greedy(posteriors)
    assert ctc.greedy(longer) == (text, [(first + steps, end + steps) for first, end in spans])
    assert [(first - steps, end - steps) for first, end in ctc.align(longer, text)] == ctc.align(
        posteriors, text
    )


def test_a_line_without_steps_can_only_be_empty():
    nothing = np.zeros((0, 3), np.float32)
    assert ctc.forward(nothing, []) == 0.0
    assert ctc.forward(nothing, [0]) == -np.inf
    assert ctc.greedy(nothing) == ([], [])
    assert ctc.align(nothing, []) == []
