import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.config.load import parse
from ocr_edge.config.settings import Stabilize
from ocr_edge.contract.types import Box
from ocr_edge.daemon import region_setup
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.regions.stabilize import Stabilizer

LABELS = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def reading(text: str, sure: float = 0.95, rival: dict[int, str] | None = None) -> Reading:
    """A reading of words and lines; ``rival`` names a likely other character at some places."""
    lines = []
    for row, line in enumerate(text.split("\n")):
        characters, space = [], False
        for place, char in enumerate(line):
            if char == " ":
                space = True
                continue
            scores = np.full(len(LABELS), (1 - sure) / (len(LABELS) - 1))
            scores[LABELS.index(char)] = sure
            if rival and place in rival:
                scores[LABELS.index(char)], scores[LABELS.index(rival[place])] = (
                    sure / 2 - 0.01,
                    sure / 2 + 0.01,
                )
            log = np.log(scores / scores.sum()).astype(np.float32)
            box = Box(10 * place, 30 * row, 8, 20)
            characters.append(
                Character(LABELS[int(log.argmax())], float(np.exp(log.max())), box, (), log, space)
            )
            space = False
        lines.append(Line(tuple(characters)))
    return Reading("camera", tuple(lines) if text else (), 0.0)


def stabilizer(**changes: float) -> Stabilizer:
    return Stabilizer(LABELS, Stabilize(**changes), min_confidence=0.5)


def said(stabilizer: Stabilizer, texts: list[str], step_s: float = 0.5) -> list[str]:
    news = []
    for index, text in enumerate(texts):
        settled = stabilizer.push(reading(text), index * step_s)
        if settled.is_news and settled.reading:
            news.append(settled.reading.text)
    return news


def test_news_is_said_once_when_enough_frames_agree():
    stabilizer_ = stabilizer(frames=3)
    assert said(stabilizer_, ["AB12"] * 2) == []
    assert said(stabilizer_, ["AB12"] * 9) == ["AB12"]


def test_a_single_misread_frame_is_not_said():
    assert said(stabilizer(), ["AB12"] * 4 + ["A812"] + ["AB12"] * 4) == ["AB12"]


def test_a_new_text_takes_over_after_as_many_frames_however_long_the_old_one_stood():
    assert said(stabilizer(frames=3), ["11111"] * 500 + ["11112"] * 3) == ["11111", "11112"]


def test_flicker_between_two_texts_says_the_frequent_one():
    assert said(stabilizer(), ["AB12", "AB12", "A812", "AB12", "AB12", "A812"] * 5) == ["AB12"]


def test_the_frames_together_know_what_no_single_frame_does():
    stabilizer_ = stabilizer()
    settled = None
    for index in range(6):
        # Each frame is wrong about another place, and not sure about it.
        settled = stabilizer_.push(reading("CODE7", rival={index % 5: "X"}), index * 0.5)
    assert settled
    assert settled.reading
    assert settled.reading.text == "CODE7"


def test_a_better_picture_counts_more():
    stabilizer_ = Stabilizer(LABELS, Stabilize(frames=2))
    for index in range(4):
        stabilizer_.push(reading("A", rival={0: "B"}), index * 0.5, weight=0.05)
    before = stabilizer_.best()
    stabilizer_.push(reading("A", sure=0.9), 2.0, weight=1.0)
    after = stabilizer_.best()
    assert before
    assert after
    assert (before.text, after.text) == ("B", "A")


def test_a_character_missing_in_some_frames_stays_and_one_seen_once_does_not():
    texts = ["SERIAL4711", "SERIAL471", "SERIAL4711", "SERIAL4711", "SERIALX4711", "SERIAL4711", "SERIAL4711"]
    assert said(stabilizer(), texts) == ["SERIAL4711"]


def test_what_stays_unsure_is_said_when_more_frames_do_not_help():
    stabilizer_ = stabilizer(frames=2, certainty=0.99)
    settled = [stabilizer_.push(reading("AB", sure=0.6), index * 0.5) for index in range(12)]
    assert not settled[2].is_news
    assert sum(item.is_news for item in settled) == 1


def test_a_fused_reading_below_the_limit_is_not_said():
    stabilizer_ = Stabilizer(LABELS, Stabilize(), min_confidence=0.9)
    unsure = [stabilizer_.push(reading("AB", rival={1: "8"}), index * 0.5) for index in range(40)]
    assert not any(settled.is_news for settled in unsure)
    assert unsure[-1].is_still


