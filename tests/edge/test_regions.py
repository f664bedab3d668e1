"""Regions cut out upright, what was read in them brought back, schedules, and pictures of nothing but regions."""

import datetime as dt

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.config import schedule
from ocr_edge.contract.types import Box
from ocr_edge.errors import CaptureError
from ocr_edge.geometry import transform
from ocr_edge.geometry.rectify import MAX_SIDE, moved, problem, rectify
from ocr_edge.reading import Character, Line
from ocr_edge.regions import mask

SIZE = (240, 320)
PICTURE = np.random.default_rng(3).integers(0, 255, (*SIZE, 3), np.uint8)
RECTANGLES = st.tuples(
    st.integers(0, 300), st.integers(0, 220), st.integers(8, 320), st.integers(8, 240)
).filter(lambda box: box[0] + box[2] <= SIZE[1] and box[1] + box[3] <= SIZE[0])


def corners(left, top, width, height):
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def smooth(size=SIZE):
    """A picture without edges: interpolation hardly changes it."""
    y, x = np.mgrid[: size[0], : size[1]]
    gray = 128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 13)
    return np.repeat(gray[:, :, None], 3, axis=2).astype(np.uint8)


@given(RECTANGLES, st.sampled_from([0, 90, 180, 270]))
def test_an_upright_rectangle_is_a_slice(box, rotate):
    left, top, width, height = box
    cut = rectify(PICTURE, corners(*box), rotate)
    expected = np.rot90(PICTURE[top : top + height, left : left + width], -rotate // 90)
    assert np.array_equal(cut.image, expected)
    assert cut.outside == 0


@given(
    RECTANGLES,
    st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=4, max_size=4),
    st.sampled_from([0, 90, 180, 270]),
)
def test_the_matrix_takes_the_crops_corners_to_the_regions(box, moves, rotate):
    quad = [(x + dx * box[2], y + dy * box[3]) for (x, y), (dx, dy) in zip(corners(*box), moves, strict=True)]
    # A corner moves by less than half a side: the sides cannot cross.
    cut = rectify(PICTURE, quad, rotate)
    height, width = cut.image.shape[:2]
    found = transform.apply(cut.matrix, corners(0, 0, width, height))
    assert np.allclose(found, np.roll(quad, rotate // 90, axis=0), atol=0.01)


def test_a_turned_region_is_seen_upright():
    image = smooth()
    back = transform.similarity(20, 1.0, (160, 120), (3, -4))
    turned = cv2.warpPerspective(
        image,
        transform.shift(-0.5, -0.5) @ back @ transform.shift(0.5, 0.5),
        SIZE[::-1],
        flags=cv2.INTER_CUBIC,
    )
    cut = rectify(turned, transform.apply(back, corners(100, 80, 120, 60)))
    assert cut.image.shape == (60, 120, 3)
    assert np.abs(cut.image.astype(int) - image[80:140, 100:220]).max() <= 3


def test_a_box_comes_back_to_where_its_pixels_were():
    quad = [(40, 30), (200, 60), (190, 130), (30, 100)]
    cut = rectify(PICTURE, quad, 90)
    height, width = cut.image.shape[:2]
    line = Line((Character("A", 1.0, Box(0, 0, width, height)), Character("B", 1.0, Box(5, 5, 4, 4))))
    whole, small = (c.box for c in moved(line, cut.matrix, SIZE).characters)
    assert whole.as_list() == [30, 30, 170, 100]
    place = transform.apply(cut.matrix, [(7, 7)])[0]
    assert abs(small.left + small.width / 2 - place[0]) <= 1
    assert abs(small.top + small.height / 2 - place[1]) <= 1


def test_what_lies_outside_of_the_picture_is_filled_and_reported():
    image = np.full((*SIZE, 3), (10, 200, 30), np.uint8)
    cut = rectify(image, corners(280, 100, 80, 20))
    assert cut.outside == pytest.approx(0.5)
    assert (cut.image == (10, 200, 30)).all()
    assert rectify(image, corners(1000, 1000, 80, 20)).outside == 1


def test_a_region_of_absurd_size_is_shrunk():
    cut = rectify(PICTURE, corners(-9000, -10, 20000, 100))
    assert max(cut.image.shape) == MAX_SIDE
    assert np.allclose(transform.apply(cut.matrix, [(MAX_SIDE, cut.image.shape[0])]), [(11000, 90)], atol=1)


@pytest.mark.parametrize(
    ("quad", "said"),
    [
        (corners(10, 10, 100, 50), ""),
        (corners(0, 0, *SIZE[::-1]), ""),
        ([(110, 10), (110, 60), (10, 60), (10, 10)], ""),  # text that runs downwards
        (corners(250, 10, 100, 50), "corner 2 (350, 10) lies outside of the picture of 320x240"),
        ([(10, 10), (110, 60), (110, 10), (10, 60)], "cross"),
        ([(10, 10), (10, 60), (110, 60), (110, 10)], "anticlockwise"),
        ([(10, 10), (110, 10), (30, 20), (10, 60)], "bend inwards"),
        ([(10, 10), (60, 10), (110, 10), (10, 60)], "on one line"),
        (corners(10, 10, 100, 5), "100x5 pixels are too small"),
        ([(10, 10), (float("nan"), 10), (110, 60), (10, 60)], "not a number"),
    ],
)
def test_corners_that_are_no_region_are_named(quad, said):
    assert said in problem(quad, SIZE)
    assert bool(said) == bool(problem(quad, SIZE))


def test_crossed_corners_are_not_cut():
    with pytest.raises(ValueError, match="cross"):
        rectify(PICTURE, [(10, 10), (110, 60), (110, 10), (10, 60)])


def test_coordinates_are_scaled_to_frames_of_the_same_shape_only():
    assert np.allclose(
        transform.apply(transform.scaling((360, 640), (720, 1280)), [(1280, 720)]), [(640, 360)]
    )
    transform.scaling((1080, 1920), (720, 1278))
    with pytest.raises(CaptureError, match="the camera gives 640x480, coordinates are for 1280x720"):
        transform.scaling((480, 640), (720, 1280))


@given(st.lists(RECTANGLES, max_size=3))
def test_nothing_but_the_regions_is_left_and_masking_twice_changes_nothing(boxes):
    quads = [np.array(corners(*box), float) for box in boxes]
    masked = mask.outside(PICTURE, quads)
    inside = np.zeros(SIZE, bool)
    for left, top, width, height in boxes:
        inside[top : top + height, left : left + width] = True
    assert not masked[~inside].any()
    assert np.array_equal(masked[inside], PICTURE[inside])
    assert np.array_equal(mask.outside(masked, quads), masked)


def test_a_mask_stands_regions_that_lie_outside_or_nowhere():
    far = np.array([(1e9, 0), (np.inf, 0), (1e9, 10), (1e9, 10)])
    assert not mask.outside(PICTURE[:, :, 0], [far]).any()


@pytest.mark.parametrize(
    ("spans", "time", "read"),
    [
        ([], "03:00", True),
        (["06:00-22:00"], "06:00", True),
        (["06:00-22:00"], "22:00", False),
        (["22:00-06:00"], "23:59", True),
        (["22:00-06:00"], "05:59", True),
        (["22:00-06:00"], "12:00", False),
        (["00:00-24:00"], "00:00", True),
        (["06:00-08:00", "18:00-20:00"], "19:00", True),
        (["06:00-08:00", "18:00-20:00"], "09:00", False),
    ],
)
def test_a_region_is_read_in_its_spans(spans, time, read):
    assert schedule.active(spans, dt.time.fromisoformat(time)) is read


@pytest.mark.parametrize(
    "span", ["25:00-06:00", "06:60-07:00", "06:00-24:01", "6:00-7:00", "06:00-06:00", "06:00"]
)
def test_a_time_that_does_not_exist_is_refused(span):
    with pytest.raises(ValueError, match="schedule"):
        schedule.active([span], dt.time())
