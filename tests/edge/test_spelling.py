"""Words that a strip is not sure of: the picture says what they may be, the language which of it is likely."""

import itertools

import numpy as np
import pytest

from ocr_edge.contract.labels import LINE
from ocr_edge.contract.types import Box
from ocr_edge.decode import ctc
from ocr_edge.decode.beam import likeliest
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.likely import Likely
from ocr_edge.decode.line_decoder import Decoded, LineDecoder
from ocr_edge.decode.pattern import Pattern

READER = LineDecoder(LINE)


def posteriors(
    text: str, rivals: dict[int, dict[str, float]] | None = None, sure: float = 0.97
) -> np.ndarray:
    """Two steps a character, the second silent; of some places, given by number, what they may be instead."""
    rows = []
    for place, char in enumerate(text):
        chances = (rivals or {}).get(place, {char: sure})
        row = np.full(len(LINE) + 1, 1e-7)
        for label, chance in chances.items():
            row[LINE.index(label)] = chance
        row[-1] = max(1 - sum(chances.values()), 1e-7)
        rows += [row, np.append(np.full(len(LINE), 1e-7), 1.0)]
    chances = np.array(rows)
    return np.log(chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)


def read(*args, reader: LineDecoder = READER) -> Decoded:
    found = reader.decode(posteriors(*args), to_box=lambda first, end: Box(first, 0, end - first, 32))
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "rivals", "read_as"),
    [
        ("STREET", {2: {"R": 0.3, "P": 0.6}}, "STREET"),
        ("Coffee", {4: {"e": 0.45, "c": 0.5}}, "Coffee"),
        ("the 5treet", {4: {"5": 0.55, "s": 0.4}}, "the street"),
        ("12 Station", {1: {"2": 0.9, "Z": 0.09}, 6: {"t": 0.4, "l": 0.5}}, "12 Station"),
        # What is surely seen stays, whatever it looks like.
        ("STPEET", {2: {"P": 0.96, "R": 0.03}}, "STPEET"),
        # Codes stay codes.
        ("SB3X6N", {4: {"6": 0.8, "E": 0.19}}, "SB3X6N"),
        ("40718", {1: {"0": 0.6, "O": 0.39}}, "40718"),
        ("-3.4 bar", {2: {".": 0.6, ",": 0.3}}, "-3.4 bar"),
    ],
)
def test_an_unsure_word_is_read_as_what_looks_like_a_word_or_a_code(text, rivals, read_as):
    assert read(text, rivals).line.text == read_as


def test_a_letter_that_the_language_finds_is_there_and_one_that_it_doubts_is_not():
    assert read("Libary", {3: {"a": 0.5, "r": 0.1}}).line.text in ("Libary", "Librry")
    rows = posteriors("Library", {4: {"a": 0.4}})  # most of it says that nothing stands there
    plain = LineDecoder(LINE, context=False).decode(rows, to_box=lambda *_: Box(0, 0, 1, 1))
    assert plain
    assert plain.line.text == "Librry"
    assert read("Library", {4: {"a": 0.4}}).line.text == "Library"


def test_a_text_is_the_surer_the_more_it_looks_like_a_word():
    doubted = {2: {"R": 0.6, "P": 0.35}}
    plain = read("STREET", doubted, reader=LineDecoder(LINE, context=False))
    spelled = read("STREET", doubted)
    assert spelled.line.text == plain.line.text
    assert spelled.log_probability > plain.log_probability
    character = spelled.line.characters[2]
    assert character.confidence > plain.line.characters[2].confidence
    assert [label for label, _ in character.alternatives[:2]] == ["R", "P"]
    assert np.exp(character.log_probabilities).sum() == pytest.approx(1.0, abs=0.05)


def test_the_words_that_were_looked_at_are_told():
    (word,) = read("the STPEET", {6: {"P": 0.6, "R": 0.35}}).written.words
    assert (word.before, word.after) == ("STPEET", "STREET")
    assert 0.5 < word.chance <= 1
    assert not read("the STREET", {}, 0.999).written.words


@pytest.mark.parametrize(
    "options",
    [{"pattern": Pattern.parse("[A-Z]+", LINE)}, {"meaning": Meaning(lambda text: text)}, {"context": False}],
)
def test_what_has_a_pattern_or_a_meaning_is_not_made_english(options):
    reader = LineDecoder(LINE, **options)
    assert read("STPEET", {2: {"P": 0.6, "R": 0.35}}, reader=reader).line.text == "STPEET"


@pytest.mark.parametrize("text", ["-3.4", "7", "日本語", "12"])
def test_nothing_gains_by_being_left_out(text):
    labels = (*LINE, *"日本語")
    rows = np.full((2 * len(text), len(labels) + 1), 1e-7)
    for place, char in enumerate(text):
        rows[2 * place, [labels.index(char), -1]] = 0.55, 0.45
        rows[2 * place + 1, -1] = 1.0
    scores = np.log(rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    found = LineDecoder(labels).decode(scores, to_box=lambda first, end: Box(first, 0, end - first, 32))
    assert found
    assert found.line.text == text


def test_a_space_is_no_alternative_of_a_character():
    found = read("the-cat", {3: {"-": 0.51, " ": 0.48}})
    assert found.line.text == "the-cat"
    assert " " not in {label for c in found.line.characters for label, _ in c.alternatives}


def test_the_beam_counts_all_ways_to_write_a_text():
    chances = np.random.default_rng(3).dirichlet(np.ones(3), 5)
    rows = np.log(chances).astype(np.float32)
    texts, found = likeliest(rows)
    every = [text for length in range(6) for text in itertools.product((0, 1), repeat=length)]
    exact = {text: float(np.exp(ctc.forward(rows, text))) for text in every}
    assert found.sum() == pytest.approx(1.0)
    assert texts[0] == max(exact, key=exact.__getitem__)
    total = sum(exact[text] for text in texts)
    for text, chance in zip(texts[:4], found, strict=False):
        assert chance == pytest.approx(exact[text] / total, abs=0.02)


def test_what_is_no_letter_and_no_digit_ends_a_word():
    likely, number = Likely(LINE), LINE.index

    def worth(text: str) -> float:
        return float(likely.of([[number(c) for c in text]])[0])

    assert worth("Street") > worth("Strect") > worth("5tRe3t")
    assert worth("A+B") == worth("7") == worth("") == worth("4711") == 0.0
    assert worth("Main Street") == pytest.approx(worth("Main") + worth("Street"))
