"""Words come out as words, codes as what the picture says."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.decode import ngrams
from ocr_edge.decode.language import CASES, TRUST, Language

LOOK_ALIKES = {
    "l": "I1",
    "I": "l1",
    "0": "Oo",
    "D": "BO",
    "B": "E8",
    "8": "Be",
    "4": "A",
    "1": "Il",
    "5": "S",
}
LANGUAGE = Language(DEFAULT)
CODES = Language(DEFAULT, words=0)


def seen(text, sure=0.75, labels=DEFAULT, others=LOOK_ALIKES):
    """Log-probabilities of a picture of a text: so sure of each character that has look-alikes, the rest theirs."""
    rows = np.full((len(text), len(labels)), 1e-5, np.float32)
    for row, label in zip(rows, text, strict=True):
        alike = [other for other in others.get(label, "") if other in labels]
        row[labels.index(label)] = sure
        for other in alike:
            row[labels.index(other)] = (1 - sure) / len(alike)
    return np.log(rows / rows.sum(axis=1, keepdims=True))


def best(scores, labels=DEFAULT):
    return "".join(labels[index] for index in scores.argmax(axis=1))


def read(text, sure=0.75, language=LANGUAGE, spaces=None):
    return best(language.with_language(seen(text, sure), spaces or [False] * len(text)))


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        ("t00", "too"),
        ("th8", "the"),
        ("DANGKOK", "BANGKOK"),
        ("LOUNGB", "LOUNGE"),
        ("FIorida", "Florida"),
        ("BUSlNESS", "BUSINESS"),
    ],
)
def test_an_unsure_picture_of_a_word_is_read_as_the_word(picture, word):
    assert read(picture) == word


@pytest.mark.parametrize("code", ["B4GK01", "8801", "159B4", "XK7D9", "TOUBiS", "LOUNGB", "lndia"])
def test_a_sure_picture_stays_what_it_is(code):
    assert read(code, sure=0.9999) == code


@pytest.mark.parametrize("code", ["8801", "110458", "40K811", "XK7D9"])
def test_a_code_is_not_made_english(code):
    assert read(code) == read(code, language=CODES)
    assert read(code, sure=0.9) == code


@pytest.mark.parametrize("word", ["Straße", "Überfahrt", "Größe", "naïve"])
def test_accents_are_letters_without_them(word):
    labels = (*DEFAULT, *"ßÜöï")
    language = Language(labels)
    spaces = [False] * len(word)
    assert best(language.with_language(seen(word, labels=labels), spaces), labels) == word
    unsure = seen(word, 0.7, labels, others={"r": "t1", "a": "o4", "e": "c"})
    assert best(language.with_language(unsure, spaces), labels) == word


def test_switched_off_it_knows_kinds_and_no_english():
    assert read("LOUNGB", language=CODES) == "LOUNGB"
    unsure = seen("2O41", 0.6, others={"O": "0"})
    assert best(unsure) == "2O41"
    assert best(CODES.with_language(unsure, [False] * 4)) == "2041"


def test_switched_off_the_word_list_is_not_loaded():
    program = (
        "import numpy as np; from ocr_edge.decode import language, ngrams;"
        "language.Language('abAB01', 0).with_language(np.log(np.full((3, 6), 1 / 6, np.float32)), [False] * 3);"
        "assert ngrams.load.cache_info().misses == 0;"
        "language.Language('abAB01').with_language(np.log(np.full((3, 6), 1 / 6, np.float32)), [False] * 3);"
        "assert ngrams.load.cache_info().misses == 1"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_gap_ends_a_word():
    together, apart = [False] * 8, [False] * 4 + [True] + [False] * 3
    scores = seen("EXIT8801")
    assert np.array_equal(
        LANGUAGE.with_language(scores, apart)[:4], LANGUAGE.with_language(scores[:4], [False] * 4)
    )
    assert not np.array_equal(LANGUAGE.with_language(scores, apart), LANGUAGE.with_language(scores, together))


def test_a_word_of_one_character_keeps_what_it_has():
    scores = seen("1A8")
    assert np.array_equal(LANGUAGE.with_language(scores, [False, True, True]), scores)


def test_weight_0_leaves_the_scores_as_they_are():
    scores = seen("LOUNGB")
    assert np.array_equal(LANGUAGE.with_language(scores, [False] * 6, weight=0), scores)
    mild, full = (np.exp(LANGUAGE.with_language(scores, [False] * 6, weight=w))[5, 14] for w in (0.5, 1))
    assert np.exp(scores[5, 14]) < mild < full


def test_a_label_that_is_no_letter_keeps_its_probability_and_ends_a_word():
    labels = (*DEFAULT, "-", "Rn", "reject")
    language = Language(labels)
    scores = seen("LOUNGB-LOUNGB", labels=labels)
    scores[1] = np.log(np.full(len(labels), 0.3 / (len(labels) - 2), np.float32))
    scores[1, [labels.index("O"), labels.index("reject")]] = np.log([0.5, 0.2])
    result = language.with_language(scores, [False] * 13)
    assert best(result, labels) == "LOUNGE-LOUNGE"
    assert result[:, -1] == pytest.approx(scores[:, -1], abs=1e-4)
    assert np.array_equal(result[6], scores[6])


@pytest.mark.parametrize("labels", ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ab", "-/.", "0aé京"])
def test_any_labels_can_be_read(labels):
    scores = np.log(np.full((5, len(labels)), 1 / len(labels), np.float32))
    result = Language(tuple(labels)).with_language(scores, [False] * 5)
    assert np.exp(result).sum(axis=1) == pytest.approx(np.ones(5), abs=1e-4)


@given(st.lists(st.integers(0, 61), min_size=1, max_size=12), st.integers(0, 999))
def test_the_result_is_a_probability_whatever_is_seen(text, seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 4, (len(text), 62)).astype(np.float32)
    scores[np.arange(len(text)), text] += 20
    scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
    for language in (LANGUAGE, CODES):
        result = language.with_language(scores, (rng.random(len(text)) < 0.2).tolist())
        assert result.dtype == np.float32
        assert result.shape == scores.shape
        assert np.exp(result).sum(axis=1) == pytest.approx(np.ones(len(text)), abs=1e-4)
        # 20 is e**20 to 1: more than any neighbour says.
        assert (result.argmax(axis=1) == scores.argmax(axis=1)).mean() > 0.5


def test_the_beam_agrees_with_trying_every_spelling():
    labels = tuple("cCaAtT")
    scores = np.log(np.random.default_rng(3).dirichlet(np.ones(6), 3)).astype(np.float32)
    model, tally = ngrams.load(), np.zeros((3, 6))
    language = Language(labels, words=1 - 1e-12)
    for spelling in np.ndindex(6, 6, 6):
        context, pattern, chance = 0, np.eye(1, 6)[0], 1.0
        for row, index in enumerate(spelling):
            symbol = ngrams.symbol_of(labels[index])
            chance *= np.exp(scores[row, index] + after(model, context, symbol))
            pattern = pattern @ CASES[int(labels[index].isupper())]
            context = (context * 27 + symbol) % 27**4
        chance *= pattern.sum() * np.exp(after(model, context, 0))
        tally[np.arange(3), spelling] += chance
    expected = (1 - TRUST) * tally / tally.sum(axis=1, keepdims=True) + TRUST * np.exp(scores)
    assert np.exp(language.with_language(scores, [False] * 3)) == pytest.approx(expected, abs=1e-3)


def after(model, context, symbol):
    return model.after(np.array([context], np.int32), np.array([symbol], np.int32))[0, 0]


def test_n_grams_are_probabilities_after_every_context():
    contexts = np.random.default_rng(1).integers(0, 27**4, 500).astype(np.int32)
    contexts[:2] = 0, ngrams.load().keys[1000] // 27
    chances = np.exp(ngrams.load().after(contexts, np.arange(27, dtype=np.int32)))
    assert chances.sum(axis=0) == pytest.approx(np.ones(500), abs=1e-4)
    assert chances.min() > 0


def test_a_long_line_takes_milliseconds():
    scores = np.log(np.random.default_rng(2).dirichlet(np.full(62, 0.3), 240)).astype(np.float32)
    spaces = [index % 6 == 0 for index in range(240)]
    LANGUAGE.with_language(scores, spaces)
    started = time.process_time()
    LANGUAGE.with_language(scores, spaces)
    assert time.process_time() - started < 0.4


def test_a_word_is_likelier_than_a_code_and_a_code_hardly_less():
    station, nonsense, digits = (
        LANGUAGE.likeness(seen(text), 0.1) for text in ("Station", "Sfqtxmn", "20415")
    )
    assert station > 5
    assert nonsense < station - 5
    assert digits == pytest.approx(np.log(0.9))


def test_without_english_no_word_is_likelier():
    assert CODES.likeness(seen("Station"), 0.1) == 0
