"""A picture that is cut short or damaged is one clear line, whichever bytes are wrong."""

import logging
import resource
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from ocr_edge.errors import CaptureError
from ocr_edge.sources import headers, sizes
from ocr_edge.sources.pictures import load

from . import picture_parts as parts
from .picture_parts import close, encoded, scene

put = parts.put

REPEATED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_without_noise_on_stderr(put, form, share, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    data = encoded(Pillow.fromarray(noise), form)
    with pytest.raises(CaptureError, match=r"damaged or cut short|not a picture"):
        load(put(data[: int(len(data) * share)]))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_without_its_last_bytes_is_refused(put, options):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    data = encoded(Pillow.fromarray(noise), "JPEG", **options)
    for missing in (1, 2, 10):
        with pytest.raises(CaptureError, match="damaged or cut short JPEG"):
            load(put(data[:-missing]))


def test_a_jpeg_damaged_inside_is_read_with_a_warning(put, caplog, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    data = bytearray(encoded(Pillow.fromarray(noise), "JPEG"))
    data[9000:9010] = b"\xff\x01" * 5
    caplog.set_level(logging.WARNING)
    logging.getLogger("ocr_edge").propagate = True
    assert load(put(bytes(data))).shape == (200, 300, 3)
    assert "damaged, read as far as it goes" in caplog.text
    assert capfd.readouterr().err == ""


def test_a_file_too_short_for_its_pixels_is_damaged(put):
    """Otherwise a kilobyte would cost what the largest photograph does."""
    for form, order in [("JPEG", ">HH"), ("PNG", ">II"), ("BMP", "<II")]:
        data = bytearray(encoded(Pillow.fromarray(scene()), form))
        at = {"JPEG": data.find(b"\xff\xc0") + 5, "PNG": 16, "BMP": 18}[form]
        data[at : at + struct.calcsize(order)] = struct.pack(order, 8000, 8000)
        with pytest.raises(CaptureError, match=f"damaged or cut short {form}"):
            load(put(bytes(data)))


@pytest.mark.parametrize("packing", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"])
def test_a_tiff_too_short_for_its_pixels_is_damaged(put, packing):
    data = bytearray(
        encoded(
            Pillow.fromarray(scene()).convert("1" if packing == "group4" else "RGB"),
            "TIFF",
            compression=packing,
        )
    )
    for tag in (headers.WIDTH, headers.HEIGHT):
        at = next(at for form in (3, 4) if (at := data.find(struct.pack("<HHI", tag, form, 1))) >= 0)
        data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, 8000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CaptureError, match="damaged or cut short TIFF"):
        load(put(bytes(data)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("packing", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"])
@pytest.mark.parametrize("level", [0, 255])
def test_a_blank_page_is_not_too_short_however_well_it_is_packed(put, packing, level):
    blank = Pillow.new("L", (3000, 4000), level)
    image = blank.convert("1") if packing == "group4" else blank.convert("RGB")
    assert load(put(encoded(image, "TIFF", compression=packing))).shape == (4000, 3000, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_blank_picture_is_not_too_short_however_well_it_is_packed(put, form, mode):
    image = Pillow.new(mode, (6000, 4000), 255 if mode != "RGB" else "white")
    options = (
        {"optimize": True, "progressive": True, "quality": 1}
        if form == "JPEG"
        else {"optimize": True}
        if form == "PNG"
        else {}
    )
    assert load(put(encoded(image, form, **options))).shape == (4000, 6000, 3)


def test_a_jpeg_of_a_thousand_passes_is_refused_and_one_with_bytes_between_its_segments_is_read(put):
    data = encoded(Pillow.fromarray(scene()), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(CaptureError, match="damaged or cut short JPEG"):
        load(put(data[:-2] + data[last:-2] * 1000 + data[-2:]))
    plain = encoded(Pillow.fromarray(scene()), "JPEG")
    start = plain.index(b"\xff\xdb")
    assert close(load(put(plain[:start] + b"\0\x12\xff\x00" + plain[start:])), scene())


MAGIC = [
    b"",
    b"\xff\xd8\xff\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
]


def test_a_piece_that_claims_gigabytes_takes_no_memory(put):
    data = bytearray(encoded(Pillow.fromarray(scene()), "PNG"))
    data[33:37] = b"\xff\xff\xff\xf0"
    with pytest.raises(CaptureError, match="damaged or cut short PNG"):
        load(put(bytes(data)))
    data[8:12] = b"\x7f\xff\xff\xf0"
    assert not headers.is_whole(bytes(data))


@REPEATED
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_random_bytes_are_a_picture_or_a_capture_error(put, magic, rest):
    try:
        image = load(put(magic + rest))
    except CaptureError:
        return
    assert image.ndim == 3


@REPEATED
@given(st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "BMP"]), st.data())
def test_a_picture_with_wrong_bytes_is_a_picture_or_a_capture_error(put, form, data):
    content = bytearray(encoded(Pillow.fromarray(scene()), form))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = load(put(bytes(content)))
    except CaptureError:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3


@given(st.sampled_from(MAGIC), st.binary(max_size=200))
def test_headers_are_read_from_any_bytes(magic, rest):
    found = sizes.size(magic + rest)
    assert found is None or (found.pixels > 0 and found.raw > 0 and found.working >= 0)
    assert 1 <= headers.orientation(magic + rest) <= 8
    assert headers.has_more_pages(magic + rest) in (True, False)
