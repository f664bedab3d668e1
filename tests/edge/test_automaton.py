"""Automata are minimal, hold nothing useless, and stay small."""

import string
import time

import numpy as np
import pytest

from ocr_edge.decode.automaton import Automaton, anything
from ocr_edge.decode.automaton.subsets import MAX_STATES
from ocr_edge.errors import ConfigError

LABELS = string.digits + string.ascii_uppercase + string.ascii_lowercase


@pytest.mark.parametrize(
    ("written", "states", "shortest", "longest"),
    [
        (r"[A-Z]{3}\d{4}", 8, 7, 7),
        (r"\d+", 2, 1, None),
        (r"\d*", 1, 0, None),
        (r"((\d*)*)*", 1, 0, None),
        ("(a|b|c)(a|b|c)", 3, 2, 2),
        ("abcd|xbcd|ybcd", 5, 4, 4),
        ("(0|1(01*0)*1)*", 3, 0, None),
        ("A?B?C?", 4, 0, 3),
        (".{0,64}", 65, 0, 64),
        (r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", 35, 15, 34),
    ],
)
def test_states_are_as_few_as_can_be(written: str, states: int, shortest: int, longest: int | None) -> None:
    automaton = Automaton.parse(written, LABELS)
    assert automaton.next.shape == (states, len(LABELS))
    assert automaton.next.dtype == np.int32
    assert automaton.accepting.shape == (states,)
    assert (automaton.shortest, automaton.longest) == (shortest, longest)


def test_a_branch_that_no_label_ends_is_cut_off() -> None:
    automaton = Automaton.parse("ab|crx", ["a", "b", "c", "rn", "x"])
    assert len(automaton.next) == 3
    assert (automaton.next[:, 2] == -1).all()
    with pytest.raises(ConfigError, match="allows no text that the bundle's labels can make"):
        Automaton.parse("crx", ["c", "rn", "x"])


def test_anything_is_one_state_that_every_label_returns_to() -> None:
    automaton = anything(62)
    assert automaton.accepting.tolist() == [True]
    assert (automaton.next == np.zeros((1, 62))).all()
    assert (automaton.shortest, automaton.longest) == (0, None)
    whole = Automaton.parse(".*", LABELS)
    assert (whole.next == automaton.next).all()


@pytest.mark.parametrize(
    "written",
    [
        "(a|b)*a(a|b){20}",
        ".*a.{30}",
        ".{0,30}a.{0,30}",
        "([ab]*a[ab]{30}|[cd]*c[cd]{30})",
        "((a?){15}){64}",
        "(" + "".join(f"[{c}-z]?" for c in "abcdefghijklmnopqrstuvwxy") + "){40}",
    ],
)
def test_explosions_are_refused_at_once(written: str) -> None:
    start = time.process_time()
    with pytest.raises(ConfigError, match=f"needs more than {MAX_STATES} states|expected at most 64"):
        Automaton.parse(written, LABELS)
    assert time.process_time() - start < 3


def test_a_list_of_words_is_no_explosion() -> None:
    words = [f"{i:03}{chr(65 + i % 26)}" for i in range(0, 1000, 7)]
    automaton = Automaton.parse("|".join(words), LABELS)
    assert (automaton.shortest, automaton.longest) == (4, 4)
    for word in words:
        state = automaton.start
        for character in word:
            state = int(automaton.next[state, LABELS.index(character)])
        assert automaton.accepting[state]


@pytest.mark.parametrize(
    ("pattern", "legal", "illegal"),
    [
        ("A B", ["A B", "A   B"], ["AB", "A B ", " A B"]),
        ("A( |C)B", ["A B", "A  B", "ACB"], ["AC B", "A CB"]),
        ("A  B", ["A  B", "A   B"], ["A B"]),
        ("AB", ["AB"], ["A B"]),
    ],
)
def test_spaces_may_repeat_only_where_one_stands(pattern, legal, illegal):
    labels = ("A", "B", "C", " ")
    wide = Automaton.parse(pattern, labels).repeating(np.array([False, False, False, True]))

    def accepts(text):
        state = wide.start
        for character in text:
            state = wide.next[state, labels.index(character)] if state >= 0 else -1
        return state >= 0 and bool(wide.accepting[state])

    assert [text for text in legal if not accepts(text)] == []
    assert [text for text in illegal if accepts(text)] == []