def test_empty_frames_say_nothing_and_do_not_repeat_the_old_text():
    assert said(stabilizer(), ["AB"] * 5 + [""] * 20 + ["AB"] * 5) == ["AB"]


def test_the_same_text_is_said_again_after_a_pause_if_that_is_wanted():
    assert said(stabilizer(again_after_s=2.0), ["AB"] * 5 + [""] * 6 + ["AB"] * 5) == ["AB", "AB"]
    assert said(stabilizer(again_after_s=2.0), ["AB"] * 5 + [""] * 2 + ["AB"] * 5) == ["AB"]


def test_words_lines_and_boxes_survive():
    stabilizer_ = stabilizer(frames=2)
    stabilizer_.push(reading("AB 12\nC"), 0.0)
    fused = stabilizer_.push(reading("AB 12\nC"), 0.5).reading
    assert fused
    assert fused.text == "AB 12\nC"
    assert fused.lines[1].box == Box(0, 30, 8, 20)


def test_what_an_earlier_run_said_last_is_not_said_again():
    stabilizer_ = stabilizer()
    stabilizer_.resume("AB")
    assert said(stabilizer_, ["AB"] * 5 + ["CD"] * 5) == ["CD"]


def test_labels_that_a_pattern_rules_out_do_no_harm():
    scores = np.full(len(LABELS), -np.inf, np.float32)
    scores[3] = 0.0
    line = Line((Character("3", 1.0, Box(0, 0, 1, 1), (), scores),))
    stabilizer_ = stabilizer(frames=2)
    stabilizer_.push(Reading("c", (line,), 0.0), 0.0)
    fused = stabilizer_.push(Reading("c", (line,), 0.0), 0.1).reading
    assert fused
    assert fused.text == "3"
    assert fused.confidence == pytest.approx(1.0, abs=1e-3)


def relabelled(reading_: Reading, labels: str, calibrated: float | None = None) -> Reading:
    """The same, said over other labels; those that it does not know are as unlikely as any wrong one."""
    lines = []
    for line in reading_.lines:
        characters = []
        for c in line.characters:
            known = dict(zip(LABELS, c.log_probabilities, strict=True))
            scores = np.array([known.get(label, -8.0) for label in labels], np.float32)
            characters.append(replace(c, log_probabilities=scores, labels=tuple(labels)))
        lines.append(Line(tuple(characters), calibrated))
    return replace(reading_, lines=tuple(lines))


def test_frames_over_different_labels_are_one_text():
    more = " .-" + "".join(reversed(LABELS)) + "abc"
    stabilizer_ = stabilizer(frames=3)
    settled = []
    for index in range(6):
        frame = reading("AB 12")
        settled.append(stabilizer_.push(relabelled(frame, more) if index % 2 else frame, index * 0.5))
    assert [item.is_news for item in settled] == [False, False, True, False, False, False]
    fused = settled[-1].reading
    assert fused
    assert fused.text == "AB 12"
    first = fused.lines[0].characters[0]
    assert set(first.labels) == set(more) | set(LABELS)
    assert first.labels[int(first.log_probabilities.argmax())] == "A"
    assert len(first.log_probabilities) == len(first.labels)


def test_the_order_of_labels_does_not_matter():
    plain, mixed = stabilizer(), stabilizer()
    orders = itertools.cycle(["".join(LABELS), "".join(reversed(LABELS)), "".join(LABELS[7:] + LABELS[:7])])
    for index, order in zip(range(8), orders, strict=False):
        frame = reading("CODE7", rival={index % 5: "X"})
        one = plain.push(frame, index * 0.5).reading
        other = mixed.push(relabelled(frame, order), index * 0.5).reading
        assert (one and one.text) == (other and other.text)
        if one and other:
            assert other.confidence == pytest.approx(one.confidence, abs=1e-4)


def test_a_text_with_marks_contradicts_one_without():
    marked = relabelled(reading("1295"), "".join(LABELS) + ".")
    scores = np.full(len(LABELS) + 1, -8.0, np.float32)
    scores[-1] = -0.01
    characters = list(marked.lines[0].characters)
    characters[2] = replace(characters[2], text=".", log_probabilities=scores)
    marked = replace(marked, lines=(Line(tuple(characters)),))
    stabilizer_ = stabilizer(frames=2)
    for index in range(3):
        stabilizer_.push(reading("1295"), index * 0.5)
    news = [stabilizer_.push(marked, 2 + index * 0.5) for index in range(3)]
    assert [item.reading.text for item in news if item.is_news and item.reading] == ["12.5"]


