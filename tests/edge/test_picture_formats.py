"""Pictures of every kind, depth and colour become upright RGB."""

import io
import logging

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from ocr_edge.sources import headers
from ocr_edge.sources.pictures import load
from ocr_edge.sources.pixels import to_bytes, to_rgb

from . import picture_parts as parts
from .picture_parts import close, encoded, scene

put = parts.put


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_common_formats_give_contiguous_rgb(put, form):
    image = load(put(encoded(Pillow.fromarray(scene()), form)))
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert close(image, scene())


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK"])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_every_colour_mode_is_read_as_rgb(put, mode, form):
    try:
        data = encoded(Pillow.fromarray(scene()).convert(mode), form)
    except OSError:
        pytest.skip(f"no {mode} in {form}")
    expected = np.asarray(Pillow.fromarray(scene()).convert(mode).convert("RGB"))
    assert close(load(put(data)), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright_as_their_exif_says(put, form, orientation):
    exif = Pillow.Exif()
    exif[headers.ORIENTATION] = orientation
    data = encoded(Pillow.fromarray(scene()), form, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Pillow.open(io.BytesIO(data))).convert("RGB"))
    assert close(load(put(data)), expected)


def test_a_grey_jpeg_is_turned_too(put):
    exif = Pillow.Exif()
    exif[headers.ORIENTATION] = 6
    assert load(put(encoded(Pillow.fromarray(scene()).convert("L"), "JPEG", exif=exif))).shape == (64, 40, 3)


@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_sixteen_bit_files_use_the_depth_that_their_values_need(put, ending, bits):
    values = np.linspace(0, 2**bits - 1, 64 * 48).reshape(48, 64).astype(np.uint16)
    image = load(put(cv2.imencode(ending, values)[1].tobytes()))
    assert int(image.min()) == 0
    assert int(image.max()) == 255
    assert abs(float(image.mean()) - 127.5) < 2


def test_float_pictures_are_scaled(put):
    values = (scene()[:, :, ::-1] / np.float32(255)).astype(np.float32)
    assert close(load(put(cv2.imencode(".tiff", values)[1].tobytes())), scene(), 1)
    assert to_bytes(np.float32([[[-5.0]], [[5.0]], [[np.nan]]])).ravel().tolist() == [0, 255, 128]


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), ((200, 30, 30), 255), ((255, 240, 120), 0)])
@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_ink_on_a_transparent_ground_stays_visible(put, ink, paper, hidden, form):
    pixels = np.full((40, 90, 4), hidden, np.uint8)
    pixels[:, :, 3] = 0
    for left in (10, 30, 50, 70):
        pixels[8:32, left : left + 6] = (*np.broadcast_to(ink, 3), 255)
    options = {"lossless": True} if form == "WEBP" else {}
    image = load(put(encoded(Pillow.fromarray(pixels), form, **options)))
    assert image[0, 0].tolist() == [paper] * 3
    assert image[20, 12].tolist() == np.broadcast_to(ink, 3).tolist()


def test_a_white_card_with_cut_corners_keeps_white_paper():
    pixels = np.full((60, 100, 4), 255, np.uint8)
    pixels[:5, :5, 3] = 0
    assert to_rgb(pixels).min() == 255


def test_an_invisible_picture_is_blank_paper():
    assert to_rgb(np.zeros((5, 5, 4), np.uint8)).min() == 255


def test_sixteen_bit_alpha_is_measured_by_its_full_range():
    pixels = np.zeros((10, 10, 4), np.uint16)
    pixels[:5, :, 3] = 65535
    image = to_rgb(pixels)
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[9, 9].tolist() == [255, 255, 255]


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(put, form):
    shown = [Pillow.fromarray(np.full((20, 30, 3), level, np.uint8)) for level in (10, 200)]
    image = load(put(encoded(shown[0], form, save_all=True, append_images=shown[1:], duration=100)))
    assert close(image, np.full((20, 30, 3), 10))


def test_a_document_of_several_pages_gives_the_first_and_says_so(put, caplog):
    shown = [Pillow.fromarray(np.full((20, 30, 3), level, np.uint8)) for level in (10, 200)]
    caplog.set_level(logging.WARNING)
    logging.getLogger("ocr_edge").propagate = True
    image = load(put(encoded(shown[0], "TIFF", save_all=True, append_images=shown[1:])))
    assert close(image, np.full((20, 30, 3), 10))
    assert "several pages" in caplog.text
    caplog.clear()
    load(put(encoded(shown[0], "TIFF")))
    assert not caplog.text


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_one_pixel_is_a_picture(put, form):
    assert load(put(encoded(Pillow.new("RGB", (1, 1), "white"), form))).shape == (1, 1, 3)


def test_trailing_bytes_after_a_picture_do_no_harm(put):
    assert close(load(put(encoded(Pillow.fromarray(scene()), "JPEG") + b"trailer" * 100)), scene())
