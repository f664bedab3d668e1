"""Temperatures of a stage, and the measurements of what comes out in the end."""

import numpy as np
import pytest

from ocr_convert.calibrate import fit
from ocr_convert.metrics import Source, panels, validation
from ocr_edge.contract.calibrate import calibrated, same_shape

LABELS = ("a", "c", "C", "reject")
SAME = same_shape(LABELS, ("cC",))


def told(n, seed, first=1.0, second=1.0):
    """Logits whose shapes are too sure by one factor and whose twins are by another, and truths."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 4)).astype(np.float32)
    chances = np.exp(calibrated(logits, first, second, SAME).astype(np.float64))
    truth = np.array([rng.choice(4, p=row / row.sum()) for row in chances])
    return logits, truth


@pytest.mark.parametrize(("first", "second"), [(0.7, 2.0), (1.5, 0.6)])
def test_each_temperature_is_found_beside_the_other(first, second):
    logits, truth = told(6000, 1, first, second)
    temperature, twin_temperature = fit(logits, truth, [len(truth)], SAME)
    assert temperature == pytest.approx(first, rel=0.1)
    assert twin_temperature == pytest.approx(second, rel=0.2)


def test_without_enough_twins_there_is_one_temperature():
    logits, truth = told(3000, 2, 1.4, 1.4)
    assert fit(logits, truth, [len(truth)], np.eye(4)) == (pytest.approx(1.4, rel=0.1), None)


def test_a_small_source_is_not_drowned_by_a_large_one():
    large, small = told(9000, 3, 0.5, 0.5), told(1000, 4, 2.0, 2.0)
    logits, truth = (np.concatenate(parts) for parts in zip(large, small, strict=True))
    alone, _ = fit(logits, truth, [10_000], SAME)
    counted, _ = fit(logits, truth, [9000, 1000], SAME)
    assert counted > 1.1 * alone


def rows(*chances):
    return np.log(np.array(chances, np.float32))


def test_characters_and_others_are_measured_apart():
    scores = rows(*[(0.5, 0.2, 0.1, 0.2)] * 30, *[(0.1, 0.1, 0.1, 0.7)] * 9, (0.9, 0.05, 0.04, 0.01))
    truth = np.repeat([0, 3], [30, 10])
    measured = validation([Source("x", scores, truth), Source("y", scores[30:], truth[30:])], LABELS, 3)
    (row,) = measured["validation"]
    assert (row["name"], row["n"], row["top1"]) == ("x", 30, 1.0)
    assert row["ece"] == pytest.approx(1 - 0.5 / 0.8, abs=1e-4)
    assert row["reject"]["n"] == 10
    assert (row["reject"]["rejected"], row["reject"]["lost"], row["reject"]["auc"]) == (0.9, 0.0, 0.9)
    assert measured["pooled"]["n"] == 30


def test_confusions_are_named_the_commonest_first():
    scores = rows(*[(0.2, 0.3, 0.5)] * 5, *[(0.6, 0.2, 0.2)] * 7)
    truth = np.array([1, 1, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0])
    measured = validation([Source("x", scores, truth)], LABELS[:3], None)
    assert measured["confusions"] == [["c", "C", 3], ["a", "C", 1], ["c", "a", 1]]
    assert "reject" not in measured["pooled"]
    assert measured["pooled"]["ece"] is None


def test_case_merged_confidence_is_that_of_both_cases():
    scores = rows(*[(0.02, 0.49, 0.49)] * 40)
    measured = validation([Source("x", scores, np.repeat([1, 2], 20))], LABELS[:3], None)
    assert measured["pooled"]["ece_case_merged"] == pytest.approx(0.02, abs=1e-4)


def test_every_source_with_enough_characters_has_a_panel_and_all_together_one():
    scores = rows(*[(0.5, 0.2, 0.1, 0.2)] * 30)
    many, few = Source("many", scores, np.zeros(30, int)), Source("few", scores[:5], np.zeros(5, int))
    assert [panel.name for panel in panels([many, few], 3)] == ["many"]
    shown = panels([many, many], 3)
    assert [(panel.name, len(panel.right)) for panel in shown] == [
        ("many", 30),
        ("many", 30),
        ("all together", 60),
    ]
    assert shown[0].confidence[0] == pytest.approx(0.625)
