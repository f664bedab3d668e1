import random

import keras
import numpy as np
import pytest

from ocr_convert import card, line_calibration, line_selftest, lines, write
from ocr_convert.trained import Refused, Trained
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.selftest import prove
from ocr_edge.contract.preprocess import fill, strip
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.lines import LineRecognizer
from ocr_train.architectures import dual_line
from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.rendering.glyphs import Face
from ocr_train.strips.targets import CTC, encoded, greedy
from ocr_train.strips.typefaces import ink
from tests.edge import hand_made_line
from tests.train import line_data

LABELS = (*"0123456789", "blank")
FACE = Face("dots", "", "", 0, "dot-matrix", "0123456789", "drawn-dots", 1)


def line(rng):
    """Two to four dot-matrix digits on paper: learned in seconds."""
    text = "".join(rng.choice("0147") for _ in range(rng.randint(2, 4)))
    mask = np.pad(ink(FACE, text, rng), 6)
    return LineSample(np.repeat(255 - mask[..., None], 3, axis=2), text)


def some(count, seed, split):
    rng = random.Random(seed)
    samples = [line(rng) for _ in range(count)]
    return LineSet("dots", [LineSample(s.image, s.text, split) for s in samples])


def batch(lines_):
    index = {label: i for i, label in enumerate(LABELS)}
    rows = []
    for sample in lines_.samples:
        rgb, binary = strip(sample.image)
        target = encoded(sample.text, index, case=True, marks=True, steps=-(-rgb.shape[1] // 4))
        rows.append((*fill(rgb, binary, 128), target))
    rgb, binary, targets = (np.stack(part) for part in zip(*rows, strict=True))
    return {"rgb": rgb, "binary": binary}, targets


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(1)
    model = dual_line.build(len(LABELS), stem=(8, 4), body=(16, 24), deep=48, blocks=1)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(6e-3, 352)),
        CTC(LABELS),
        jit_compile=False,
    )
    x, y = batch(some(128, 1, "train"))
    model.fit(x, y, batch_size=16, epochs=44, verbose=0)
    recipe = {
        "stage": "line", "architecture": "dual_line", "widths": {"64": 0.5, "128": 0.5}, "sources": [], "epochs": 1,
        "steps": 10, "batch_columns": 640, "real": 0.0, "composed": 0.0, "seed": 1,
    }  # fmt: skip
    return Trained(model, {"recipe": recipe, "labels": list(LABELS), "best_epoch": 1})


@pytest.fixture(scope="module")
def converted(trained):
    return lines.convert(trained, [some(32, 2, "train")], [some(150, 3, "validation")])


def test_int8_reads_as_well_as_float_and_confidences_mean_something(converted):
    assert converted.metrics["float_cer"] < 0.2
    assert converted.metrics["converted_cer"] <= converted.metrics["float_cer"] + lines.MAX_LOSS
    assert converted.stage.widths == (64, 128)
    assert converted.stage.blank == 10
    assert converted.stage.macs > 0


def test_a_bundle_of_lines_and_characters_is_written_proven_and_described(converted, trained, tmp_path):
    beside = bundles.load(bundles.named("fast"))
    bundle = write.write_stage(tmp_path / "both", converted, beside, "both", trained.record)
    assert [stage.kind for stage in bundle.manifest.stages] == ["line", "character"]
    right, n = prove(bundle)
    assert right == n > len(bundles.self_test(beside).labels)
    with np.load(bundle.path / "selftest.npz") as arrays:
        assert tuple(arrays["line_all_labels"]) == bundle.manifest.lines[0].labels
        assert tuple(arrays["all_labels"]) == bundle.manifest.characters[0].labels
    text = (tmp_path / "both" / "card.md").read_text()
    assert "### Lines" in text
    assert "### Characters" in text
    assert text == card.text(bundle.manifest, "reliability.png")


