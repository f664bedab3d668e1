"""Converted detectors: one int8 file for every size, proven on the device's own code."""

import json

import numpy as np
import pytest

from ocr_convert import detectors, write
from ocr_convert.trained import Refused, Trained
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.selftest import exercise, prove
from ocr_edge.contract.files import sha256
from ocr_edge.detect.detector import Detector
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import THRESHOLD
from ocr_edge.errors import ConfigError, ModelError
from ocr_train.scenes import boxed
from ocr_train.scenes.evaluate import LONGEST
from tests.train import scene_data


@pytest.fixture(scope="module")
def trained():
    recipe = {
        "stage": "detect", "architecture": "edges", "sources": [], "epochs": 1, "steps": 10, "batch_size": 4,
        "side": 96, "real": 1.0, "seed": 1,
    }  # fmt: skip
    return Trained(scene_data.edges(), {"recipe": recipe, "labels": [], "best_epoch": 1})


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    path = scene_data.archive(tmp_path_factory.mktemp("scenes") / "scenes.tar", size=(608, LONGEST))
    scenes = boxed.load(f"scenes:{path}")
    return [scenes.of("train")], [scenes.of("validation")]


@pytest.fixture(scope="module")
def converted(trained, sets):
    return detectors.convert(trained, *sets)


@pytest.fixture(scope="module", autouse=True)
def pictures_of_stripes():
    """The network without training sees no letters: a bundle is proven with what it does see."""

    def made(networks):
        rgb = np.stack([scene_data.picture(np.random.default_rng(seed))[0] for seed in range(3)])
        return {
            "scene_rgb": rgb,
            "scene_text": np.stack([text_map(networks, image) >= THRESHOLD for image in rgb]),
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "selftest", made)
        yield


@pytest.fixture(scope="module")
def bundle(converted, trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundles") / "both"
    return write.write_stage(out, converted, bundles.load(bundles.named("fast")), "both", trained.record)


def test_drawn_scenes_in_which_a_detector_sees_too_little_prove_nothing(bundle, monkeypatch):
    monkeypatch.setattr(detectors, "FEWEST_CELLS", 320 * 320)
    with pytest.raises(ConfigError, match="sees none of 120 drawn texts clearly"):
        detectors.selftest(bundle.detectors[0])


def test_int8_finds_what_float_finds(converted):
    assert converted.metrics["float_f"] > 0.3
    assert converted.metrics["converted_f"] >= converted.metrics["float_f"] - detectors.MAX_LOSS
    assert converted.stage.sides == detectors.SIDES
    assert converted.stage.macs > 0


@pytest.mark.parametrize("size", [(160, 160), (100, 300), (480, 400), (33, 470)])
def test_the_map_is_floats_at_every_size(bundle, trained, size):
    image = np.full((*size, 3), 190, np.uint8)
    for column in (0, 1):
        image[size[0] // 4 : size[0] // 2 + 8, 40 + column : size[1] - 30 : 6] = 20
    found = text_map(bundle.detectors[0], image)
    (height, width), _ = bundle.detectors[0].holding(*size)
    filled = np.zeros((1, height, width, 3), np.float32)
    filled[0, : size[0], : size[1]] = image
    wanted = np.asarray(trained.model({"rgb": filled}))[0, : found.shape[0], : found.shape[1], 0]
    assert found.shape == (-(-size[0] // 4), -(-size[1] // 4))
    assert wanted.std() > 0.02
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("size", [(544, 960), (480, 640), (1000, 300)])
def test_a_picture_seen_in_tiles_has_nearly_the_map_of_the_whole(bundle, trained, size):
    image = np.full((*size, 3), 190, np.uint8)
    for column in range(40, size[1] - 30, 6):
        for row in range(30, size[0] - 40, 90):
            image[row : row + 24, column : column + 3] = 20
    found = text_map(bundle.detectors[0], image)
    filled = np.zeros((1, *(-(-side // 32) * 32 for side in size), 3), np.float32)
    filled[0, : size[0], : size[1]] = image
    wanted = np.asarray(trained.model({"rgb": filled}))[0, : found.shape[0], : found.shape[1], 0]
    assert found.shape == (-(-size[0] // 4), -(-size[1] // 4))
    assert wanted.std() > 0.02
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.95


def test_a_bundle_with_a_detector_is_written_proven_and_described(bundle):
    assert [stage.kind for stage in bundle.manifest.stages] == ["detect", "character"]
    right, count = prove(bundle)
    assert right == count
    exercise(bundle)
    card = (bundle.path / "card.md").read_text()
    assert "finds lines" in card
    assert "### Finding lines" in card
    assert "scenes of 96x96 pixels" in card


def test_what_the_detector_finds_are_lines_in_the_pictures_pixels(bundle):
    rng = np.random.default_rng(5)
    image, there = scene_data.picture(rng, (480, 640))
    found = Detector(bundle).detect(image).lines()
    assert found
    for quad in there:
        middle = quad.mean(axis=0)
        near = [line for line in found if np.abs(line.quad.mean(axis=0) - middle).max() < 15]
        assert near, (quad, [line.quad.mean(axis=0) for line in found])


def test_a_bundle_keeps_its_detector_when_another_stage_is_renewed(bundle, converted, trained, tmp_path):
    again = write.write_stage(tmp_path / "again", converted, bundle, "again", trained.record)
    assert [stage.kind for stage in again.manifest.stages] == ["detect", "character"]
    assert len([run for run in again.manifest.training["runs"] if run["stage"] == 1]) == 1
    prove(again)


def test_a_detector_alone_is_refused(converted, trained, tmp_path):
    with pytest.raises(ConfigError, match="a detector alone reads nothing: say with --beside"):
        write.write_stage(tmp_path / "alone", converted, None, "alone", trained.record)


def test_a_detector_that_loses_too_much_is_refused(trained, sets, monkeypatch):
    monkeypatch.setattr(detectors, "device_results", lambda *_: [])
    monkeypatch.setattr(detectors, "pooled", lambda results: 0.5 if results else 0.4)
    with pytest.raises(Refused, match=r"int8 has F 40.00 %, float 50.00 %: at most 1 points may be lost"):
        detectors.convert(trained, *sets)


def test_a_detector_that_sees_other_text_than_promised_fails_its_self_test(bundle, tmp_path):
    path = tmp_path / "altered"
    path.mkdir()
    for file in bundle.path.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    with np.load(path / "selftest.npz") as kept:
        arrays = dict(kept)
    arrays["scene_text"] = np.roll(arrays["scene_text"], 9, axis=2)
    np.savez_compressed(path / "selftest.npz", **arrays)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["selftest.npz"] = sha256(path / "selftest.npz")
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"self-test failed: \d+ of \d+ cells of text are seen otherwise"):
        prove(bundles.load(path))
