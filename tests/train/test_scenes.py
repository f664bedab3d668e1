"""Scenes that a detector learns from: what is drawn, what is real, what is asked of the network."""

import json
import random

import cv2
import keras
import numpy as np
import pytest
from tests.train import scene_data

from ocr_edge.detect.quads import CELL
from ocr_edge.errors import ConfigError
from ocr_train import architectures
from ocr_train.cli import main
from ocr_train.scenes import boxed, clutter
from ocr_train.scenes.boxed import shrunk
from ocr_train.scenes.compose import Composer, Scene
from ocr_train.scenes.feed import four
from ocr_train.scenes.fit import fit
from ocr_train.scenes.kinds import KINDS
from ocr_train.scenes.maps import MapLoss, target
from ocr_train.scenes.matching import Found, matched
from ocr_train.scenes.sheet import LINES, NUMBERS, WORDS, Sheet, box, runs, scaled
from ocr_train.scenes.writing import Writer
from ocr_train.strips.feed import renderer_of


@pytest.fixture(scope="module")
def writer():
    return Writer.of(renderer_of((), 0.0, (), "", ""))


@pytest.fixture(scope="module", autouse=True)
def tiny_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.DETECTORS, "tiny_map", scene_data.tiny)
        yield


def none():
    return np.zeros((0, 4, 2), np.float32)


def test_the_same_seed_draws_the_same_scene_and_another_another(writer):
    composer = Composer(writer)
    one, again, other = (composer.draw(random.Random(seed), (128, 160)) for seed in (4, 4, 5))
    assert (one.image == again.image).all()
    assert (one.quads == again.quads).all()
    assert (one.image != other.image).any()
    assert one.image.shape == (128, 160, 3)


def test_every_kind_of_thing_carries_text_that_stands_out(writer):
    for kind in KINDS:
        sheets = [sheet for seed in range(12) if (sheet := kind(random.Random(seed), writer, (160, 200)))]
        assert any(len(sheet.quads) for sheet in sheets), kind.__name__
        seen = [contrast(sheet, quad) for sheet in sheets for quad in sheet.quads]
        # An emblem may have the colour of the text that it stands behind; such text is not taught.
        assert np.mean([value > 3 for value in seen if value is not None]) > 0.9, kind.__name__