def test_a_line_stage_that_lost_too_much_is_refused(trained, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LOSS", -1.0)
    with pytest.raises(Refused, match="may be lost; nothing was written"):
        lines.convert(trained, [some(8, 2, "train")], [some(8, 3, "validation")])


def test_a_network_that_says_no_numbers_is_refused(trained, monkeypatch):
    monkeypatch.setattr(lines, "float_logits", lambda *_: [np.full((4, 11), np.nan, np.float32)])
    with pytest.raises(Refused, match="no numbers"):
        lines.convert(trained, [some(8, 2, "train")], [some(1, 3, "validation")])


def test_a_loss_that_is_no_number_is_refused(trained, monkeypatch):
    monkeypatch.setattr(lines, "pooled", lambda _: float("nan"))
    with pytest.raises(Refused, match="nan %"):
        lines.convert(trained, [some(8, 2, "train")], [some(8, 3, "validation")])


@pytest.mark.parametrize(("train", "held_out"), [(8, 0), (0, 8)])
def test_without_lines_nothing_is_converted(train, held_out, trained):
    with pytest.raises(ConfigError, match="no line to"):
        lines.convert(trained, [some(train, 2, "train")], [some(held_out, 3, "validation")])


def test_a_strip_wider_than_the_widest_is_cut_and_not_squeezed_as_on_the_device(tmp_path):
    said = "rgbbgr" * 16
    image, _ = hand_made_line.bars(said)
    assert image.shape[1] > 4 * hand_made_line.WIDTHS[-1]
    content = hand_made_line.FILE.read_bytes()
    (scores,) = lines.device_logits(content, [image], hand_made_line.WIDTHS)
    assert greedy(scores, (*hand_made_line.LABELS, "")) == said
    device = LineRecognizer(bundles.load(hand_made_line.write(tmp_path / "bars"))).recognize(image)
    assert log_softmax(scores) == pytest.approx(device.scores)
    narrow, _ = hand_made_line.bars("rg")
    model = line_data.tiny(4)
    found = lines.float_logits(model, [image, narrow, image], hand_made_line.WIDTHS)
    assert [len(rows) for rows in found] == [len(device.scores), narrow.shape[1] // 4, len(device.scores)]
    assert found[0] == pytest.approx(found[2], abs=1e-5)
    # Most steps lie far from a cut, and see what they would in one piece.
    (whole,) = lines.float_logits(model, [image], (image.shape[1],))
    assert np.mean(np.abs(found[0] - whole).max(axis=1) < 1e-4) > 0.9


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (["\u00e9", "\u00fc", "\u00df"], "has any of the 3 labels"),
        (["r", "g", "b"], "none of [1-9][0-9]* drawn lines is read rightly and surely"),
    ],
)
def test_a_bundle_that_drawn_lines_cannot_prove_is_refused(labels, complaint, tmp_path):
    bundle = bundles.load(hand_made_line.write(tmp_path / "bars", labels=labels))
    with pytest.raises(ConfigError, match=complaint):
        line_selftest.drawn(bundle)


def test_confidence_is_fitted_to_how_often_lines_are_right():
    rng = np.random.default_rng(1)
    chances = np.log(rng.uniform(0.05, 0.999, 4000))
    # The truth is less sure than the network says.
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * line_calibration.logit(chances) - 0.7)))
    slope, offset = line_calibration.fit_confidence(chances, right)
    assert slope == pytest.approx(0.5, abs=0.1)
    assert offset == pytest.approx(-0.7, abs=0.15)


def sure_and_doubtful(rng):
    """Most lines nearly certain, the others not at all."""
    chances = np.where(rng.random(3000) < 0.7, -0.003, -rng.exponential(3, 3000))
    return chances, rng.random(3000) < 1 / (1 + np.exp(-0.5 * line_calibration.logit(chances)))


def nearly_all_sure(rng):
    return -rng.exponential(0.001, 3000), rng.random(3000) < 0.99


def alike(rng):
    return np.full(1000, -0.05) + rng.normal(0, 1e-3, 1000), rng.random(1000) < 0.9


@pytest.mark.parametrize("lines_", [sure_and_doubtful, nearly_all_sure, alike])
def test_confidences_of_very_sure_lines_are_their_share_of_right_ones(lines_):
    chances, right = lines_(np.random.default_rng(1))
    slope, offset = line_calibration.fit_confidence(chances, right)
    assert 0.05 <= slope <= 3
    assert abs(offset) <= 6
    confidences = 1 / (1 + np.exp(-(slope * line_calibration.logit(chances) + offset)))
    assert confidences.mean() == pytest.approx(right.mean(), abs=0.005)
    if lines_ is sure_and_doubtful:
        assert slope == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("count", [0, 1, 300])
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("chance", [-1e-9, -0.1, -50.0])
def test_a_calibration_stays_within_limits_where_all_or_none_is_right(chance, right, count):
    slope, offset = line_calibration.fit_confidence(np.full(count, chance), np.full(count, right))
    assert 0.05 <= slope <= 3
    assert abs(offset) <= 6
    if not count:
        assert (slope, offset) == (1, 0)


def test_a_temperature_is_found_that_was_put_in():
    rng = np.random.default_rng(1)
    labels = ("a", "b")
    logits, samples = [], []
    for _ in range(300):
        row = rng.normal(0, 2, (3, 3)).astype(np.float32)
        chances = np.exp(row) / np.exp(row).sum(axis=1, keepdims=True)
        steps = [rng.choice(3, p=p) for p in chances]
        text = "".join(
            labels[s] for s, before in zip(steps, [2, *steps[:-1]], strict=True) if s < 2 and s != before
        )
        if text:
            logits.append(1.6 * row)
            samples.append(LineSample(np.zeros((32, 12, 3), np.uint8), text))
    found = line_calibration.fit_temperature(logits, [LineSet("drawn", samples)], labels)
    assert 1.2 < found < 2.2
