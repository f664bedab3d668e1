"""Regions of a frame, from its pixels to what is said."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.errors import ModelError
from ocr_edge.sources.base import Frame
from tests.edge import hand_made_line

from . import scene_parts as parts
from .scene_parts import CROP, HEAD, PLACE, SIZE, look, region, scene, table

model = parts.model


def test_a_region_is_read_alone_and_its_boxes_are_the_frames(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    (reading,) = look(scene_, *[table()] * 4)
    assert (reading.text, reading.region) == ("15346", "amount")
    box = reading.lines[0].box
    assert PLACE[0] <= box.left < box.right <= PLACE[0] + CROP[0]
    assert PLACE[1] <= box.top < box.bottom <= PLACE[1] + CROP[1]


def test_frames_in_which_nothing_changes_are_not_read_again(model: bundles.Bundle):
    scene_, counters = scene(model, HEAD + region())
    look(scene_, *[table()] * 20)
    assert counters.read == 3
    assert counters.unchanged == 17
    look(scene_, table(), start=100)  # later than reread_s
    assert counters.read == 4


def test_a_change_is_read_and_said(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    said = look(scene_, *[table()] * 6, *[table("558")] * 6)
    assert [reading.text for reading in said] == ["15346", "5558"]


def test_a_frame_of_another_size_is_scaled_and_one_of_another_shape_is_refused(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region(more="text_height = 30"))
    larger = cv2.resize(table(), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    (reading,) = look(scene_, *[larger] * 4)
    assert reading.text == "15346"
    assert look(scene_, table()[:, :400], start=50) == []
    assert "400x480" in scene_.problems["picture"]


def test_a_region_sleeps_outside_of_its_schedule(model: bundles.Bundle):
    # 1e9 seconds is one moment of one day; in no time zone is it both of these.
    scene_, counters = scene(
        model, HEAD + region("a", 'schedule = ["00:00-12:00"]') + region("b", 'schedule = ["12:00-24:00"]')
    )
    said = look(scene_, *[table()] * 5)
    assert len(said) == 1
    assert counters.read == 3


def test_an_answer_reads_no_more_frames_than_it_needs(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    frames = iter([Frame(table(), 0.0, float(index), "camera") for index in range(9)])
    (reading,) = scene_.answer(frames)
    assert reading.text == "15346"
    assert len(list(frames)) == 6


def test_an_answer_without_text_says_why(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region())
    blank = np.full((*SIZE, 3), 200, np.uint8)
    (reading,) = scene_.answer([Frame(blank, 0.0, 0.0, "camera")])
    assert (reading.text, reading.why) == ("", "no text")


def test_what_is_shown_holds_the_regions_alone_if_that_is_wanted(model: bundles.Bundle):
    image = table()
    shown = scene(model, HEAD + "blank_outside = true\n" + region())[0].shown(image)
    left, top = PLACE
    assert np.array_equal(
        shown[top + 2 : top + 50, left + 2 : left + 140], image[top + 2 : top + 50, left + 2 : left + 140]
    )
    shown[top - 1 : top + CROP[1] + 2, left - 1 : left + CROP[0] + 2] = 0
    assert not shown.any()
    assert scene(model, HEAD + region())[0].shown(image) is image


def test_a_pause_counts_although_the_empty_picture_does_not_change(model: bundles.Bundle):
    scene_, _ = scene(model, HEAD + region() + "[stabilize]\nagain_after_s = 5\n")
    blank = np.full((*SIZE, 3), 200, np.uint8)
    said = (
        look(scene_, *[table()] * 4)
        + look(scene_, *[blank] * 20, start=5)
        + look(scene_, *[table()] * 4, start=20)
    )
    assert [reading.text for reading in said] == ["15346", "15346"]


def test_a_scene_proves_its_networks(tmp_path: Path):
    right = bundles.load(hand_made_line.write(tmp_path / "right"))
    scene(right, HEAD + region())[0].prove()
    wrong = bundles.load(hand_made_line.write(tmp_path / "wrong", labels=["g", "r", "b"]))
    with pytest.raises(ModelError, match="self-test failed"):
        scene(wrong, HEAD + region())[0].prove()


def test_regions_that_had_no_time_have_their_turn_with_the_next_frame(model: bundles.Bundle, monkeypatch):
    from ocr_edge.daemon import scene as scenes

    monkeypatch.setattr(scenes, "FRAME_LIMIT_S", 0.0)
    scene_, _ = scene(model, HEAD + region("a") + region("b") + region("c"))
    said = look(scene_, *[table()] * 9)
    assert [reading.region for reading in said] == ["a", "b", "c"]
