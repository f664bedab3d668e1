"""Which share of what was learned is taken in."""

import numpy as np
import pytest

from ocr_train.tune.blend import SHARES, Blend, Change, between, choose


def change(name, before, after, n=1000):
    return Change(name, n, before, after, 0, 0)


def blend(share, mine, kept, nll):
    return Blend(share, change("mine", 0.7, mine), (change("a", 0.9, 0.9), change("b", 0.9, kept)), nll)


BEFORE = blend(0.0, 0.70, 0.900, 1.0)
SMALL = blend(0.3, 0.80, 0.899, 0.8)
MIDDLE = blend(0.6, 0.78, 0.895, 0.6)
ALL = blend(1.0, 0.85, 0.880, 0.4)


def test_the_likeliest_within_the_limit_is_chosen_and_not_the_one_with_most_right():
    assert choose([BEFORE, SMALL, MIDDLE, ALL], 0.005) is MIDDLE


def test_every_kept_set_counts_for_the_limit():
    assert choose([BEFORE, SMALL, MIDDLE, ALL], 0.002) is SMALL
    assert choose([BEFORE, SMALL, MIDDLE, ALL], 0.02) is ALL


def test_what_is_only_likelier_but_names_no_more_right_is_no_gain():
    assert choose([BEFORE, blend(0.5, 0.70, 0.9, 0.1), blend(1.0, 0.60, 0.9, 0.05)], 0.005) is BEFORE


@pytest.mark.parametrize(
    ("others", "chosen"),
    [([SMALL, MIDDLE], 1), ([blend(0.3, 0.7, 0.9, 0.9), ALL], 0), ([blend(0.3, 0.7, 0.1, 0.9), ALL], 0)],
)
def test_forced_it_takes_a_gain_or_else_what_keeps_the_sets_or_else_the_least(others, chosen):
    assert choose([BEFORE, *others], 0.005, force=True) is others[chosen]


def test_the_ends_of_the_way_are_the_two_networks():
    first, last = [np.zeros((2, 3), np.float32)], [np.full((2, 3), 4, np.float32)]
    for share, value in ((SHARES[0], 0), (0.25, 1), (SHARES[-1], 4)):
        (found,) = between(first, last, share)
        assert (found == value).all()
        assert found.dtype == np.float32
