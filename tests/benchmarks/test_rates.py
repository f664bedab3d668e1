"""Rates over a set, their intervals, and whether a difference is one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.scoring import (
    judge,
    mcnemar,
    score,
    wilson,
)


def test_the_error_rate_is_summed_over_the_set_not_averaged_over_pictures() -> None:
    result = score([judge("a" * 9, "a" * 9, "exact"), judge("b", "c", "exact")])
    assert result.cer == pytest.approx(0.1)
    assert result.rate == 0.5
    low, high = result.cer_interval
    assert low <= result.cer <= high


def test_words_invented_where_nothing_stands_count_as_errors() -> None:
    assert score([judge("ab", "ab", "exact"), judge("", "xy", "exact")]).cer == 1.0


def test_nothing_measured_is_not_a_number() -> None:
    result = score([])
    assert result.n == 0
    assert math.isnan(result.rate)
    assert math.isnan(result.cer)
    assert result.interval == (0.0, 1.0)


def test_scoring_twice_gives_the_same_interval() -> None:
    judged = [judge("abc", "abd", "exact"), judge("xy", "xy", "exact"), judge("pqrs", "p", "exact")]
    assert score(judged) == score(judged)


@given(st.integers(0, 300), st.integers(1, 300))
def test_wilsons_interval_holds_the_share_and_is_symmetric(right: int, n: int) -> None:
    right = min(right, n)
    low, high = wilson(right, n)
    assert 0.0 <= low <= right / n + 1e-12
    assert right / n - 1e-12 <= high <= 1.0
    mirrored = wilson(n - right, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high))


def test_wilsons_interval_has_the_published_values() -> None:
    assert wilson(81, 263) == pytest.approx(
        (0.2553, 0.3662), abs=5e-5
    )  # Newcombe, Stat. Med. 17 (1998), table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_mcnemar_is_exact() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 5) == mcnemar(5, 0) == pytest.approx(2 / 32)
    assert 0 <= mcnemar(2000, 3000) < 1e-40
