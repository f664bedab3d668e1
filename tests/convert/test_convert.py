import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from ocr_convert import quantize
from ocr_convert.adopt import adopt
from ocr_convert.convert import Settings, check_thresholds, convert, device_logits
from ocr_convert.doubts import doubts
from ocr_convert.fold import floor_logits, fold, macs
from ocr_convert.samples import draw
from ocr_convert.trained import Refused, Trained
from ocr_convert.verify import compare
from ocr_edge.bundles import load as bundles
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.recognize.characters import Recognizer
from ocr_train import architectures
from ocr_train.datasets import Dataset
from ocr_train.feed import stack
from ocr_train.fit import scores

from .conftest import LABELS


@pytest.fixture(scope="module")
def written(trained, calibration, held_out, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundles") / "shapes"
    bundle, comparisons = convert(
        [Trained(trained, {})], LABELS, calibration, held_out, out, Settings("shapes", calibration=60)
    )
    return bundle, comparisons


def inputs_of(datasets):
    return stack([sample.glyph for dataset in datasets for sample in dataset.samples])


def test_folding_the_scale_into_the_first_convolution_changes_nothing(trained, held_out):
    inputs = {name: values[:1].astype(np.float32) for name, values in inputs_of(held_out).items()}
    folded = fold(trained)
    assert not any(isinstance(layer, layers.Rescaling) for layer in folded.layers)
    assert np.allclose(folded.predict(inputs, verbose=0), trained.predict(inputs, verbose=0), atol=1e-3)


def test_a_floor_only_cuts_off_what_lies_below_it(trained, held_out):
    inputs = {name: values[:1].astype(np.float32) for name, values in inputs_of(held_out).items()}
    plain = fold(trained).predict(inputs, verbose=0)
    floor = float(np.sort(plain[0])[1])
    cut = floor_logits(fold(trained), floor).predict(inputs, verbose=0)
    assert np.allclose(cut, np.maximum(plain, floor) - floor, atol=1e-4)


def test_the_original_network_costs_sixty_one_million_multiply_adds():
    assert macs(architectures.build("dual_branch", 62)) == 60_829_440


def test_every_operator_of_a_quantized_network_is_int8(written):
    bundle, _ = written
    path = bundle.path / bundle.manifest.stages[0].file
    types = quantize.operator_types(path)
    assert len(types) > 10
    assert quantize.float_operators(path) == []
    assert all("int8" in found for _, found in types)
    assert not any(name in {"MUL", "QUANTIZE", "DEQUANTIZE", "SHAPE"} for name, _ in types)


def test_inputs_quantize_exactly(written):
    network = written[0].networks[0]
    assert set(network.input_quantization.values()) == {(1.0, -128)}
    assert network.output is not None


def test_samples_without_full_contrast_are_refused(trained):
    flat = {"rgb": np.full((4, 28, 28, 3), 100, np.uint8), "binary": np.zeros((4, 28, 28, 1), np.uint8)}
    with pytest.raises(ConfigError, match="reach 0 and 255"):
        quantize.convert(trained, flat)


def test_the_bundle_reads_what_the_float_network_reads(written, held_out):
    bundle, (comparison,) = written
    inputs = inputs_of(held_out)
    found = Recognizer(bundle).recognize_inputs(list(inputs["rgb"]), list(inputs["binary"]))
    assert comparison.agreement >= 0.95
    assert (found.argmax(axis=1) == held_out[0].label_array()).mean() > 0.9
    assert np.allclose(np.exp(found).sum(axis=1), 1, atol=1e-4)


def test_a_class_for_no_character_is_written_but_never_said(trained, calibration, held_out, tmp_path):
    labels = ("0", "1", "reject")
    bundle, _ = convert([Trained(trained, {})], labels, calibration, held_out, tmp_path / "b", Settings("b"))
    recognizer = Recognizer(bundle)
    assert (bundle.manifest.characters[0].reject, bundle.manifest.texts, recognizer.labels) == (
        2,
        ("0", "1"),
        ("0", "1"),
    )
    inputs = inputs_of(held_out)
    found = np.exp(recognizer.recognize_inputs(list(inputs["rgb"]), list(inputs["binary"])))
    truth = held_out[0].label_array()
    assert found.shape == (len(truth), 2)
    assert (found[truth == 2].sum(axis=1) < 0.5).mean() > 0.9
    assert (found[truth < 2].sum(axis=1) > 0.5).mean() > 0.9
    (row,) = bundle.manifest.metrics["validation"]
    assert row["n"] == int((truth < 2).sum())


def test_the_bundle_carries_card_self_test_and_hashes(written):
    bundle, _ = written
    assert set(bundle.manifest.files) == {"card.md", "selftest.npz", "reliability.png"}
    assert (bundle.path / "reliability.png").stat().st_size < 60_000
    card = (bundle.path / "card.md").read_text()
    assert "(reliability.png)" in card
    assert "shapes" in card
    assert "Where it fails" in card
    with np.load(bundle.path / "selftest.npz") as arrays:
        assert tuple(arrays["all_labels"]) == bundle.manifest.characters[0].labels
    test = bundles.self_test(bundle)
    found = Recognizer(bundle).recognize_inputs(list(test.inputs["rgb"]), list(test.inputs["binary"]))
    assert np.array_equal(found.argmax(axis=1), test.labels)


@pytest.mark.parametrize("name", ["1-dual_branch.tflite", "card.md", "selftest.npz"])
def test_a_damaged_bundle_is_refused(written, tmp_path, name):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(written[0].path, copy)
    with (copy / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="damaged"):
        bundles.load(copy)


def test_a_bundle_of_another_preprocessing_is_refused(written, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(written[0].path, copy)
    path = copy / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "preprocess": "0"}))
    with pytest.raises(ModelError, match="preprocessing '0'"):
        bundles.load(copy)


