import time

import pytest

from ocr_edge.timing import Stopwatch


def test_a_step_that_comes_by_turns_is_added_up():
    watch = Stopwatch()
    for _ in range(3):
        with watch.step("work"):
            time.sleep(0.01)
        time.sleep(0.01)
    spent = watch.stopped()
    assert list(spent) == ["work", "total"]
    assert 30 <= spent["work"] <= spent["total"] - 30


def test_only_the_making_of_items_counts_not_what_is_done_with_them():
    def slowly():
        for item in "ab":
            time.sleep(0.01)
            yield item

    watch = Stopwatch()
    items = []
    for item in watch.each("make", slowly()):
        items.append(item)
        with watch.step("use"):
            time.sleep(0.03)
    spent = watch.stopped()
    assert items == ["a", "b"]
    assert 20 <= spent["make"] <= spent["total"] - spent["use"]


def test_items_nobody_asks_for_are_not_made():
    def endless():
        while True:
            yield 1

    assert next(Stopwatch().each("make", endless())) == 1


def test_a_step_that_fails_is_counted_and_fails():
    watch = Stopwatch()
    with pytest.raises(ZeroDivisionError), watch.step("work"):
        raise ZeroDivisionError
    assert "work" in watch.stopped()
