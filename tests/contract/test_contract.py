import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.bundles.builtin import shipped, shipped_names
from ocr_edge.contract import labels, manifest
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.contract.manifest import Manifest, ManifestError
from ocr_edge.contract.preprocess import STEP
from ocr_edge.contract.quantize import Quantization, log_softmax, quantize_pixels
from ocr_edge.contract.stage import WIDTH_STEP, Stage
from ocr_edge.contract.types import Box


def a_stage(**changes):
    values = {
        "kind": "character", "file": "net.tflite", "sha256": "0" * 64, "architecture": "dual_branch", "parameters": 1,
        "macs": 2, "quantization": "int8", "labels": ("a", "b"),
        "inputs": {"rgb": (28, 28, 3), "binary": (28, 28, 1)},
    }  # fmt: skip
    return Stage(**{**values, **changes})


def a_line_stage(**changes):
    values = {
        "kind": "line", "file": "lines.tflite", "labels": ("a", " ", "."), "blank": 3, "widths": (64, 128),
        "inputs": {"rgb": (32, 0, 3), "binary": (32, 0, 1)}, "line_calibration": (0.8, -0.1),
    }  # fmt: skip
    return a_stage(**{**values, **changes})


def a_manifest(*stages, **changes):
    values = {"schema": 2, "name": "n", "created": "2026-01-01", "preprocess": "1"}
    return Manifest(**{**values, "stages": stages or (a_stage(),), **changes})


def schema_1(**changes):
    """A manifest as it was written before stages had kinds."""
    stage = {
        "file": "net.tflite", "sha256": "0" * 64, "architecture": "dual_branch", "parameters": 1, "macs": 2,
        "quantization": "int8", "temperature": 1.0, "twin_temperature": None, "escalate_below": None,
    }  # fmt: skip
    values = {
        "schema": 1, "name": "n", "created": "2026-01-01", "preprocess": "1", "labels": ["a", "b"],
        "inputs": {"rgb": [28, 28, 3], "binary": [28, 28, 1]}, "stages": [stage], "combine": "replace", "twins": [],
        "files": {}, "reject": None, "blank": None, "training": {}, "metrics": {},
    }  # fmt: skip
    return {**values, **changes}


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
    assert labels.parse("line+§¶") == (*labels.LINE, "§", "¶")
    assert labels.parse("ab+") == ("a", "b", "+")


@pytest.mark.parametrize("order", ["aa", "x", ""])
def test_labels_that_repeat_or_are_too_few_are_refused(order):
    with pytest.raises(ValueError, match="labels"):
        labels.parse(order)


def test_case_merging_works_for_any_labels():
    assert labels.case_merged(["b", "A", "B", "a", "7"]) == [0, 1, 0, 1, 4]


def test_letters_and_digits_are_no_marks_and_signs_are_even_where_unicode_calls_them_letters():
    assert not any(map(labels.is_mark, [*labels.DEFAULT, *"éÄßøŽяλ", "Ox", labels.REJECT]))
    assert all(map(labels.is_mark, " .-_°²³µºª€£\u2126½…"))
    # Those of the shipped labels that a line stage's training has always called marks.
    assert [c for c in labels.LINE if labels.is_mark(c)] == [
        c for c in labels.LINE if c not in labels.DEFAULT
    ]


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
    made = a_manifest(a_stage(), a_line_stage(), metrics={"n": 3}, files={"card.md": "1" * 64})
    assert manifest.decode(manifest.encode(made)) == made
    assert json.loads(manifest.encode(made))["schema"] == 2


def test_a_manifest_of_schema_1_is_one_of_characters_and_is_written_as_schema_2():
    old = schema_1(labels=["a", "A", "x"], reject=2, twins=["aA"], metrics={"n": 3})
    found = manifest.decode(json.dumps(old).encode())
    stage = a_stage(labels=("a", "A", "x"), reject=2)
    assert found == a_manifest(stage, confusables=("aA",), metrics={"n": 3})
    assert (found.characters, found.lines, found.texts) == ((stage,), (), ("a", "A"))
    assert manifest.decode(manifest.encode(found)) == found


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_manifest_is_read(name):
    text = (shipped(name) / MANIFEST_NAME).read_bytes()
    content, found = json.loads(text), manifest.decode(text)
    assert found.schema == 2
    assert [stage.file for stage in found.stages] == [stage["file"] for stage in content["stages"]]
    assert all(stage.texts == labels.DEFAULT for stage in found.characters)
    assert found.metrics == content["metrics"]


def test_stages_of_a_kind_keep_their_order():
    first, second = a_stage(escalate_below=0.5), a_stage(file="2.tflite")
    made = a_manifest(first, a_line_stage(), second)
    assert (made.characters, made.lines) == ((first, second), (a_line_stage(),))
    assert made.texts == ("a", " ", ".", "b")


