import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.contract import labels, manifest
from ocr_edge.contract.manifest import Manifest, ManifestError, Stage
from ocr_edge.contract.quantize import Quantization, log_softmax, quantize_pixels
from ocr_edge.contract.types import Box


def a_manifest(**changes):
    stage = Stage(
        file="net.tflite",
        sha256="0" * 64,
        architecture="dual_branch",
        parameters=1,
        macs=2,
        quantization="int8",
    )
    values = {
        "schema": 1, "name": "n", "created": "2026-01-01", "preprocess": "1", "labels": ("a", "b"),
        "inputs": {"rgb": (28, 28, 3), "binary": (28, 28, 1)}, "stages": (stage,),
    }  # fmt: skip
    return Manifest(**{**values, **changes})


def test_the_device_side_never_loads_a_training_framework():
    code = (
        "import importlib, pkgutil, sys, ocr_edge\n"
        "for m in pkgutil.walk_packages(ocr_edge.__path__, 'ocr_edge.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        "bad = {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib', 'PIL'} & set(sys.modules)\n"
        "sys.exit(repr(bad) if bad else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr


def test_the_shipped_labels_are_digits_capitals_small_letters():
    assert "".join(labels.DEFAULT) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_the_original_order_has_small_letters_first():
    assert labels.parse("0-9a-zA-Z")[10] == "a"


@pytest.mark.parametrize("order", ["aa", "x", ""])
def test_labels_that_repeat_or_are_too_few_are_refused(order):
    with pytest.raises(ValueError, match="labels"):
        labels.parse(order)


def test_case_merging_works_for_any_labels():
    assert labels.case_merged(["b", "A", "B", "a", "7"]) == [0, 1, 0, 1, 4]


def test_pixels_become_int8_exactly_and_back():
    pixels = np.arange(256, dtype=np.uint8)
    numbers = quantize_pixels(pixels)
    assert numbers[0] == -128
    assert numbers[255] == 127
    assert np.array_equal(Quantization(1.0, -128).dequantize(numbers), pixels.astype(np.float32))


@given(st.floats(1e-4, 10), st.integers(-128, 127))
def test_dequantizing_never_overflows(scale, zero_point):
    values = Quantization(scale, zero_point).dequantize(np.array([-128, 127], np.int8))
    assert np.allclose(
        values, [(-128 - zero_point) * scale, (127 - zero_point) * scale], rtol=1e-5, atol=1e-6
    )


def test_log_softmax_sums_to_one_and_cools_with_temperature():
    logits = np.array([[1.0, 2.0, 5.0], [1000.0, 0.0, -1000.0]], np.float32)
    assert np.allclose(np.exp(log_softmax(logits)).sum(axis=1), 1)
    assert log_softmax(logits, 4.0)[0].max() < log_softmax(logits, 1.0)[0].max()


def test_boxes_know_their_edges_and_overlap():
    first, second = Box(0, 0, 10, 10), Box(5, 5, 10, 10)
    assert first.overlap(second) == 25
    assert first.union(second) == Box(0, 0, 15, 15)
    assert first.overlap(Box(10, 0, 3, 3)) == 0


def test_a_box_without_area_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Box(1, 1, 0, 4)


def test_a_manifest_survives_a_round_trip():
    made = a_manifest(metrics={"n": 3}, files={"card.md": "1" * 64})
    assert manifest.decode(manifest.encode(made)) == made


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": ["a", "a"]}, "labels"),
        ({"stages": []}, "stages"),
        ({"inputs": {"rgb": [28, 28, 3]}}, "binary"),
        ({"surprise": 1}, "surprise"),
        ({"schema": 9}, "schema 9"),
        ({"files": {"../outside": "0"}}, "plain name"),
        ({"reject": 2}, "2 is no index of the 2 labels"),
        ({"reject": -1}, "-1 is no index"),
        ({"blank": 9}, "9 is no index"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused_with_the_reason(change, words):
    content = {**json.loads(manifest.encode(a_manifest())), **change}
    with pytest.raises(ManifestError, match=words):
        manifest.decode(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("silent", "texts"),
    [({}, "abc"), ({"reject": 2}, "ab"), ({"reject": 0}, "bc"), ({"reject": 1, "blank": 2}, "a")],
)
def test_what_means_no_character_is_never_said(silent, texts):
    assert a_manifest(labels=tuple("abc"), **silent).texts == tuple(texts)


def test_no_label_can_be_taken_for_what_is_no_character():
    assert labels.REJECT not in {
        *labels.DEFAULT,
        *(label for order in labels.ORDERS.values() for label in order),
    }


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_manifest(content):
    with pytest.raises(ManifestError):
        manifest.decode(content)


def test_a_manifest_cannot_be_changed():
    with pytest.raises((AttributeError, msgspec.ValidationError)):
        a_manifest().name = "other"
