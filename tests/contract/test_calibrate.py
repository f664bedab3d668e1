"""Calibration as the device does it: two temperatures, and probabilities that stay probabilities."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.calibrate import calibrated, same_shape
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.stage import Stage

LABELS = ("0", "O", "o", "7", "c", "C", "reject")
SAME = same_shape(LABELS, ("0Oo", "cC", "xX"))
LOGITS = arrays.arrays(
    np.float32, (3, len(LABELS)), elements=st.floats(-1000, 1000, width=32, allow_subnormal=False)
)


def test_twins_are_twins_of_each_other_and_all_others_stand_alone():
    assert SAME.sum(axis=1).tolist() == [3, 3, 3, 1, 2, 2, 1]
    assert np.array_equal(SAME, SAME.T)


@given(LOGITS, st.floats(0.25, 4), st.floats(0.25, 4))
def test_rows_sum_to_one_and_shapes_keep_what_the_first_temperature_gives_them(logits, first, second):
    found = np.exp(calibrated(logits, first, second, SAME).astype(np.float64))
    assert found.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-4)
    assert found @ SAME == pytest.approx(np.exp(log_softmax(logits, first)) @ SAME, abs=1e-4)


@given(LOGITS, st.floats(0.25, 4))
def test_the_same_temperature_twice_is_one_temperature(logits, temperature):
    one = np.exp(calibrated(logits, temperature, None, SAME))
    assert np.exp(calibrated(logits, temperature, temperature, SAME)) == pytest.approx(one, abs=1e-4)


def manifest(*thresholds, **changes):
    stages = tuple(
        Stage(
            kind="character",
            file=f"{index}.tflite",
            sha256="0",
            architecture="a",
            parameters=1,
            macs=1,
            quantization="int8",
            labels=("c", "C"),
            inputs={"rgb": (28, 28, 3), "binary": (28, 28, 1)},
            escalate_below=threshold,
        )
        for index, threshold in enumerate(thresholds)
    )
    values = {"schema": 2, "name": "x", "created": "", "preprocess": "1"}
    return manifests.Manifest(**{**values, "stages": stages, **changes})


def test_a_manifest_from_before_there_were_twins_is_read():
    stage = {
        "file": "x",
        "sha256": "0",
        "architecture": "a",
        "parameters": 1,
        "macs": 1,
        "quantization": "int8",
    }
    plain = {
        "schema": 1,
        "name": "x",
        "created": "",
        "preprocess": "1",
        "labels": ["c", "C"],
        "stages": [stage],
    }
    plain["inputs"] = {"rgb": [28, 28, 3], "binary": [28, 28, 1]}
    found = manifests.decode(msgspec.json.encode(plain))
    assert (found.confusables, found.stages[0].twin_temperature) == ((), None)


def test_a_manifest_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="every one but the last needs escalate_below"):
        manifest(None, None)
    with pytest.raises(ValueError, match="stands in two of cC, xC"):
        manifest(None, confusables=("cC", "xC"))
    with pytest.raises(ValueError, match=r"must be between 0\.05 and 20"):
        manifest(None, stages=(msgspec.structs.replace(manifest(None).stages[0], twin_temperature=0.0),))
