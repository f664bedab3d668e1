"""Word lists in small: what is counted, what is left out, and that the device reads the file."""

import numpy as np
import pytest

from ocr_edge.decode import ngrams
from ocr_edge.errors import ConfigError
from ocr_train.prepare import language


@pytest.fixture
def scowl(tmp_path):
    lists, notice = tmp_path / language.LISTS, tmp_path / language.NOTICE
    lists.mkdir(parents=True)
    notice.parent.mkdir(parents=True)
    notice.write_text("Copyright Kevin Atkinson")
    (lists / "english-words.10").write_text("the\nit's\ncafé\n")
    (lists / "american-words.35").write_text("the\ncolor\n")
    (lists / "english-upper.50").write_text("Bangkok\n")
    (lists / "english-words.70").write_text("syzygy\n")
    (lists / "english-proper-names.80").write_text("Colchester\n")
    (lists / "french-words.10").write_text("bonjour\n")
    return tmp_path


def test_a_word_counts_by_its_commonest_list_and_odd_ones_are_left_out(scowl):
    assert language.weighted_words(scowl / language.LISTS) == {
        "the": 16,
        "café": 16,
        "color": 3,
        "bangkok": 1,
        "colchester": 1,
    }


def test_the_same_lists_make_the_same_file(scowl):
    first = language.prepare(scowl, scowl / "first.npz").read_bytes()
    assert language.prepare(scowl, scowl / "second.npz").read_bytes() == first


def test_the_file_holds_the_counts_and_the_notice(scowl):
    with np.load(language.prepare(scowl, scowl / "words.npz")) as data:
        keys, counts = ngrams.counts_of(data)
        assert data["notice"].tobytes() == b"Copyright Kevin Atkinson"
    t_at_the_start = ngrams.symbol_of("t")
    assert counts[keys.tolist().index(t_at_the_start)] == 16
    assert keys.tolist() == sorted({key for word in ("the", "cafe", "color", "bangkok", "colchester")
                                    for key in language.keys_of(word)})  # fmt: skip


def test_an_accent_is_the_letter_without_it():
    assert list(language.keys_of("Café")) == list(language.keys_of("cafe"))


def test_what_is_no_word_list_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"english-words\.10"):
        language.prepare(tmp_path, tmp_path / "words.npz")


def test_the_shipped_file_is_small_and_carries_its_notice():
    path = language.Path(ngrams.__file__).with_name(ngrams.DATA)
    assert path.stat().st_size < 300_000
    with np.load(path) as data:
        assert b"Kevin Atkinson" in data["notice"].tobytes()
        keys, counts = ngrams.counts_of(data)
    assert (np.diff(keys) > 0).all()
    assert counts.min() >= 1
