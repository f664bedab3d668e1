"""The networks: how large they are, what they take and give."""

import json

import keras
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.initial import start_from


@pytest.fixture(scope="module")
def model():
    return architectures.build("dual_branch", 62)


def test_dual_branch_has_the_original_number_of_parameters(model):
    assert model.count_params() == 1_961_278


def test_compact_costs_less_than_half_of_the_original_and_takes_the_same():
    compact = architectures.build("compact", 63)
    assert compact.count_params() == 424_191
    assert sum(architectures.macs(layer) for layer in compact.layers) == 26_593_056
    assert {tensor.name for tensor in compact.inputs} == {"rgb", "binary"}
    assert compact.output_shape == (None, 63)


def test_multiply_adds_are_counted_over_convolutions_and_dense_layers(model):
    assert sum(architectures.macs(layer) for layer in model.layers) == 60_829_440


def test_inputs_and_output_are_found_by_name(model):
    assert {tensor.name: tensor.shape for tensor in model.inputs} == {
        "rgb": (None, 28, 28, 3),
        "binary": (None, 28, 28, 1),
    }
    assert model.layers[-1].name == "logits"
    assert model.output_shape == (None, 62)


def test_pixels_are_scaled_inside_the_network(model):
    for name, channels in (("rgb", 3), ("binary", 1)):
        scaled = model.get_layer(f"{name}_scale")(np.full((1, 28, 28, channels), 255.0, np.float32))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(scaled), 1.0, rtol=1e-6)


@pytest.mark.parametrize("labels", [2, 10, 100])
def test_any_number_of_labels_can_be_told_apart(labels):
    assert architectures.build("dual_branch", labels).output_shape == (None, labels)


def test_logits_stay_float32_in_a_mixed_precision_training():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = architectures.build("dual_branch", 4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.get_layer("dense_128").compute_dtype == "bfloat16"
    assert mixed.output.dtype == "float32"


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'dual_brunch' is unknown; known are dual_branch"):
        architectures.build("dual_brunch", 62)


def test_a_network_whose_first_convolution_sees_more_starts_with_what_the_smaller_one_says(tmp_path):
    keras.utils.set_random_seed(3)
    small, large = architectures.build("lean", 10), architectures.build("lean_stem32", 10)
    small.set_weights([w + 0.1 * np.random.default_rng(1).random(w.shape) for w in small.get_weights()])
    small.save(tmp_path / "model.keras")
    start_from(large, tmp_path / "model.keras", "0123456789")
    rng = np.random.default_rng(0)
    pixels = {
        "rgb": rng.integers(0, 256, (4, 28, 28, 3)).astype(np.uint8),
        "binary": (rng.integers(0, 2, (4, 28, 28, 1)) * 255).astype(np.uint8),
    }
    np.testing.assert_allclose(
        large.predict(pixels, verbose=0), small.predict(pixels, verbose=0), rtol=1e-3, atol=1e-3
    )


def test_a_line_network_with_more_labels_says_the_same_of_what_it_knew(tmp_path):
    keras.utils.set_random_seed(3)
    small, large = line_data.tiny(4), line_data.tiny(5)
    small.save(tmp_path / "model.keras")
    (tmp_path / "run.json").write_text(json.dumps({"labels": [*"abc", "blank"]}))
    start_from(large, tmp_path / "model.keras", (*"abc§", "blank"))
    rng = np.random.default_rng(0)
    pixels = {
        "rgb": rng.integers(0, 256, (2, 32, 64, 3)).astype(np.uint8),
        "binary": (rng.integers(0, 2, (2, 32, 64, 1)) * 255).astype(np.uint8),
    }
    found = large.predict(pixels, verbose=0)
    np.testing.assert_allclose(
        found[..., [0, 1, 2, 4]], small.predict(pixels, verbose=0), rtol=1e-4, atol=1e-4
    )
    assert 3 not in found.argmax(axis=-1)


@pytest.mark.parametrize("name", ["lean_stem32", "folded", "dual_branch"])
def test_a_network_of_another_shape_gives_no_start(tmp_path, name):
    architectures.build(name, 10).save(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match="not a network to start from"):
        start_from(architectures.build("lean", 10), tmp_path / "model.keras", "0123456789")