def test_a_network_that_loses_too_much_is_refused_and_nothing_is_written(
    trained, calibration, held_out, tmp_path, monkeypatch
):
    # A converter that damages the network: its output for every glyph is what the last label would get.
    broken = keras.models.clone_model(trained)
    broken.set_weights(trained.get_weights())
    kernel, bias = broken.get_layer("logits").get_weights()
    broken.get_layer("logits").set_weights([kernel * 0, bias + np.eye(3, dtype=np.float32)[2] * 9])
    real = quantize.convert
    monkeypatch.setattr(
        quantize, "convert", lambda model, representative, floor: real(broken, representative)
    )
    with pytest.raises(Refused, match="top-1 fell by"):
        convert(
            [Trained(trained, {})],
            LABELS,
            calibration,
            held_out,
            tmp_path / "out",
            Settings("x", calibration=30),
        )
    assert not (tmp_path / "out").exists()


def test_a_network_that_names_most_wrong_is_refused_unless_forced(trained, calibration, held_out, tmp_path):
    turned = [Dataset(d.name, [replace(s, label=(s.label + 1) % 3) for s in d.samples]) for d in held_out]
    given = ([Trained(trained, {})], LABELS, calibration, turned, tmp_path / "out")
    with pytest.raises(
        Refused, match=r"the float network names \d+\.\d % of 60 held-out glyphs right, expected"
    ):
        convert(*given, Settings("x", calibration=30))
    assert not (tmp_path / "out").exists()
    bundle, _ = convert(*given, Settings("x", calibration=30, force=True))
    no_reject, off = doubts(bundle.manifest)
    assert "has no class for what is no character" in no_reject
    assert "its confidences are off by" in off


def test_a_class_that_loses_too_much_is_refused_even_when_the_whole_does_not():
    truth = np.repeat([0, 1], [300, 9000])
    reference = np.eye(2, dtype=np.float32)[truth]
    converted = reference.copy()
    converted[:12] = converted[:12, ::-1]
    comparison = compare(reference, converted, truth, ("a", "b"))
    assert comparison.loss < 0.005
    assert comparison.refusals() == ["class a lost 4.0 points on 300 glyphs, at most 3 may be lost"]


def test_small_classes_are_reported_and_not_refused():
    truth = np.repeat([0, 1], [100, 9000])
    reference = np.eye(2, dtype=np.float32)[truth]
    converted = reference.copy()
    converted[:12] = converted[:12, ::-1]
    comparison = compare(reference, converted, truth, ("a", "b"))
    assert comparison.refusals() == []
    assert comparison.class_loss["a"] == (100, pytest.approx(0.12))


def test_a_float_bundle_is_marked_so_and_works(trained, calibration, held_out, tmp_path):
    settings = Settings("float", quantized=False)
    bundle, (comparison,) = convert(
        [Trained(trained, {})], LABELS, calibration, held_out, tmp_path / "float", settings
    )
    assert bundle.manifest.stages[0].quantization == "float32"
    assert comparison.agreement == 1.0


