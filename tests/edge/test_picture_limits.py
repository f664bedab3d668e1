"""A picture that is too large, or of a format that nobody needs, is refused before a decoder sees it."""

import io
import resource
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ocr_edge import MAX_PIXELS
from ocr_edge.errors import CaptureError
from ocr_edge.sources import decoder, headers, sizes
from ocr_edge.sources.pictures import load

from . import picture_parts as parts
from .picture_parts import close, encoded, scene

put = parts.put


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


def test_a_picture_that_would_fill_the_memory_is_refused(put):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 9000, MAX_PIXELS // 9000 + 1, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(9001) * (MAX_PIXELS // 9000 + 1), 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(CaptureError, match="too large, at most 67 million pixels"):
        load(put(data))
