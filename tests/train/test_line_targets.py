"""CTC, truth that leaves something out, and how readings are measured."""

import itertools

import numpy as np
import pytest

from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.editing import aligned, edit_distance
from ocr_train.strips import evaluate
from ocr_train.strips.targets import CTC, HEAD, LONGEST, encoded, greedy, nothing

LABELS = ["A", "a", "B", ".", "blank"]
INDEX = {label: index for index, label in enumerate(LABELS[:-1])}


def collapsed(path):
    kept = [label for label, _ in itertools.groupby(path)]
    return "".join(LABELS[label] for label in kept if label != len(LABELS) - 1)


def loss(logits, text, **kept):
    row = encoded(text, INDEX, steps=len(logits), **kept)
    return float(np.asarray(CTC(LABELS)(row[None], logits[None]))), row


def brute_force(logits, same):
    """Minus log of the probability of all paths whose text is as wanted."""
    scores = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    paths = itertools.product(range(len(LABELS)), repeat=len(logits))
    return -np.log(sum(np.exp(sum(scores[t, p] for t, p in enumerate(path))) for path in paths if same(path)))


@pytest.mark.parametrize("text", ["A", "aB", "AA", "B."])
def test_ctc_is_the_sum_over_all_paths(text):
    logits = np.random.default_rng(1).normal(0, 2, (4, len(LABELS))).astype(np.float32)
    found, _ = loss(logits, text, case=True, marks=True)
    assert found == pytest.approx(brute_force(logits, lambda path: collapsed(path) == text), rel=1e-4)


def test_where_nothing_is_written_every_step_of_the_strip_is_to_be_blank():
    logits = np.random.default_rng(4).normal(0, 2, (2, 6, len(LABELS))).astype(np.float32)
    rows = np.stack([nothing(4), encoded("aB", INDEX, case=True, marks=True, steps=6)])
    criterion = CTC(LABELS)
    criterion.reduction = None
    empty, written = np.asarray(criterion(rows, logits))
    assert empty == pytest.approx(brute_force(logits[0, :4], lambda path: not collapsed(path)), rel=1e-4)
    assert written == pytest.approx(brute_force(logits[1], lambda path: collapsed(path) == "aB"), rel=1e-4)


def merged(path, case, marks):
    """A path in which what the truth leaves out is something else: a capital, or nothing."""
    as_capital = {1: 0} if not case else {}
    as_blank = {3: 4} if not marks else {}
    return collapsed(
        [as_blank.get(as_capital.get(label, label), as_capital.get(label, label)) for label in path]
    )


@pytest.mark.parametrize(("case", "marks"), [(False, True), (True, False), (False, False)])
def test_what_the_truth_leaves_out_is_summed_over(case, marks):
    logits = np.random.default_rng(2).normal(0, 2, (4, len(LABELS))).astype(np.float32)
    text = "aB"
    wanted = text if case else text.upper()
    found, _ = loss(logits, text, case=case, marks=marks)
    assert found == pytest.approx(
        brute_force(logits, lambda path: merged(path, case, marks) == wanted), rel=1e-3
    )


def test_steps_beyond_a_strip_of_its_own_count_nothing():
    logits = np.random.default_rng(3).normal(0, 2, (6, len(LABELS))).astype(np.float32)
    row = encoded("aB", INDEX, case=True, marks=True, steps=4)
    short = float(np.asarray(CTC(LABELS)(row[None], logits[None])))
    assert short == pytest.approx(loss(logits[:4], "aB", case=True, marks=True)[0], rel=1e-5)


def test_a_row_holds_flags_steps_and_labels():
    row = encoded("a.B", INDEX, case=False, marks=False, steps=9)
    assert row.shape == (HEAD + LONGEST,)
    assert row[:HEAD].tolist() == [1, 1, 9]
    assert row[HEAD : HEAD + 3].tolist() == [INDEX["A"], INDEX["B"], -1]


@pytest.mark.parametrize(
    ("text", "steps", "fits"),
    [("AB", 2, True), ("AB", 1, False), ("AA", 2, False), ("AA", 3, True), ("AC", 9, False), ("", 9, False)],
)
def test_what_does_not_fit_or_is_no_label_is_refused(text, steps, fits):
    assert (encoded(text, INDEX, case=True, marks=True, steps=steps) is not None) == fits


def test_a_text_of_marks_alone_says_nothing_where_marks_are_ignored():
    assert encoded("...", INDEX, case=True, marks=False, steps=9) is None


@pytest.mark.parametrize(
    ("labels", "text", "taught"),
    [
        ("AaB", "ab", "AB"),
        ("ab", "aB", "ab"),  # small letters alone
        ("aB", "Ab", "aB"),
        ("Aµ\u039c", "µa", "µA"),  # Python's capital of the sign is a Greek letter
        ("AS", "ß", None),
    ],
)
def test_where_case_is_ignored_the_case_that_is_a_label_is_taught(labels, text, taught):
    index = {label: place for place, label in enumerate(labels)}
    row = encoded(text, index, case=False, marks=True, steps=9)
    found = None if row is None else "".join(labels[i] for i in row[HEAD:] if i >= 0)
    assert found == taught


def test_the_case_that_is_taught_is_the_one_that_is_summed_over():
    labels = ["a", "B", "b", "µ", "\u039c", "blank"]
    index = {label: place for place, label in enumerate(labels[:-1])}
    for text, path in (("A", [0]), ("B", [2]), ("µ", [3])):
        logits = np.full((1, len(labels)), -20.0, np.float32)
        logits[0, path] = 20.0
        row = encoded(text, index, case=False, marks=True, steps=1)
        assert float(np.asarray(CTC(labels)(row[None], logits[None]))) < 0.01


def test_a_letter_that_is_no_label_is_not_left_out_as_if_it_were_a_mark():
    assert encoded("aB.", INDEX, case=True, marks=False, steps=9) is not None
    assert encoded("aéB", INDEX, case=True, marks=False, steps=9) is None


def test_the_best_path_is_collapsed():
    path = [4, 0, 0, 4, 0, 3, 4]
    assert greedy(np.eye(len(LABELS), dtype=np.float32)[path], LABELS) == "AA."


# Measuring.


@pytest.mark.parametrize(
    ("truth", "said", "edits"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
        ("12.5", "125", 1),
    ],
)
def test_edits_are_counted_and_named(truth, said, edits):
    pairs = aligned(truth, said)
    assert edit_distance(truth, said) == edits == sum(a != b for a, b in pairs)
    assert "".join(a for a, _ in pairs) == truth
    assert "".join(b for _, b in pairs) == said


def test_a_set_is_compared_as_far_as_its_truth_tells():
    samples = [LineSample(np.zeros((8, 8, 3), np.uint8), text) for text in ("Ab.", "12 5")]
    said = ["ab", "12.5"]
    strict = evaluate.compare(LineSet("s", samples), said)
    assert (strict.n, strict.exact, strict.exact_case_merged) == (2, 0.0, 0.0)
    assert strict.cer == pytest.approx(3 / 7)
    assert strict.cer_without_marks == pytest.approx(1 / 5)
    plain = evaluate.compare(LineSet("s", samples, marks=False), said)
    assert (plain.exact, plain.exact_case_merged) == (0.5, 1.0)
    assert evaluate.compare(LineSet("s", samples, case=False, marks=False), said).exact == 1.0
