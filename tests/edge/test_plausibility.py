import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.config.settings import Value
from ocr_edge.regions.plausibility import Plausibility


def test_a_meter_does_not_run_backwards():
    plausibility = Plausibility(Value(direction="up"))
    assert plausibility.judge("100", 0).value == 100
    verdict = plausibility.judge("99", 10)
    assert (verdict.value, verdict.rule, verdict.why) == (None, "direction", "falls from 100")
    assert plausibility.judge("101", 20).value == 101


def test_a_rate_is_allowed_to_grow_with_time():
    plausibility = Plausibility(Value(max_rate_per_h=10))
    plausibility.judge("100", 0)
    assert plausibility.judge("115", 3600).rule == "rate"
    assert plausibility.judge("115", 3600 * 1.5).value == 115


def test_the_last_digit_may_turn_at_any_time():
    plausibility = Plausibility(Value(decimals=3, max_rate_per_h=0.001))
    plausibility.judge("12345", 0)
    assert plausibility.judge("12346", 0.5).value == 12.346


@pytest.mark.parametrize(("text", "rule"), [("4", "range"), ("51", "range"), ("A", "number")])
def test_what_cannot_be_is_rejected_with_its_rule_however_often_it_comes(text: str, rule: str):
    plausibility = Plausibility(Value(min=5, max=50, recover_after_s=10))
    assert {plausibility.judge(text, float(at)).rule for at in range(100)} == {rule}


def test_a_wrong_value_does_not_lock_out_the_right_ones():
    plausibility = Plausibility(Value(direction="up", max_rate_per_h=5, recover_after_s=60))
    assert plausibility.judge("911", 0).value == 911  # misread: it was 111
    verdicts = [plausibility.judge("111", float(at)) for at in range(10, 80, 10)]
    assert [verdict.value for verdict in verdicts] == [None] * 6 + [111]
    assert plausibility.judge("112", 80).value == 112


def test_doubted_values_that_contradict_each_other_are_never_believed():
    plausibility = Plausibility(Value(direction="up", max_rate_per_h=5, recover_after_s=60))
    plausibility.judge("500", 0)
    assert all(plausibility.judge(str(100 + 50 * (at % 2)), at * 10.0).value is None for at in range(1, 40))


def test_a_believed_value_ends_the_doubt():
    plausibility = Plausibility(Value(direction="up", recover_after_s=60))
    plausibility.judge("500", 0)
    plausibility.judge("100", 1)
    assert plausibility.judge("500", 30).value == 500
    assert plausibility.judge("100", 62).value is None


def test_an_earlier_run_is_remembered():
    plausibility = Plausibility(Value(direction="up"))
    plausibility.resume(500.0, -3600.0)
    assert plausibility.judge("400", 0).rule == "direction"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_believed_values_only_rise_without_recovery(values: list[int]):
    plausibility = Plausibility(Value(direction="up", recover_after_s=1e9))
    believed = [
        v for at, value in enumerate(values) if (v := plausibility.judge(str(value), at).value) is not None
    ]
    assert believed == sorted(believed)


def test_a_display_that_is_renewed_now_and_then_may_step():
    plausibility = Plausibility(Value(decimals=1, max_rate_per_h=40))
    verdicts = []
    for look in range(600):  # 36 an hour, in steps of 0.1 each 10 s, two looks a second
        verdicts.append(plausibility.judge(f"{1000 + look // 20}", look / 2))
    assert all(verdict.value is not None for verdict in verdicts)


def test_a_doubt_does_not_outlast_a_pause():
    plausibility = Plausibility(Value(direction="up", recover_after_s=60))
    plausibility.judge("500", 0)
    plausibility.judge("100", 1)
    plausibility.pause()
    assert plausibility.judge("100", 7200).value is None


def test_a_number_may_cross_zero_in_both_directions():
    plausibility = Plausibility(Value(max_rate_per_h=3600))
    texts = ["-0.2", "-0.1", "0.0", "0.1", "-0.1", "-1.1"]
    assert [plausibility.judge(text, at).value for at, text in enumerate(texts)] == [
        -0.2,
        -0.1,
        0,
        0.1,
        -0.1,
        -1.1,
    ]


def test_less_below_zero_is_a_rise_and_more_is_a_fall():
    plausibility = Plausibility(Value(direction="up"))
    assert plausibility.judge("-3.4", 0).value == -3.4
    assert plausibility.judge("-3.3", 1).value == -3.3
    verdict = plausibility.judge("-3.5", 2)
    assert (verdict.rule, verdict.why) == ("direction", "falls from -3.3")


@pytest.mark.parametrize(
    ("before", "after"), [("-3.4", "3.4"), ("12.5", "125"), ("1250", "12.50"), ("-3.4", "34")]
)
def test_a_mark_that_comes_or_goes_is_doubted_until_it_stays(before: str, after: str):
    plausibility = Plausibility(Value(recover_after_s=60))
    believed = plausibility.judge(before, 0).value
    verdict = plausibility.judge(after, 1)
    assert (verdict.value, verdict.rule) == (None, "marks")
    assert verdict.why == f"only the sign or the decimal mark of {before} changes"
    assert plausibility.judge(before, 2).value == believed
    assert [plausibility.judge(after, at).value is None for at in (3.0, 62.0, 63.0)] == [True, True, False]


def test_digits_that_are_shown_count_although_none_are_configured():
    plausibility = Plausibility(Value(direction="up", max_rate_per_h=0.001))
    plausibility.judge("20.4", 0)
    assert plausibility.judge("20.3", 1).why == "falls from 20.4"
    assert plausibility.judge("20.6", 2).why == "changes by 0.2, at most 0.1 by now"
    assert plausibility.judge("20.5", 3).value == 20.5


def test_a_display_that_runs_out_of_room_may_drop_a_digit():
    plausibility = Plausibility(Value(max_rate_per_h=0.001))
    assert [plausibility.judge(text, 0).value for text in ("9.98", "9.99", "10.0")] == [9.98, 9.99, 10]


def test_an_earlier_run_with_a_mark_is_remembered():
    plausibility = Plausibility(Value(direction="up", max_rate_per_h=0.001))
    plausibility.resume(20.4, -1.0)
    assert plausibility.judge("20.6", 0).rule == "rate"
    assert plausibility.judge("20.5", 0).value == 20.5


def test_a_change_that_is_too_fast_is_told_in_its_unit():
    plausibility = Plausibility(Value(unit="m³", decimals=3, max_rate_per_h=5))
    plausibility.judge("1.000", 0)
    why = plausibility.judge("801.000", 360).why
    assert why == "changes by 800.000 m³, at most 0.501 m³ by now"
