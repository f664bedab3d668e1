"""Which of the likeliest ways through a line is read: words and geometry decide where the picture hardly does."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Box
from ocr_edge.decode.pattern import Pattern
from ocr_edge.pipeline import Pipeline
from ocr_edge.reading import Line
from ocr_edge.segment.context import Context
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.lattice import Graph

from .hand_made import JUNK, a_line, in_a_row, said, scored

FAINT = said(nothing=0.8, i=0.1, l=0.05)
"""A stroke that is rather no character."""


def small(text, chance=0.97):
    return [said(**{f"_{character}": chance}) for character in text]


def way_of(rows, boxes, spans=(), **how):
    """What is read by the picture alone, and what with the line around it."""
    texts = set()
    for guesses in (1, 3):
        graph = Graph([scored(a_line(boxes, spans), rows)] * guesses)
        plain = graph.best()[0]
        other = Context(DEFAULT, **how).other_way(graph)
        assert other != plain
        texts.add(
            tuple("".join(DEFAULT[graph.scores[n].argmax()] for n in way) for way in (plain, other or plain))
        )
    (both,) = texts
    return both


FIRST, _, *OTHERS = in_a_row(24, 8, 24, 24)
STROKE = [FIRST, Box(32, 12, 8, 28), *OTHERS]


def test_a_faint_stroke_is_read_where_it_makes_a_word():
    first, second, third = small("fnd")
    assert way_of([first, FAINT, second, third], STROKE) == ("fnd", "find")


def test_a_faint_stroke_in_a_code_is_passed_over():
    first, second, third = small("734")
    assert way_of([first, FAINT, second, third], STROKE) == ("734", "734")


def test_nothing_but_the_picture_counts_when_nothing_else_is_asked():
    first, second, third = small("fnd")
    assert way_of([first, FAINT, second, third], STROKE, words=False, geometry=False) == ("fnd", "fnd")


def test_a_blob_is_cut_where_its_halves_make_a_word():
    boxes = [*in_a_row(24, 24, 24, 24), *in_a_row(17, 17, gap=0, left=128)]
    spans = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (4, 5), (5, 6)]
    rows = [*small("gove"), said(m=0.9), *small("rn", 0.9)]
    assert way_of(rows, boxes, spans) == ("govem", "govern")


def test_a_speck_far_from_the_baseline_is_left_out():
    boxes = [*in_a_row(24, 24, 24, 24), Box(136, 0, 14, 22)]
    rows = [*small("7341"), said(nothing=0.5, o=0.45)]
    assert way_of(rows, boxes, words=False) == ("7341o", "7341")


def test_a_line_without_a_way_has_none():
    assert Context(DEFAULT).other_way(Graph([scored(a_line(in_a_row(24, 24)), [JUNK, JUNK])])) is None


def test_a_reading_that_stands_is_kept_as_it_is():
    first, second, third = small("734")
    guess = scored(a_line(STROKE), [first, FAINT, second, third])
    decoder = Decoder(DEFAULT)
    reading = decoder.decode([guess])
    assert decoder.compared(reading) is reading


def test_a_reading_is_replaced_whole():
    first, second, third = small("fnd")
    guess = scored(a_line(STROKE), [first, FAINT, second, third])
    decoder = Decoder(DEFAULT)
    again = decoder.compared(decoder.decode([guess]))
    assert [character.text for character in again.line.characters] == list("find")
    assert [character.box for character in again.line.characters] == STROKE
    assert len(again.sure) == 4


def test_a_pattern_needs_no_comparison():
    first, second, third = small("fnd")
    guess = scored(a_line(STROKE), [first, FAINT, second, third])
    decoder = Decoder(DEFAULT, Pattern.parse("[a-z]{3}", DEFAULT, ""))
    reading = decoder.decode([guess])
    assert decoder.compared(reading) is reading


@pytest.mark.parametrize(("sureness", "said"), [(1.0, "OTHER"), (0.1, "HEAT")])
def test_a_line_compared_is_said_if_it_is_still_worth_saying(monkeypatch, sureness, said):
    def compared(_, reading):
        characters = tuple(
            replace(c, text=text) for c, text in zip(reading.line.characters, "OTHER", strict=False)
        )
        return replace(reading, line=Line(characters), sure=reading.sure * sureness)

    picture = np.full((80, 260, 3), 255, np.uint8)
    cv2.putText(picture, "HEAT", (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4, cv2.LINE_AA)
    monkeypatch.setattr(Decoder, "compared", compared)
    assert Pipeline(bundles.load(bundles.named("fast"))).read(picture).text == said[:4]
