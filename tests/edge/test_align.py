"""A camera that moved is followed by marks, and another scene is never taken for the right one."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.alignment import marks
from ocr_edge.alignment.align import Aligner
from ocr_edge.config.settings import Mark
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.geometry import transform
from ocr_edge.sources import pictures

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (360, 640)
MIDDLE = (SIZE[1] / 2, SIZE[0] / 2)
BOXES = ((116, 70, 48, 40), (480, 66, 40, 48), (118, 248, 44, 44), (476, 226, 48, 48))
GRID = [(x, y) for x in (100, 320, 540) for y in (70, 180, 290)]


def machine(seed=1, size=SIZE):
    """A grey machine with stickers, screws and shadows on it: no fixture may depend on a photograph."""
    random = np.random.default_rng(seed)
    image = np.full((*size, 3), (150, 160, 165), np.float32)
    for _ in range(900):
        corner = random.integers((0, 0), size[::-1])
        colour = [int(value) for value in random.integers(20, 240, 3)]
        if random.random() < 0.5:
            cv2.rectangle(image, corner.tolist(), (corner + random.integers(4, 18, 2)).tolist(), colour, -1)
        else:
            cv2.circle(image, corner.tolist(), int(random.integers(2, 9)), colour, -1)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8), 0, 255).astype(np.uint8)


REFERENCE = machine(3)


def seen(matrix=None, *, light=1.0, noise=2.0, seed=0, image=REFERENCE):
    """What a camera shows after a movement."""
    if matrix is not None:
        centred = transform.shift(-0.5, -0.5) @ matrix @ transform.shift(0.5, 0.5)
        image = cv2.warpPerspective(
            image, centred, image.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
    noisy = image * light + np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def aligner(count=4, search=0.1, boxes=BOXES):
    return Aligner(REFERENCE, [Mark(box=box) for box in boxes[:count]], search, 0.7)


def error(found, matrix):
    """Pixels by which the worst of nine places is missed."""
    return np.linalg.norm(transform.apply(found.matrix, GRID) - transform.apply(matrix, GRID), axis=1).max()


def test_a_camera_that_stands_still_has_not_moved_whatever_the_noise():
    follow = aligner()
    for seed in range(10):
        found = follow.align(seen(seed=seed, noise=4))
        assert not found.lost
        assert np.array_equal(found.matrix, np.eye(3))
        assert found.moved_pixels == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.floats(-55, 55), st.floats(-30, 30), st.floats(0.6, 1.2))
def test_a_shift_is_found_to_half_a_pixel_in_any_light(count, right, down, light):
    matrix = transform.shift(right, down)
    found = aligner(count).align(seen(matrix, light=light))
    assert not found.lost, found.detail
    assert error(found, matrix) < (0.5 if count == 1 else 1.0)
    assert found.moved_pixels == pytest.approx(np.hypot(right, down), abs=1)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("turn", [-10, -4, 7, 10])
@pytest.mark.parametrize("scale", [0.9, 1.0, 1.1])
def test_turn_and_scale_are_found_in_the_first_frame(count, turn, scale):
    matrix = transform.similarity(turn, scale, MIDDLE, (12, -7))
    found = aligner(count).align(seen(matrix, light=0.8))
    assert not found.lost, found.detail
    assert error(found, matrix) < 2


def test_four_marks_follow_a_camera_that_looks_from_the_side():
    matrix = transform.similarity(2, 1.0, MIDDLE, (10, 5))
    matrix[2, :2] = 8e-5, -5e-5
    four = aligner(4).align(seen(matrix))
    two = aligner(2).align(seen(matrix))
    assert error(four, matrix) < 1.5 < error(two, matrix)


def test_a_camera_that_turns_slowly_is_followed():
    follow = aligner(2)
    for step in range(15):
        matrix = transform.similarity(step, 1.0, MIDDLE, (step, 0))
        found = follow.align(seen(matrix, seed=step))
        assert not found.lost, found.detail
        assert error(found, matrix) < 2
    assert follow.align(seen(transform.similarity(25, 1.0, MIDDLE, (0, 0)))).lost


def test_a_picture_that_moved_further_than_allowed_is_lost():
    assert not aligner(2, search=0.1).align(seen(transform.shift(50, 0))).lost
    found = aligner(2, search=0.03).align(seen(transform.shift(50, 0)))
    assert found.lost
    assert found.detail


def test_a_hidden_mark_loses_two_but_not_three():
    frame = seen()
    left, top, width, height = BOXES[1]
    frame[top - 9 : top + height + 9, left - 9 : left + width + 9] = 90
    found = aligner(2).align(frame)
    assert found.lost
    assert found.detail.startswith("mark 2 is not found: match 0.")
    assert not aligner(3).align(frame).lost


def test_marks_that_come_back_are_found_again_where_the_camera_is_now():
    follow, dark = aligner(), np.zeros((*SIZE, 3), np.uint8)
    assert not follow.align(seen()).lost
    for _ in range(7):
        assert follow.align(dark).lost
    matrix = transform.similarity(8, 1.0, MIDDLE, (30, 0))
    found = [follow.align(seen(matrix, seed=seed)) for seed in range(5)]
    assert not found[-1].lost
    assert error(found[-1], matrix) < 2


@pytest.mark.parametrize("name", ["receipt.jpg", "page.png", "render-sign.jpg", "cheque-1.jpg", None])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_another_scene_is_lost(name, count):
    other = machine(7) if name is None else pictures.load(EXAMPLES / name)
    assert aligner(count).align(cv2.resize(other, SIZE[::-1], interpolation=cv2.INTER_AREA)).lost


def test_frames_of_another_size_have_their_own_pixels_and_of_another_shape_are_refused():
    follow = aligner()
    double = cv2.resize(seen(transform.shift(10, 4)), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = follow.align(double)
    assert np.allclose(transform.apply(found.matrix, [(100, 50)]), [(220, 108)], atol=1)
    with pytest.raises(CaptureError, match="the camera gives 480x360, coordinates are for 640x360"):
        follow.align(double[:360, :480])


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ([(600, 50, 48, 40)], "outside of the reference of 640x360"),
        ([(80, 50, 10, 40)], "too small"),
        ([(20, 20, 40, 40)], "plain surface"),
        ([(230, 40, 40, 40)], "shifted, as an edge does"),
        ([(420, 150, 40, 40)], "looks like another place of the reference, at 480, 150"),
        ([(560, 300, 40, 40), (580, 310, 40, 40)], "marks 1 and 2 are 22 pixels apart"),
    ],
)
def test_marks_that_cannot_be_found_again_are_refused_at_the_start(boxes, said):
    reference = REFERENCE.copy()
    reference[:200, :200] = 150
    reference[:, 200:400] = np.where(np.arange(SIZE[0])[:, None, None] < 60, 60, 200)
    reference[150:190, 480:520] = reference[150:190, 420:460]
    found = [Mark(box=box) for box in boxes]
    assert said in marks.problem(reference, found, 0.1)
    with pytest.raises(ConfigError, match=r"picture\.mark: mark"):
        Aligner(reference, found, 0.1, 0.7)
    assert marks.problem(REFERENCE, [Mark(box=box) for box in BOXES], 0.1) == ""
