"""From a map of text to the outlines of lines, and from outlines to crops: geometry alone, without a network."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.detect.crops import crops, cut, taller
from ocr_edge.detect.detector import Pieces
from ocr_edge.detect.joining import FAR_APART, around, joined, without_doubles
from ocr_edge.detect.looks import looks
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import CELL, SHRINK, STRIDE, outlines
from ocr_edge.geometry.transform import apply


def quad(x, y, width, height, degrees=0.0):
    """An outline about a middle, its longer side on top."""
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (corners @ turn + (x, y)).astype(np.float32)


def shown(*quads, size=(480, 640)):
    """The map that a perfect network gives for outlines: what all sides leave that move inwards, by share of a cell."""
    pixels = np.zeros(size, np.uint8)
    for each in quads:
        along, down = each[1] - each[0], each[3] - each[0]
        wide, high = np.linalg.norm(along), np.linalg.norm(down)
        step = SHRINK * min(wide, high)
        right, under = along * step / wide, down * step / high
        inner = each + np.array([right + under, under - right, -right - under, right - under])
        cv2.fillPoly(pixels, [np.round((inner - 0.5) * 16).astype(np.int32)], 255, shift=4)
    small = (size[1] // CELL, size[0] // CELL)
    return cv2.resize(pixels, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def overlap(one, other):
    """Intersection over union."""
    shared, _ = cv2.intersectConvexConvex(one, other)
    return shared / (cv2.contourArea(one) + cv2.contourArea(other) - shared)


@pytest.mark.parametrize("degrees", [0, 4, -20, 45, 80, -90])
@pytest.mark.parametrize(
    ("width", "height", "least"),
    [(400, 120, 0.95), (300, 40, 0.9), (160, 20, 0.8), (90, 11, 0.7), (60, 9, 0.6), (60, 40, 0.8)],
)
def test_an_outline_comes_back_from_its_map(width, height, degrees, least):
    there = quad(320, 240, width, height, degrees)
    (found,), (score,) = outlines(shown(there))
    assert overlap(found, there) > least
    assert score > 0.45


@settings(max_examples=60, deadline=None)
@given(st.floats(100, 380), st.floats(24, 90), st.floats(-89, 89), st.floats(270, 370), st.floats(220, 260))
def test_an_outlines_longer_side_is_its_top_and_it_goes_round_clockwise(width, height, degrees, x, y):
    (found,), _ = outlines(shown(quad(x, y, max(width, 1.5 * height), height, degrees)))
    along, down = found[1] - found[0], found[3] - found[0]
    assert np.linalg.norm(along) >= np.linalg.norm(down)
    assert along[0] * down[1] - along[1] * down[0] > 0


@pytest.mark.parametrize("degrees", [0, 30, -90])
def test_a_taller_outline_keeps_its_middle_its_turn_and_its_width(degrees):
    higher = taller(quad(200, 100, 120, 30, degrees), 1.4)
    assert np.allclose(higher, quad(200, 100, 120, 42, degrees), atol=1e-3)


class Cells:
    """A network that says of each cell how red it is, and knows nothing of its neighbours."""

    sides = (64, 160)
    output = None

    def holding(self, height, width):
        size = tuple(next(side for side in self.sides if side >= n) for n in (height, width))
        return size, self

    def run(self, inputs):
        height, width = inputs["rgb"].shape[1:3]
        return (
            inputs["rgb"][0, ..., :1].reshape(height // CELL, CELL, width // CELL, CELL, 1).mean(axis=(1, 3))
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 9))
def test_tiles_leave_no_cell_out_and_move_none(height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = text_map(Cells(), image)
    filled = np.pad(image, ((0, -height % CELL), (0, -width % CELL), (0, 0)))
    wanted = filled[..., 0].reshape(found.shape[0], CELL, found.shape[1], CELL).mean(axis=(1, 3))
    assert np.allclose(found, wanted)


def test_lines_a_cell_apart_stay_two():
    found, _ = outlines(shown(quad(300, 200, 300, 24), quad(300, 230, 300, 24)))
    assert len(found) == 2


def test_what_is_faint_is_no_text():
    text = shown(quad(300, 200, 300, 40)) * np.float32(0.4)
    assert len(outlines(text)[0]) == 0
    assert len(outlines(text, least_score=0.3)[0]) == 1
    assert len(outlines(np.zeros((40, 40), np.float32))[0]) == 0


def test_pieces_of_a_line_are_joined_and_columns_are_not():
    pieces = [
        quad(100, 100, 100, 20),
        quad(210, 102, 80, 21),
        quad(500, 100, 100, 20),
        quad(100, 140, 100, 20),
    ]
    groups = joined(np.array(pieces))
    assert sorted(groups) == [[0, 1], [2], [3]]
    whole = around(np.array(pieces[:2]))
    assert whole[0][0] == pytest.approx(50, abs=1)
    assert whole[1][0] == pytest.approx(250, abs=1)


def test_characters_that_stand_apart_are_a_line_whatever_their_outlines_say_of_its_turn():
    narrow, on_a_corner = quad(140, 100, 18, 38), quad(180, 101, 36, 33, 45)
    upright = np.roll(narrow, 1, axis=0)  # its longer side on top, as outlines have it
    pieces = [quad(100, 100, 27, 32), upright, on_a_corner, quad(260, 100, 80, 34)]
    assert joined(np.array(pieces)) == [[0, 1, 2, 3]]


def test_a_long_line_is_turned_as_its_pieces_stand_and_not_as_one_of_them():
    pieces = np.array(
        [quad(350, 100, 660, 24, 0.8), quad(1020, 100, 650, 24, -0.8), quad(1690, 101, 660, 24, 0.9)]
    )
    assert np.ptp(around(pieces)[:, 1]) < 40


def test_a_wide_gap_is_bridged_only_where_it_is_asked_for():
    pieces = Pieces(
        np.array([quad(100, 100, 100, 20), quad(260, 100, 100, 20)]), np.array([0.9, 0.7], np.float32)
    )
    assert len(pieces.lines()) == 2
    (line,) = pieces.lines(FAR_APART)
    assert line.pieces == (0, 1)
    assert line.score == pytest.approx(0.8)


@pytest.mark.parametrize("degrees", [30, 90, -60])
def test_pieces_of_a_turned_line_are_joined_from_left_to_right(degrees):
    turn = np.radians(degrees)
    middles = [np.array([300, 300]) + step * np.array([np.cos(turn), np.sin(turn)]) for step in (110, 0)]
    pieces = np.array([quad(*middle, 100, 20, degrees) for middle in middles])
    assert joined(pieces) == [[1, 0]]


@pytest.mark.parametrize("degrees", [0, 8])
def test_letters_far_from_each_other_are_one_line_however_each_of_them_is_turned(degrees):
    # A letter's outline stands where the letter is higher than wide, and a 1 always does.
    turn = np.radians(degrees)
    middles = [np.array([100, 100]) + step * np.array([np.cos(turn), np.sin(turn)]) for step in (0, 50, 100)]
    upright = [quad(*middles[0], 40, 28, degrees + 90), quad(*middles[1], 40, 30, degrees)]
    one = quad(*middles[2], 42, 9, degrees + 90)
    row_below = quad(100, 190, 40, 28, degrees + 90)
    assert joined(np.array([*upright, row_below])) == [[0, 1], [2]]
    number = quad(*(middles[0] - (10, 0)), 150, 40, degrees)
    assert joined(np.array([one, number, row_below]))[0] == [1, 0]
    whole = around(np.array(upright))
    assert np.linalg.norm(whole[1] - whole[0]) > np.linalg.norm(whole[3] - whole[0])


def test_a_title_and_the_small_print_beside_it_are_two_lines():
    assert len(joined(np.array([quad(100, 100, 160, 40), quad(230, 100, 80, 16)]))) == 2


def test_of_two_looks_at_one_line_the_better_stays():
    quads = np.array([quad(100, 100, 200, 30), quad(102, 101, 190, 33), quad(100, 200, 200, 30)])
    assert sorted(without_doubles(quads, np.array([0.7, 0.9, 0.5], np.float32))) == [1, 2]


def test_a_look_keeps_the_pictures_shape_and_fills_with_black():
    image = np.full((300, 500, 3), 200, np.uint8)
    ((seen, scale),) = looks(image, (640,))
    assert scale == pytest.approx(1.28)
    assert seen.shape[0] % STRIDE == 0
    assert seen.shape[1] % STRIDE == 0
    assert (seen[:384, :640] == 200).all()
    assert not seen[384:].any()


def test_a_smaller_look_is_made_of_the_larger_one_and_keeps_the_pictures_scale():
    rows = np.repeat(np.uint8([40, 120, 200]), 100)
    image = np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (300, 500, 3)))
    (_, large), (seen, small) = looks(image, (400, 80))
    assert (large, small) == (pytest.approx(0.8), pytest.approx(0.16))
    assert seen.shape[:2] == (-(-48 // STRIDE) * STRIDE, -(-80 // STRIDE) * STRIDE)
    assert [int(seen[row, 40, 0]) for row in (8, 24, 40)] == [40, 120, 200]


@pytest.fixture
def words():
    """A picture with a light word on it, and its outline."""
    image = np.zeros((200, 400, 3), np.uint8)
    cv2.rectangle(image, (100, 80), (259, 119), (255, 255, 255), -1)
    cv2.rectangle(image, (100, 80), (119, 119), (255, 0, 0), -1)  # its beginning is red
    return image, np.array([[100, 80], [260, 80], [260, 120], [100, 120]], np.float32)


def test_a_level_line_is_cut_out_as_it_is(words):
    image, there = words
    crop = cut(image, there)
    assert (image[75 : 75 + crop.image.shape[0], 84 : 84 + crop.image.shape[1]] == crop.image).all()
    np.testing.assert_allclose(apply(crop.back, [(crop.line.left, crop.line.top)]), [(100, 80)])
    assert (crop.line.width, crop.line.height) == (160, 40)


@pytest.mark.parametrize("degrees", [12, 90, 180, -90, -130])
def test_a_turned_line_is_cut_out_upright_and_goes_back_to_the_picture(words, degrees):
    image, there = words
    matrix = cv2.getRotationMatrix2D((200, 100), -degrees, 1.0)
    turned = cv2.warpAffine(image, matrix, (400, 200))
    moved = cv2.transform(there[None], matrix)[0].astype(np.float32)
    longer_on_top = (
        moved if np.linalg.norm(moved[1] - moved[0]) > np.linalg.norm(moved[3] - moved[0]) else None
    )
    assert longer_on_top is not None
    upright, last = crops(turned, longer_on_top)
    ways = [*upright, last]
    reds = [way.image[way.line.top + 15, way.line.left + 8].tolist()[:2] for way in ways]
    assert any(red > 200 and green < 60 for red, green in reds)
    upright = next(way for way, (red, green) in zip(ways, reds, strict=True) if red > 200 and green < 60)
    middle = (upright.line.left + upright.line.width / 2, upright.line.top + upright.line.height / 2)
    np.testing.assert_allclose(apply(upright.back, [middle])[0], moved.mean(axis=0), atol=2.0)


def test_a_digit_that_stands_alone_is_first_read_upright():
    image = np.zeros((200, 200, 3), np.uint8)
    upright, _ = crops(image, np.array([[80, 160], [80, 40], [110, 40], [110, 160]], np.float32))
    assert len(upright) == 1  # four times as high as wide: a line that was turned
    upright, turned = crops(image, np.array([[80, 120], [80, 40], [120, 40], [120, 120]], np.float32))
    assert len(upright) == 2
    assert upright[0].line.height > upright[0].line.width
    assert turned.line.width > turned.line.height


def test_a_line_at_the_pictures_edge_is_cut_at_it():
    image = np.zeros((60, 100, 3), np.uint8)
    crop = cut(image, np.array([[-10, -4], [120, -4], [120, 30], [-10, 30]], np.float32))
    assert crop.image.shape[1] == 100
    assert min(crop.image.shape) > 0


@pytest.mark.parametrize("degrees", [0, 12, 90])
def test_what_is_cut_out_beside_a_line_leaves_what_is_read_as_it_is(degrees):
    random = np.random.default_rng(1)
    image = random.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    there = quad(200, 150, 120, 30, degrees)
    plain, wider = cut(image, there), cut(image, there, beside=1.0)
    assert (plain.box.left, plain.box.top) == (0, 0)
    assert (plain.box.width, plain.box.height) == plain.image.shape[1::-1]
    assert wider.image.shape[1] == plain.image.shape[1] + 60
    assert (wider.line.left - 30, wider.line.top) == (plain.line.left, plain.line.top)
    box = wider.box
    part = wider.image[box.top : box.bottom, box.left : box.right]
    assert np.abs(part.astype(int) - plain.image).mean() < 3


@pytest.mark.parametrize("degrees", [0, 12, 90])
def test_a_unit_beside_a_number_ends_its_margin_and_a_digit_does_not(degrees):
    image = np.zeros((500, 500, 3), np.uint8)
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    number = quad(250, 250, 200, 60, degrees)
    unit = quad(*(np.array([250, 250]) + along * 126), 40, 20, degrees)  # 6 pixels after the number
    digit = quad(*(np.array([250, 250]) + along * 126), 40, 50, degrees)
    below = quad(
        *(np.array([250, 250]) + along * 126 + np.array([-along[1], along[0]]) * 60), 40, 20, degrees
    )
    alone = cut(image, number, 1.0)
    beside = cut(image, number, 1.0, np.array([unit]))
    assert cut(image, number, 1.0, np.array([digit, below])).image.shape == alone.image.shape
    assert alone.image.shape[1] - beside.image.shape[1] == pytest.approx(1.4 * 60 - 6, abs=2)
    assert beside.line.width == pytest.approx(alone.line.width, abs=2)
    right = beside.line.left + beside.line.width
    assert beside.image.shape[1] - right == pytest.approx(6, abs=2)


def test_a_unit_that_the_outline_of_its_number_takes_in_is_no_double():
    number, unit = quad(250, 100, 400, 100), quad(415, 130, 60, 30)
    better = np.array([0.9, 0.5], np.float32)
    for order in ((number, unit), (unit, number)):
        assert len(without_doubles(np.array(order), better)) == 2
    within = quad(250, 130, 60, 30)  # a piece of a digit
    assert without_doubles(np.array([number, within]), better) == [0]
    digit = quad(415, 100, 60, 90)
    assert without_doubles(np.array([number, digit]), better) == [0]


def test_a_unit_within_a_loose_outline_is_cut_off():
    image = np.zeros((200, 500, 3), np.uint8)
    crop = cut(image, quad(200, 100, 220, 80), others=np.array([quad(325, 120, 50, 24)]))
    assert crop.box.left + crop.box.width == 300 - (90 - 32)  # the unit begins at 300, the crop at 58
    assert crop.line.left + crop.line.width == crop.box.left + crop.box.width
