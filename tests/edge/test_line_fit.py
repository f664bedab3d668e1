"""What a character's size and place in its line say about its name."""

import numpy as np
import pytest

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box
from ocr_edge.segment import line_fit

from .hand_made import said


def heights(*values, bottom=100):
    return [Box(30 * i, bottom - height, 20, height) for i, height in enumerate(values)]


def test_the_line_tells_small_from_capital():
    both = [said(H=0.9), said(o=0.45, O=0.45), said(n=0.9), said(e=0.9)]
    small = line_fit.with_geometry(np.stack(both), heights(40, 29, 29, 29), DEFAULT)
    capital = line_fit.with_geometry(np.stack(both), heights(40, 40, 29, 29), DEFAULT)
    assert DEFAULT[small[1].argmax()] == "o"
    assert DEFAULT[capital[1].argmax()] == "O"


def test_a_descender_is_told_by_its_place():
    scores = np.stack([said(a=0.9), said(p=0.45, P=0.45), said(n=0.9)])
    boxes = [Box(0, 71, 20, 29), Box(30, 71, 20, 39), Box(60, 71, 20, 29)]
    assert DEFAULT[line_fit.with_geometry(scores, boxes, DEFAULT)[1].argmax()] == "p"


def test_geometry_says_nothing_about_a_single_character():
    scores = np.stack([said(o=0.5, O=0.4)])
    assert line_fit.with_geometry(scores, heights(40), DEFAULT) is scores


def test_geometry_leaves_probabilities_and_survives_ornaments():
    scores = np.stack([said(a=0.9), said(b=0.9), said(c=0.9)])
    result = line_fit.with_geometry(
        scores, [Box(0, 0, 9, 900), Box(30, 71, 20, 40), Box(60, 80, 3, 3)], DEFAULT
    )
    assert np.allclose(np.exp(result).sum(axis=1), 1, atol=1e-4)
    assert np.isfinite(result).all()


def test_each_way_through_a_line_is_judged_by_rulings_of_its_own():
    scores = np.stack([said(n=0.9), said(n=0.9), said(n=0.9), said(H=0.9)])
    level, jump = heights(29, 29, 29, 40), heights(29, 58, 29, 40)
    ways = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [3]]
    even, over, again, single = line_fit.agreements(scores, level, DEFAULT, ways)
    assert -0.5 < over < 0
    assert again == pytest.approx(over)
    assert -0.5 < even < 0
    assert single == 0
    assert line_fit.agreements(scores, jump, DEFAULT, ways)[0] < even - 1