def contrast(sheet, quad):
    """The deviation of colours and outline within a piece of text; None where too little of it is on the sheet."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    shown = np.dstack([sheet.picture, sheet.alpha])
    part = shown[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
    return part.std(axis=(0, 1)).max() if min(part.shape[:2]) > 3 else None


def test_scenes_without_text_are_drawn_too_and_most_have_some(writer):
    composer, rng = Composer(writer), random.Random(1)
    empty = [not len(composer.draw(rng, (96, 96)).quads) for _ in range(60)]
    assert 3 <= sum(empty) <= 40


def test_text_on_a_sheet_is_outlined_where_it_was_written_and_parted_at_wide_gaps():
    sheet = Sheet(np.full((60, 300, 3), 255, np.float32), apart=LINES)
    mask = np.zeros((20, 200), np.uint8)
    mask[:, :80] = mask[:, 120:] = 255
    sheet.write(mask, 40, 30, np.zeros(3, np.float32))
    assert runs(mask, LINES) == [(0, 80), (120, 200)]
    mask[:, 90:120] = 255
    assert len(runs(mask, LINES)) == 1
    assert len(runs(mask, WORDS)) == 2
    first, second = sheet.quads
    np.testing.assert_allclose(first, box(38.8, 28.8, 121.2, 51.2), atol=0.01)
    assert second[0][0] == pytest.approx(158.8)


def test_a_stroke_alone_stays_with_its_nearer_neighbour():
    mask = np.zeros((40, 300), np.uint8)
    for first, last in ((0, 80), (104, 110), (140, 200), (280, 286)):
        mask[:, first:last] = 255
    assert runs(mask, WORDS) == [(0, 110), (140, 200), (280, 286)]  # the last is too far from any
    mask[:, 260:280] = 255
    assert runs(mask, WORDS) == [(0, 110), (140, 200), (260, 286)]


def test_a_number_on_a_display_is_one_outline_with_all_its_ones():
    mask = np.zeros((40, 200), np.uint8)
    for first in (0, 60, 120):  # 111
        mask[:, first : first + 6] = 255
    assert runs(mask, NUMBERS) == [(0, 126)]


def test_ink_is_sharp_however_large():
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 12:20] = 255
    large = scaled(mask, 256)
    assert large.shape == (256, 256)
    soft = ((large > 20) & (large < 235)).mean()
    assert soft < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_clutter_has_the_size_asked_for_and_is_not_blank(seed):
    for make in (clutter.texture, clutter.barcode, clutter.scale_marks):
        made = make(random.Random(seed), (60, 90))
        assert made.shape == (60, 90)
        assert made.std() > 1


def test_the_map_holds_shares_of_cells_and_ignores_what_nobody_can_read():
    quad, unread = box(40, 40, 140, 72), box(10, 100, 60, 120)
    text, weight = np.moveaxis(target((160, 160), quad[None], unread[None]), -1, 0)
    inner = (100 - 16) * (32 - 16) / CELL**2
    assert text.sum() == pytest.approx(inner, rel=0.06)
    assert text[14, 20] == 1
    assert text[14, 8] == 0
    assert weight[27, 8] == 0
    assert weight[14, 20] != 1
    assert weight[0, 0] == 1


def test_around_a_line_in_a_picture_of_which_nothing_else_is_known_only_its_edge_counts():
    weight = target((160, 160), box(40, 40, 140, 72)[None], box(0, 0, 160, 160)[None])[..., 1]
    assert weight[14, 20] > 0
    assert weight[9, 20] == 1
    assert weight[4, 20] == weight[30, 5] == 0


def loss(said, quads, ignored=None):
    there = target((160, 160), quads, none() if ignored is None else ignored)[None]
    return float(MapLoss()(there, np.asarray(said, np.float32)[None, ..., None]))


def test_the_loss_is_least_where_the_map_is_said_and_ignores_the_unreadable():
    quads = box(40, 40, 140, 72)[None]
    right = target((160, 160), quads, none())[..., 0]
    assert loss(right, quads) < loss(np.clip(right, 0.2, 0.8), quads) < loss(1 - right, quads)
    elsewhere = right.copy()
    elsewhere[25:30, 5:20] = 1
    assert loss(elsewhere, quads) > loss(right, quads) + 0.1
    ignored = box(16, 96, 84, 124)[None]
    assert loss(elsewhere, quads, ignored) == pytest.approx(loss(right, quads), abs=1e-4)


def test_matching_follows_the_rule_of_icdar():
    there = np.array([box(0, 0, 100, 20), box(0, 40, 100, 60)])
    near, off, small = box(4, 1, 100, 21), box(200, 200, 260, 220), box(0, 40, 45, 60)
    assert matched(np.array([near, off, small]), there, none()) == Found(1, 3, 2)
    # The same text twice is right once; what lies on unreadable text does not count.
    assert matched(np.array([near, there[0]]), there, none()) == Found(1, 2, 2)
    assert matched(np.array([near, off]), there, np.array([box(190, 190, 300, 230)])) == Found(1, 1, 2)
    counts = Found(1, 3, 2)
    assert (counts.precision, counts.recall, counts.f) == (1 / 3, 0.5, 0.4)
    assert Found().f == 0.0


def test_boxes_of_both_forms_are_read_and_marks_for_unreadable_text_kept_apart():
    quads, ignored = boxed.outlines([[[1, 2, 10, 20], "A"], [[[0, 0], [9, 0], [9, 5], [0, 5]], "###"]], "x")
    np.testing.assert_array_equal(quads, [box(1, 2, 11, 22)])
    assert len(ignored) == 1


@pytest.mark.parametrize("wrong", [[[1, 2, 3], "A"], ["text", "A"], [[1, 2, 3, 4]], 7])
def test_a_box_of_another_form_is_refused_with_what_was_expected(wrong):
    with pytest.raises(
        ConfigError, match=r"^x: expected a box of four corners or left, top, width, height, found"
    ):
        boxed.outlines([wrong], "x")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("words:scenes.tar", "expected scenes:PATH for a detector, found the kind 'words'"),
        ("scenes:missing.tar", "missing.tar does not exist"),
        ("scenes:scenes.tar#test", "no picture with boxes is left"),
    ],
)
def test_a_spec_that_holds_no_scenes_is_refused(spec, said, tmp_path):
    scene_data.archive(tmp_path / "scenes.tar")
    with pytest.raises(ConfigError, match=said):
        boxed.load(spec.replace(":", f":{tmp_path}/"))


@pytest.mark.parametrize("seed", range(12))
def test_outlines_follow_what_they_outline_when_a_photograph_is_seen_otherwise(seed):
    image = np.zeros((200, 300, 3), np.uint8)
    cv2.rectangle(image, (60, 80), (199, 119), (255, 255, 255), -1)
    scene = Scene(image, box(60, 80, 200, 120)[None], none())
    made = boxed.seen(random.Random(seed), scene, 128)
    assert made.image.shape == (128, 128, 3)
    mask = np.zeros((128, 128), np.uint8)
    for quad in np.concatenate([made.quads, made.ignored]):
        cv2.fillPoly(mask, [np.round(quad).astype(np.int32)], 1)
    inside, outside = made.image[mask > 0], made.image[mask == 0]
    assert not inside.size or (inside > 128).mean() > 0.85
    assert not outside.size or (outside > 128).mean() < 0.12


def test_a_run_leaves_a_model_its_record_and_pictures_and_goes_on_as_if_it_never_stopped(tmp_path):
    scene_data.archive(tmp_path / "scenes.tar")
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    (result,) = fit(scene_data.recipe(), whole, data=str(tmp_path), workers=0)
    names = {path.name for path in whole.iterdir()}
    assert {"model.keras", "run.json", "metrics.json", "history.png", "found.png", "progress.json"} <= names
    assert (result.name, result.n) == ("scenes", 3)
    record = json.loads((whole / "run.json").read_text())
    assert record["recipe"]["stage"] == "detect"
    assert record["data"]["scenes"]["n"] == 6

    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ocr_train.epochs.Progress.finished", stop)
        with pytest.raises(Stop):
            fit(scene_data.recipe(), parted, data=str(tmp_path), workers=0)
    fit(scene_data.recipe(), parted, data=str(tmp_path), workers=0, resume=True)
    first, second = (keras.models.load_model(out / "model.keras", compile=False) for out in (whole, parted))
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_training_teaches_a_tiny_network_where_stripes_are(tmp_path):
    scene_data.archive(tmp_path / "scenes.tar", count=24)
    recipe = scene_data.recipe(steps=40, epochs=2, batch_size=6)
    fit(recipe, tmp_path / "run", data=str(tmp_path), workers=0)
    run = json.loads((tmp_path / "run/progress.json").read_text())
    assert run["epochs"][-1]["loss"] < 0.85 * run["epochs"][0]["loss"]


def test_the_network_takes_any_picture_of_whole_cells_and_stays_small():
    model = architectures.build("text_map", 0)
    assert model.count_params() <= 500_000
    for size in ((64, 96), (32, 32)):
        found = np.asarray(model({"rgb": np.zeros((1, *size, 3), np.float32)}))
        assert found.shape == (1, size[0] // CELL, size[1] // CELL, 1)


def test_commands_inspect_measure_and_draw_scenes(tmp_path, capsys):
    scene_data.archive(tmp_path / "scenes.tar")
    spec = f"scenes:{tmp_path}/scenes.tar"
    assert main(["inspect", spec, "--out", str(tmp_path / "sheet.png"), "--count", "4"]) == 0
    assert "validation" in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "sheet.png")).std() > 5
    scene_data.edges().save(tmp_path / "edges.keras")
    measured = [
        "evaluate",
        str(tmp_path / "edges.keras"),
        "--data",
        spec,
        "--json",
        "--pictures",
        str(tmp_path),
    ]
    assert main(measured) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 9
    assert 0 <= found["f"] <= 1
    assert (tmp_path / "found-scenes.png").is_file()
    assert main(["evaluate", str(tmp_path / "edges.keras"), "--data", spec, "words:x.tar"]) == 2


def test_prepared_scenes_are_data_for_training(tmp_path, monkeypatch, writer):
    from ocr_train.prepare import scenes

    monkeypatch.setattr(scenes, "composer", lambda *_: Composer(writer))
    path = scenes.prepare(tmp_path / "drawn.tar", scene_data.recipe(), "data", 6, 1)
    made = boxed.load(f"scenes:{path}")
    assert set(made.splits) == {"train", "validation"}
    assert made.scenes[0].image.shape == (480, 640, 3)


def test_four_small_pictures_stand_in_black_and_none_reaches_into_another():
    inside, beyond = box(10, 10, 60, 30), box(40, 50, 200, 70)
    scenes = [
        Scene(np.full((100, 160, 3), 50 * n, np.uint8), np.stack([inside, beyond]), boxed.NONE)
        for n in (1, 2, 3, 4)
    ]
    whole = four(scenes, 320)
    assert whole.image.shape == (320, 320, 3)
    assert [int(whole.image[y, x, 0]) for y, x in ((0, 0), (0, 160), (160, 0), (160, 160))] == [
        50,
        100,
        150,
        200,
    ]
    assert not whole.image[100:160].any()
    np.testing.assert_allclose(whole.quads[2], inside + np.array((160, 0)))
    np.testing.assert_allclose(whole.quads[1], box(40, 50, 160, 70))


def test_all_of_a_photograph_is_shown_smaller_and_what_is_too_small_is_not_asked_for():
    scene = Scene(
        np.zeros((400, 800, 3), np.uint8), np.stack([box(0, 0, 80, 80), box(0, 200, 80, 220)]), boxed.NONE
    )
    small = shrunk(scene, 160)
    assert small.image.shape == (80, 160, 3)
    np.testing.assert_allclose(small.quads, [box(0, 0, 16, 16)])
    np.testing.assert_allclose(small.ignored, [box(0, 40, 16, 44)])
