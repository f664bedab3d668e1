"""Picture files of every kind become upright RGB, or one clear line."""

import io
import logging
import os
import resource
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from ocr_edge import MAX_PIXELS
from ocr_edge.errors import CaptureError
from ocr_edge.sources import decoder, headers, sizes
from ocr_edge.sources.paths import expand, natural
from ocr_edge.sources.pictures import load
from ocr_edge.sources.pixels import to_bytes, to_rgb

REPEATED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def encoded(image: Pillow.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def scene() -> np.ndarray:
    """A picture whose four quarters differ, so that every turn of it shows."""
    image = np.zeros((40, 64, 3), np.uint8)
    image[:20, :32], image[:20, 32:] = (200, 10, 30), (20, 180, 40)
    image[20:, :32], image[20:, 32:] = (10, 30, 220), (240, 240, 240)
    return image


@pytest.fixture
def put(tmp_path: Path):
    def write(data: bytes, name: str = "picture") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def close(found: np.ndarray, expected: np.ndarray, tolerance: int = 6) -> bool:
    inner = np.abs(found.astype(int) - expected.astype(int))
    return found.shape == expected.shape and np.median(inner) <= tolerance and inner.mean() <= 2 * tolerance


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
    assert not capfd.readouterr().err.startswith("Corrupt")


def test_trailing_bytes_after_a_picture_do_no_harm(put):
    assert close(load(put(encoded(Pillow.fromarray(scene()), "JPEG") + b"trailer" * 100)), scene())


def test_a_small_file_takes_little_memory(put, monkeypatch):
    path, asked = put(encoded(Pillow.fromarray(scene()), "JPEG")), []

    class Counting(io.FileIO):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    monkeypatch.setattr("builtins.open", lambda descriptor, _mode: Counting(descriptor))
    load(path)
    assert asked == [path.stat().st_size + 1]


def test_a_file_that_needs_more_memory_than_there_is_is_one_clear_line(put, monkeypatch):
    path = put(encoded(Pillow.fromarray(scene()), "JPEG"))

    class Greedy(io.FileIO):
        def read(self, size=-1):
            raise MemoryError

    monkeypatch.setattr("builtins.open", lambda descriptor, _mode: Greedy(descriptor))
    with pytest.raises(CaptureError, match="too large for the memory of this machine"):
        load(path)


def test_a_daemon_reads_a_large_jpeg_at_half_its_size_and_refuses_other_large_pictures(put, monkeypatch):
    monkeypatch.setattr("ocr_edge.sources.decoder.LIVE_PIXELS", 40 * 64 - 1)
    jpeg = encoded(Pillow.fromarray(scene()), "JPEG", quality=95)
    half = load(put(jpeg), live=True)
    assert close(half, scene()[::2, ::2])
    assert np.array_equal(half, decoder.decode(jpeg, live=True))
    assert load(put(jpeg)).shape == (40, 64, 3)
    for form, options in [("PNG", {}), ("WEBP", {}), ("TIFF", {}), ("JPEG", {"progressive": True})]:
        path = put(encoded(Pillow.fromarray(scene()), form, **options))
        with pytest.raises(CaptureError, match="64x40 is too large, at most 0 million pixels"):
            load(path, live=True)
        assert load(path).shape == (40, 64, 3)


def test_a_daemon_refuses_what_is_small_in_pixels_and_large_in_memory(put, monkeypatch):
    monkeypatch.setattr("ocr_edge.sources.decoder.LIVE_PIXELS", 40 * 64)
    clear = put(encoded(Pillow.fromarray(scene()).convert("RGBA"), "PNG"))
    with pytest.raises(CaptureError, match="8 bits and opaque"):
        load(clear, live=True)
    assert load(clear).shape == (40, 64, 3)
    assert load(put(encoded(Pillow.fromarray(scene()), "PNG")), live=True).shape == (40, 64, 3)


FORMS = [
    ("JPEG", {}, "RGB"),
    ("JPEG", {"progressive": True}, "RGB"),
    ("PNG", {}, "RGB"),
    ("PNG", {}, "RGBA"),
    ("PNG", {}, "LA"),
    ("PNG", {}, "P"),
    ("PNG", {}, "1"),
    ("PNG", {}, "I;16"),
    ("BMP", {}, "RGB"),
    ("BMP", {}, "P"),
    ("WEBP", {}, "RGB"),
    ("WEBP", {"lossless": True}, "RGB"),
    ("WEBP", {"lossless": True}, "RGBA"),
    ("TIFF", {}, "RGB"),
    ("TIFF", {}, "RGBA"),
    ("TIFF", {}, "P"),
    ("TIFF", {"compression": "group4"}, "1"),
    ("TIFF", {}, "F"),
]


@pytest.mark.parametrize(("form", "options", "mode"), FORMS)
def test_size_and_memory_are_known_before_a_picture_is_decoded(form, options, mode):
    data = encoded(
        Pillow.fromarray(scene()).convert("L" if mode in ("I;16", "F") else mode).convert(mode),
        form,
        **options,
    )
    found = sizes.size(data)
    assert (found.width, found.height) == (64, 40)
    decoded = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR if form == "JPEG" else cv2.IMREAD_UNCHANGED
    )
    assert decoded.nbytes <= found.pixels * found.raw <= 2 * decoded.nbytes
    assert (found.working > 0) == bool({"progressive", "lossless"} & set(options))


