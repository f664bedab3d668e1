"""Networks that say what they are told: which labels come out, how stages follow each other, what no character is."""

from pathlib import Path

import numpy as np
import pytest

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Glyph
from ocr_edge.recognize.characters import Recognizer

LABELS = ("A", "reject", "B")


class Told:
    """A float network that gives a glyph the probabilities told for its level of red."""

    output = None

    def __init__(self, said):
        self.said, self.asked = said, []

    def run(self, inputs):
        assert inputs["rgb"].shape == (1, 28, 28, 3)
        assert inputs["binary"].shape == (1, 28, 28, 1)
        level = int(inputs["rgb"][0, 14, 14, 0])
        self.asked.append(level)
        return np.log(np.maximum(np.array(self.said[level], np.float32), 1e-12))


def recognizer(*networks, escalate=0.9, twin_temperature=None, **changes):
    last = len(networks) - 1
    values = {"labels": LABELS, "reject": 1, "inputs": {"rgb": (28, 28, 3), "binary": (28, 28, 1)}}
    values |= {key: changes.pop(key) for key in list(changes) if key in values}
    stages = tuple(
        Stage(
            kind="character",
            file=f"{index}.tflite",
            sha256="0" * 64,
            architecture="told",
            parameters=1,
            macs=1,
            quantization="float32",
            escalate_below=escalate if index < last else None,
            twin_temperature=twin_temperature,
            **values,
        )
        for index in range(len(networks))
    )
    manifest = Manifest(schema=2, name="told", created="2026-01-01", preprocess="1", stages=stages, **changes)
    return Recognizer(Bundle(Path(), manifest, networks))


def ask(found, *levels):
    return found.recognize_inputs(
        [np.full((28, 28, 3), level, np.uint8) for level in levels],
        [np.zeros((28, 28, 1), np.uint8)] * len(levels),
    )


def test_what_is_no_character_is_no_label_and_keeps_its_probability():
    found = recognizer(Told({10: (0.7, 0.2, 0.1), 20: (0.01, 0.98, 0.01)}))
    assert found.labels == ("A", "B")
    scores = np.exp(ask(found, 10, 20))
    assert scores == pytest.approx(np.array([[0.7, 0.1], [0.01, 0.01]]), abs=1e-5)
    assert 1 - scores.sum(axis=1) == pytest.approx([0.2, 0.98], abs=1e-5)


def test_without_a_class_for_it_every_glyph_is_some_character():
    found = recognizer(Told({10: (0.7, 0.3)}), labels=("A", "B"), reject=None)
    assert found.labels == ("A", "B")
    assert np.exp(ask(found, 10)).sum() == pytest.approx(1)


def test_a_glyph_that_is_surely_none_does_not_go_on_to_the_next_stage():
    second = Told({30: (0.1, 0.1, 0.8)})
    found = recognizer(Told({20: (0.01, 0.98, 0.01), 30: (0.4, 0.1, 0.5)}), second)
    scores = np.exp(ask(found, 20, 30))
    assert second.asked == [30]
    assert scores == pytest.approx(np.array([[0.01, 0.01], [0.1, 0.8]]), abs=1e-5)


def test_all_stages_that_ran_count_equally_in_a_mean():
    said = [(0.6, 0.1, 0.3), (0.2, 0.2, 0.6), (0.1, 0.0, 0.9)]
    found = recognizer(*(Told({10: one}) for one in said), combine="mean")
    assert np.exp(ask(found, 10)[0]) == pytest.approx(np.mean(said, axis=0)[[0, 2]], abs=1e-5)


def test_a_mean_that_is_sure_enough_goes_no_further():
    third = Told({10: (0.1, 0.1, 0.8)})
    found = recognizer(
        Told({10: (0.6, 0.1, 0.3)}), Told({10: (1, 0, 0)}), third, escalate=0.7, combine="mean"
    )
    assert np.exp(ask(found, 10)[0]) == pytest.approx([0.8, 0.15], abs=1e-5)
    assert third.asked == []


def test_twins_share_the_probability_of_their_shape_out_at_a_temperature_of_their_own():
    told = Told({10: (0.64, 0.04, 0.32)})
    found = recognizer(told, labels=("c", "x", "C"), reject=None, confusables=("cC",), twin_temperature=0.5)
    scores = np.exp(ask(found, 10)[0])
    assert scores == pytest.approx([0.96 * 0.8, 0.04, 0.96 * 0.2], abs=1e-5)
    warm = recognizer(told, labels=("c", "x", "C"), reject=None, confusables=("cC",), twin_temperature=20)
    assert np.exp(ask(warm, 10)[0]) == pytest.approx([0.48, 0.04, 0.48], abs=0.01)


def test_no_glyphs_are_no_rows():
    assert recognizer(Told({})).recognize([]).shape == (0, 2)


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (64, 40)])
def test_a_crop_of_any_size_fits_the_network(size):
    network = Told({128: (0.7, 0.2, 0.1)})
    scores = recognizer(network).recognize([Glyph(np.full((*size, 3), 128, np.uint8))] * 2)
    assert scores.shape == (2, 2)
    assert network.asked == [128, 128]