def test_two_stages_run_in_sequence(trained, calibration, held_out, tmp_path):
    settings = Settings("cascade", quantized=False, escalate_below=(1.0,), combine="mean")
    stages = [Trained(trained, {}), Trained(trained, {})]
    bundle, comparisons = convert(stages, LABELS, calibration, held_out, tmp_path / "cascade", settings)
    inputs = inputs_of(held_out)
    found = Recognizer(bundle).recognize_inputs(list(inputs["rgb"]), list(inputs["binary"]))
    assert len(bundle.networks) == len(comparisons) == 2
    right = (found.argmax(axis=1) == held_out[0].label_array()).mean()
    assert right > 0.9
    metrics = bundle.manifest.metrics
    assert metrics["pooled"]["top1"] == pytest.approx(right, abs=1e-4)
    assert metrics["conversion"]["converted_top1"] == pytest.approx(right, abs=1e-4)
    first, second = metrics["stages"]
    assert (first["reached"], 0 < second["reached"] <= 1) == (1, True)
    first_macs, second_macs = (stage.macs for stage in bundle.manifest.stages)
    assert metrics["mean_macs"] == pytest.approx(first_macs + second["reached"] * second_macs, abs=1e3)
    assert "run in sequence" in (bundle.path / "card.md").read_text()


def test_stages_need_their_thresholds(trained, calibration, held_out, tmp_path):
    with pytest.raises(ConfigError, match="2 stages need 1 --escalate-below, found 0"):
        convert([Trained(trained, {})] * 2, LABELS, calibration, held_out, tmp_path / "x", Settings("x"))


def test_a_threshold_is_a_confidence():
    with pytest.raises(ConfigError, match="90: expected a confidence"):
        check_thresholds(2, [90])
    with pytest.raises(ConfigError, match="1 stage needs 0 --escalate-below, found 1"):
        check_thresholds(1, [0.5])


def test_a_folder_that_is_no_bundle_is_never_overwritten(trained, calibration, held_out, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is no bundle"):
        convert(
            [Trained(trained, {})], LABELS, calibration, held_out, tmp_path, Settings("x", calibration=30)
        )
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_representative_samples_come_from_every_source_and_class(calibration, held_out):
    inputs = draw([*calibration, *held_out], 12)
    assert inputs["rgb"].shape == (12, 28, 28, 3)
    assert inputs["binary"].shape == (12, 28, 28, 1)
    assert inputs["rgb"].min() == 0
    assert inputs["rgb"].max() == 255


def original(labels):
    """The original project's network: scaling outside, softmax inside, names of its own."""

    def branch(x):
        for filters in (64, 128, 256):
            x = layers.MaxPooling2D((2, 2))(
                layers.Conv2D(filters, (3, 3), activation="relu", padding="same")(x)
            )
        return layers.Flatten()(x)

    colour, gray = keras.Input((28, 28, 3)), keras.Input((28, 28, 1))
    x = layers.concatenate([branch(colour), branch(gray)])
    x = layers.Dropout(0.5)(layers.Dense(256, activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Dense(128, activation="relu")(x))
    return keras.Model([colour, gray], layers.Dense(labels, activation="softmax")(x))


def test_the_original_project_s_network_is_taken_in(held_out, tmp_path):
    theirs = original(3)
    theirs.save(tmp_path / "ocr_model.h5")
    ours = adopt(tmp_path / "ocr_model.h5", 3, 255.0)
    inputs = inputs_of(held_out)
    scaled = [inputs["rgb"] / np.float32(255), inputs["binary"] / np.float32(255)]
    expected = theirs.predict(scaled, verbose=0)
    assert np.allclose(keras.ops.softmax(scores(ours, inputs)), expected, atol=1e-4)


def test_a_file_that_is_no_network_is_not_taken_in(tmp_path):
    (tmp_path / "bad.h5").write_bytes(b"no")
    with pytest.raises(ConfigError, match="not a Keras network"):
        adopt(tmp_path / "bad.h5", 3, 255.0)


def test_device_logits_are_those_of_the_float_network_when_nothing_is_quantized(trained, held_out):
    inputs = {name: values[:8] for name, values in inputs_of(held_out).items()}
    assert np.allclose(
        device_logits(quantize.convert(trained, None), inputs), scores(trained, inputs), atol=1e-2
    )