@pytest.mark.parametrize(
    ("form", "where", "order"),
    [
        ("JPEG", None, "big"),
        ("PNG", (16, 20), "big"),
        ("BMP", (18, 22), "little"),
        ("TIFF", None, "little"),
        ("WEBP", (24, 27), "little"),
    ],
)
def test_what_is_too_large_is_refused_before_a_decoder_sees_it(put, monkeypatch, form, where, order):
    data = bytearray(
        encoded(Pillow.fromarray(scene()), form, **({"exif": Pillow.Exif()} if form == "WEBP" else {}))
    )
    if form == "WEBP":  # the extended header, in front of what there is
        data[12:12] = b"VP8X" + struct.pack("<I", 10) + bytes([0]) * 4 + bytes(6)
    if form == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    elif form == "TIFF":
        for tag in (headers.WIDTH, headers.HEIGHT):
            at = (
                data.index(struct.pack("<HHI", tag, 4 if struct.pack("<HHI", tag, 4, 1) in data else 3, 1))
                + 8
            )
            data[at : at + 2] = struct.pack("<H", 60_000)
    else:
        width = 3 if form == "WEBP" else 4
        for at in where:
            data[at : at + width] = (60_000).to_bytes(width, order)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("a decoder saw it"))
    with pytest.raises(CaptureError, match=r"too large|damaged or cut short"):
        load(put(bytes(data)))


@pytest.mark.parametrize("live", [False, True])
def test_a_format_that_nobody_needs_is_refused_before_a_decoder_sees_it(put, monkeypatch, live):
    seen = {
        name: cv2.imencode(ending, scene())[1].tobytes()
        for name, ending in [("PNM", ".ppm"), ("JPEG 2000", ".jp2")]
    }
    seen |= {"GIF": encoded(Pillow.fromarray(scene()), "GIF"), "": cv2.imencode(".ras", scene())[1].tobytes()}
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("a decoder saw it"))
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: pytest.fail("a decoder saw it"))
    for name, data in seen.items():
        said = (
            f"{name} pictures are not read; save it as JPEG or PNG"
            if name
            else "not a picture; JPEG, PNG, WebP, TIFF and BMP are read"
        )
        with pytest.raises(CaptureError, match=said):
            load(put(data, "photo.jpg"), live)
        with pytest.raises(CaptureError, match=said):
            decoder.decode(data, live)


def test_an_animation_that_claims_a_gigantic_canvas_takes_no_memory(put):
    shown = [Pillow.fromarray(np.full((20, 30, 3), level, np.uint8)) for level in (10, 200)]
    data = bytearray(encoded(shown[0], "GIF", save_all=True, append_images=shown[1:]))
    data[6:10] = b"\x00\x40\x00\x10"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CaptureError, match="GIF pictures are not read"):
        load(put(bytes(data)))
    data = bytearray(encoded(shown[0], "WEBP", save_all=True, append_images=shown[1:]))
    data[24:30] = b"\xff\x1f\x00\xff\x1f\x00"
    with pytest.raises(CaptureError, match="8192x8192 is too large in this form"):
        load(put(bytes(data)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


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


def test_a_picture_that_would_fill_the_memory_is_refused(put):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 9000, MAX_PIXELS // 9000 + 1, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(9001) * (MAX_PIXELS // 9000 + 1), 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(CaptureError, match="too large, at most 67 million pixels"):
        load(put(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"Dear diary,", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC pictures are not read"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(put, data, message):
    with pytest.raises(CaptureError, match=message) as caught:
        load(put(data))
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "none.png", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (Path("a\0b"), "cannot be opened"),
        (Path("n" * 300), "cannot be opened: File name too long"),
    ]:
        with pytest.raises(CaptureError, match=message):
            load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(put):
    path = put(encoded(Pillow.fromarray(scene()), "PNG"))
    path.chmod(0)
    with pytest.raises(CaptureError, match="Permission denied"):
        load(path)


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


def test_a_folder_stands_for_its_pictures_and_videos_in_natural_order(tmp_path):
    names = ["10.png", "2.PNG", "1.jpg", "clip.mp4", "notes.txt", ".hidden.png", "1.annotated.jpg"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "deeper.png").mkdir()
    assert [path.name for path in expand([str(tmp_path)])] == ["1.jpg", "2.PNG", "10.png", "clip.mp4"]


def test_patterns_are_expanded_and_each_file_comes_once(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ["b.png", "a.png", "sub/c.png", "x[1].png"]:
        (tmp_path / name).touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    arguments = [f"{tmp_path}/b.png", f"{tmp_path}/?.png", f"{tmp_path}/**/*.png", f"{tmp_path}/x[1].png"]
    found = [str(path.relative_to(tmp_path)) for path in expand(arguments)]
    assert found == ["b.png", "a.png", "sub/c.png", "x[1].png"]


def test_arguments_that_stand_for_nothing_are_named_after_the_others(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "empty").mkdir()
    found = []
    with pytest.raises(CaptureError) as caught:  # noqa: PT012 - what comes before the error counts
        for path in expand(
            [f"{tmp_path}/no*.png", f"{tmp_path}/empty", "", f"{tmp_path}/a.png", "missing.png"]
        ):
            found.append(path.name)
    assert found == ["a.png", "missing.png"]
    assert "no*.png: matches no file" in str(caught.value)
    assert "empty: no picture or video in this folder" in str(caught.value)


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_any_two_names_can_be_ordered(names):
    first, second = (natural(Path(name)) for name in names)
    assert (first < second) or (second < first) or first == second