def test_a_fused_line_is_as_sure_as_its_frames_lines_and_no_surer_than_its_characters():
    labels = "".join(LABELS)
    for given_, expected in ((0.7, 0.7), (0.999, 0.95), (None, 0.95)):
        stabilizer_ = stabilizer(frames=2)
        for index in range(4):
            settled = stabilizer_.push(relabelled(reading("AB", sure=0.95), labels, given_), index * 0.5)
        assert settled.reading
        assert settled.reading.lines[0].confidence == pytest.approx(expected, abs=0.01)


def test_a_long_text_of_sure_characters_is_said_and_published_with_the_confidence_of_the_whole():
    serial = relabelled(reading("AB123456789012345678", sure=0.98), "".join(LABELS), 0.65)
    assert serial.lines[0].character_confidence == pytest.approx(0.98, abs=0.01)
    stabilizer_ = Stabilizer(LABELS, Stabilize(), min_confidence=0.7)
    news = [stabilizer_.push(serial, index * 0.5) for index in range(9)]
    (said_,) = [item.reading for item in news if item.is_news]
    assert said_
    assert said_.text == "AB123456789012345678"
    assert said_.confidence == pytest.approx(0.65, abs=0.01)
    assert stabilizer_.best()


def test_a_number_is_said_only_if_all_of_it_is_sure():
    number = relabelled(reading("0012345", sure=0.98), "".join(LABELS), 0.65)
    stabilizer_ = Stabilizer(LABELS, Stabilize(), min_confidence=0.7, measure="whole")
    settled = [stabilizer_.push(number, index * 0.5) for index in range(9)]
    assert not any(item.is_news for item in settled)
    assert settled[-1].is_still
    assert stabilizer_.best() is None
    sure = relabelled(reading("0012345", sure=0.98), "".join(LABELS), 0.9)
    assert any(stabilizer_.push(sure, 20 + index * 0.5).is_news for index in range(9))


def test_a_text_with_a_pattern_is_said_only_if_its_weakest_character_is_sure():
    plate = reading("AB12345", sure=0.98)
    (line,) = plate.lines
    unsure = replace(line.characters[2], confidence=0.4)
    doubted = replace(
        plate, lines=(replace(line, characters=(*line.characters[:2], unsure, *line.characters[3:])),)
    )
    assert doubted.sureness("characters") > 0.8
    assert doubted.sureness("weakest") == 0.4
    assert replace(plate, lines=()).sureness("weakest") == 0.0


@pytest.mark.parametrize(
    ("more", "measure"),
    [
        ("", "characters"),
        ("pattern = '[A-Z]{2}[0-9]{5}'", "weakest"),
        ("pattern = '[0-9]{13}'\ncheck = 'ean'", "characters"),
        ("[region.value]\nformat = '##0.0'", "whole"),
    ],
)
def test_what_confidence_is_asked_of_follows_from_the_settings(more, measure):
    (region,) = parse(f'[source]\nurl = "file:x"\n[[region]]\n{more}\n', Path("c.toml")).region
    assert region_setup.measure(region) == measure


def test_characters_are_as_sure_on_average_over_all_lines():
    one, other = reading("ABC", sure=0.9), reading("D", sure=0.5)
    both = replace(one, lines=one.lines + other.lines)
    assert both.character_confidence == pytest.approx((0.9**3 * 0.5) ** 0.25)
    assert replace(one, lines=()).character_confidence == 0.0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["", "AB12", "A812", "AB123", "ZZ", "A"]), max_size=40), st.integers(1, 4))
def test_the_same_is_never_said_twice_running(texts: list[str], frames: int):
    news = said(stabilizer(frames=frames), texts)
    assert all(before != after for before, after in itertools.pairwise(news))
    assert set(news) <= set(texts)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["", "AB12", "A812", "77"]), max_size=30))
def test_whatever_came_before_a_lasting_text_is_said(texts: list[str]):
    stabilizer_ = stabilizer(frames=3)
    before = said(stabilizer_, texts)
    news = [
        s.reading.text
        for i in range(12)
        if (s := stabilizer_.push(reading("NEW1"), 100 + i)).is_news and s.reading
    ]
    assert news == ["NEW1"]
    assert "NEW1" not in before