def test_a_second_line_stage_which_would_never_run_is_refused():
    content = json.loads(manifest.encode(a_manifest(a_line_stage())))
    content["stages"].append({**content["stages"][0], "file": "more.tflite"})
    with pytest.raises(ManifestError, match="at most one of kind line, found 2"):
        manifest.decode(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": ["a", "a"]}, "labels"),
        ({"labels": 3}, r"Expected `array`, got `int` - at `\$\.stages\[0\]\.labels"),
        ({"stages": []}, "stages: at least one that reads"),
        ({"stages": [3]}, r"\$\.stages\[0\]"),
        ({"stages": 3}, r"\$\.stages"),
        ({"confusables": []}, "this key belongs to schema 2"),
        ({"inputs": {"rgb": [28, 28, 3]}}, "binary"),
        ({"surprise": 1}, "surprise"),
        ({"schema": 9}, "schema 9"),
        ({"files": {"../outside": "0"}}, "plain name"),
        ({"reject": 2}, "2 is no index of the 2 labels"),
        ({"reject": -1}, "-1 is no index"),
        ({"blank": 9}, "9 is no index"),
    ],
)
def test_a_manifest_of_schema_1_that_contradicts_itself_is_refused_with_the_reason(change, words):
    with pytest.raises(ManifestError, match=words):
        manifest.decode(json.dumps(schema_1(**change)).encode())


WRONG_NAMES = ("../x", "", ".", "..", "a\0b", "a\nb", "x" * 256, "manifest.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blank": None}, "blank None: expected 3, the last output"),
        ({"blank": 0}, "blank 0: expected 3"),
        ({"reject": 1}, "reject and twin_temperature belong to stages of kind character"),
        ({"twin_temperature": 1.0}, "reject and twin_temperature"),
        ({"widths": []}, "widths: expected ascending multiples of 4 up to 4096, found none"),
        ({"widths": [64, 65]}, "up to 4096, found 64, 65"),
        ({"widths": [128, 64]}, "found 128, 64"),
        ({"widths": [64, 64]}, "found 64, 64"),
        ({"widths": [0, 64]}, "found 0, 64"),
        ({"inputs": {"rgb": [32, 64, 3], "binary": [32, 64, 1]}}, "the width of a line stage is 0"),
        ({"widths": [64, 4_000_000]}, "up to 4096, found 64, 4000000"),
        ({"line_calibration": [0, 1]}, "a slope of 0.05 to 20 and an offset of -20 to 20, found 0, 1"),
        ({"line_calibration": [1, 1e300]}, "found 1, 1e\\+300"),
        ({"line_calibration": [1e9, 0]}, "found 1e\\+09, 0"),
        ({"escalate_below": -1e-9}, "escalate_below -1e-09 must be between 0 and 1"),
        ({"escalate_below": 2.5}, "escalate_below 2.5 must be"),
        ({"line_calibration": [1]}, "line_calibration"),
        ({"temperature": 0.01}, "temperature 0.01 must be between 0.05 and 20"),
        ({"temperature": 21}, "temperature 21 must be"),
        ({"kind": "page"}, "'page'"),
        (
            {"kind": "character", "blank": None, "inputs": {"rgb": [1, 1, 3], "binary": [1, 1, 1]}},
            "widths and line",
        ),
        (
            {"kind": "character", "widths": [], "blank": None, "line_calibration": None},
            "every side must be at least 1",
        ),
        *(
            ({"file": name}, "plain name")
            for name in ("../x", "", ".", "..", "a\0b", "a\nb", "x" * 256, "manifest.json")
        ),
        ({"labels": ["a", "b", "b"]}, "all different"),
        ({"labels": ["a", ""]}, "one is empty"),
        ({"labels": [str(i) for i in range(3000)], "blank": 3000}, "expected 2 to 2048"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_line_stage_that_contradicts_itself_is_refused_with_the_reason(change, words):
    content = json.loads(manifest.encode(a_manifest(a_line_stage())))
    content["stages"][0] |= change
    with pytest.raises(ManifestError, match=words) as caught:
        manifest.decode(json.dumps(content).encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "other", [{"labels": ("a", "c")}, {"reject": 1}, {"inputs": {"rgb": (9, 9, 3), "binary": (9, 9, 1)}}]
)
def test_character_stages_must_agree_to_run_in_sequence(other):
    with pytest.raises(ValueError, match="must share labels, reject and inputs"):
        a_manifest(a_stage(escalate_below=0.5), a_stage(**other))


def test_keys_of_schema_1_are_unknown_to_schema_2():
    content = json.loads(manifest.encode(a_manifest()))
    with pytest.raises(ManifestError, match="twins"):
        manifest.decode(json.dumps({**content, "twins": []}).encode())


def test_the_manifests_step_is_that_of_the_strips():
    assert (WIDTH_STEP, labels.LINE[0], len(labels.LINE)) == (STEP, " ", 101)


@pytest.mark.parametrize(
    ("silent", "texts"),
    [({}, "abc"), ({"reject": 2}, "ab"), ({"reject": 0}, "bc"), ({"reject": 1, "blank": 2}, "a")],
)
def test_what_means_no_character_is_never_said(silent, texts):
    assert a_manifest(a_stage(labels=tuple("abc"), **silent)).texts == tuple(texts)


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


@pytest.mark.parametrize("key", ["training", "metrics"])
def test_a_manifest_that_is_nested_without_end_is_one_line(key):
    text = json.dumps(json.loads(manifest.encode(a_manifest(a_line_stage()))) | {key: {"a": 0}})
    deep = text.replace('{"a": 0}', '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(ManifestError) as caught:
        manifest.decode(deep.encode())
    assert "\n" not in str(caught.value)
