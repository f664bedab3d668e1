"""Displays and labels that stand out from their scene."""

import cv2
import numpy as np
import pytest

from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Box
from ocr_edge.geometry.transform import apply
from ocr_edge.segment import panels

CORNERS = np.array([(180, 150), (470, 190), (455, 275), (165, 235)], np.float32)


def scene(level: int = 40, ground: int = 190) -> np.ndarray:
    """A tilted panel with a row of bars on it, before a plain wall."""
    panel = np.full((120, 400, 3), level, np.uint8)
    for number in range(6):
        panel[30:90, 40 + 55 * number : 60 + 55 * number] = 255 - level
    matrix = cv2.getPerspectiveTransform(
        np.array([(0, 0), (400, 0), (400, 120), (0, 120)], np.float32), CORNERS
    )
    wall = np.full((480, 640, 3), ground, np.uint8)
    inside = cv2.warpPerspective(np.full((120, 400), 255, np.uint8), matrix, (640, 480)) > 127
    wall[inside] = cv2.warpPerspective(panel, matrix, (640, 480))[inside]
    return wall


@pytest.mark.parametrize(("level", "ground"), [(40, 190), (225, 90)])
def test_a_tilted_panel_is_cut_out_upright_and_its_pixels_lead_back(level: int, ground: int):
    image = scene(level, ground)
    panel = panels.find(image, luminance(image))[0]
    height, width = panel.image.shape[:2]
    corners = apply(panel.back, [(0, 0), (width, 0), (width, height), (0, height)])
    assert np.abs(corners - CORNERS).max() < 16
    # Upright: each column of the middle row is the same above and below.
    rows = luminance(panel.image)[round(0.4 * height) : round(0.6 * height)].astype(int)
    assert np.abs(rows[0] - rows[-1]).mean() < 12
    assert height <= panels.HEIGHT


def test_a_wall_a_gradient_and_noise_have_no_panels():
    wall = np.full((480, 640, 3), 130, np.uint8)
    slope = np.repeat(np.repeat(np.arange(640, dtype=np.float32)[None, :, None] / 2.6, 480, 0), 3, 2).astype(
        np.uint8
    )
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    assert panels.find(wall, luminance(wall)) == []
    assert panels.find(noise, luminance(noise)) == []
    assert len(panels.find(slope, luminance(slope))) <= panels.MAX_PANELS


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (63, 64), (64, 64)])
def test_small_pictures_are_no_error(size: tuple[int, int]):
    image = np.zeros((*size, 3), np.uint8)
    assert panels.find(image, luminance(image)) == []


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ([], False),
        ([Box(120, 110, 60, 12)], False),  # a small line above a number that was not read
        ([Box(120, 130, 160, 40)], True),  # the number itself
        ([Box(60, 130, 160, 12)], True),  # a line that goes on beyond the side: no panel
        ([Box(400, 130, 160, 40)], False),  # somewhere else
    ],
)
def test_a_panel_is_read_where_most_of_it_was_read_or_a_line_goes_on_beyond_it(lines: list[Box], read: bool):
    panel = panels.Panel(np.zeros((1, 1, 3), np.uint8), np.eye(3), Box(100, 100, 200, 100))
    assert panel.is_read(lines) is read
