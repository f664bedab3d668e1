"""What a picture's header says a decoder will take: known before a byte of it is decoded.

Each format is read as OpenCV and its libraries read it, so that no file is small here and large there. Nothing here
raises: bytes that are missing read as zero, and a header that makes no sense gives no size.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ocr_edge.sources import headers

MAX_SCANS = 64
"""Passes of a JPEG: progressive ones have about ten, and each pass goes over the whole picture."""
JPEG_PIXELS_A_BYTE = 512
"""A block of 8x8 pixels takes a bit at least."""
DEFLATED = 1032
"""Bytes that one of deflate can stand for at most."""
TILE_WIDTH, TILE_HEIGHT = 0x0142, 0x0143
BITS, PACKING, PHOTOMETRIC, SAMPLES = 0x0102, 0x0103, 0x0106, 0x0115
FAX = (2, 3, 4)
"""Packings of TIFF for one bit a pixel; a row takes a bit at least."""
PACKED = {1: 1, 5: 1400, 7: JPEG_PIXELS_A_BYTE * 4, 8: DEFLATED, 32946: DEFLATED, 32773: 64}
"""The other packings of TIFF that are read, and how many bytes one may stand for: none, LZW (codes of up to 12 bits for
strings of up to 4096), JPEG (of at most four bytes a pixel), deflate under both its numbers, PackBits."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a picture is.

    Attributes:
        width: Pixels, as stored, before any turning.
        height: The same.
        raw: Bytes that a pixel has when it is decoded.
        working: Bytes a pixel that the decoder takes besides.
    """

    width: int
    height: int
    raw: float = 3
    working: float = 0

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height


def size(data: bytes) -> Size | None:
    """The size of a picture of a format that is read; None where its header is damaged or the file too short for it."""
    finder = _FINDERS.get(headers.kind(data))
    found = finder(data) if finder else None
    return found if found and found.width > 0 and found.height > 0 else None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _jpeg(data: bytes) -> Size | None:
    frame, scan = _jpeg_starts(data)
    if not frame or scan + 5 > len(data):
        return None
    height, width, count = _big(frame[5:7]), _big(frame[7:9]), _big(frame[9:10])
    # What does not come in one pass is kept as coefficients of two bytes until it is whole.
    buffered = frame[1] in (0xC2, 0xC6, 0xCA, 0xCE) or data[scan + 4] < count
    if buffered and data.count(b"\xff\xda", scan, data.find(b"\xff\xd9", scan)) > MAX_SCANS:
        return None
    samplings = [(byte >> 4) * (byte & 15) for byte in frame[11 : 10 + 3 * count : 3]]
    found = Size(width, height, 3, 2 * sum(samplings) / max([1, *samplings]) if buffered else 0)
    return found if found.pixels <= JPEG_PIXELS_A_BYTE * len(data) else None


def _jpeg_starts(data: bytes) -> tuple[bytes, int]:
    """The frame header of a JPEG, from its mark on, and where its first scan begins; empty where there is none."""
    at, frame = 2, b""
    for _ in range(headers.MAX_PIECES):
        at = data.find(b"\xff", at)  # as libjpeg does, bytes between segments are passed over
        if at < 0 or at + 4 > len(data):
            break
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
        elif mark in (0x00, 0x01) or 0xD0 <= mark <= 0xD8:  # these have no length
            at += 2
        elif mark in (0xD9, 0xDA):
            return (frame, at) if mark == 0xDA else (b"", 0)
        else:
            length = _big(data[at + 2 : at + 4])
            if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
                frame = data[at : at + 2 + length]
            at += 2 + length
    return b"", 0


def _png(data: bytes) -> Size | None:
    width, height, bits, form = _big(data[16:20]), _big(data[20:24]), _big(data[24:25]), _big(data[25:26])
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(form)
    if data[12:16] != b"IHDR" or samples is None or bits not in (1, 2, 4, 8, 16):
        return None
    if width * height * samples * bits > 8 * DEFLATED * len(data):
        return None
    start = data[: max(0, data.find(b"IDAT"))]
    channels = 4 if samples in (2, 4) or b"tRNS" in start else 1 if form == 0 else 3
    # An animation is put together on canvases of its own.
    return Size(width, height, channels * max(bits, 8) / 8, 12 if b"acTL" in start else 0)


def _bmp(data: bytes) -> Size | None:
    kind = _little(data[14:18])
    if kind == 12:  # OS/2
        return Size(_little(data[18:20]), _little(data[20:22]))
    if not 36 <= kind <= 124:
        return None
    # A negative height means that the rows come from above.
    height = abs(int.from_bytes(data[22:26], "little", signed=True))
    width, bits, packing = _little(data[18:22]), _little(data[28:30]), _little(data[30:34])
    if packing in (0, 3) and width * height * bits > 8 * len(data):
        return None
    return Size(width, height, 4 if bits == 32 else 3)


def _webp(data: bytes) -> Size | None:
    if data[12:16] == b"VP8X":
        # Its alpha and lossless parts are decoded to four bytes, an animation on two canvases of four.
        flags = _little(data[20:21])
        width, height = 1 + _little(data[24:27]), 1 + _little(data[27:30])
        return Size(width, height, 4 if flags & 0x12 else 3, 8 if flags & 0x02 else 4)
    if data[12:16] == b"VP8L" and data[20:21] == b"\x2f":
        bits = _little(data[21:25])
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 4 if bits >> 28 & 1 else 3, 4)
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return Size(_little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF)
    return None


def _tiff(data: bytes) -> Size | None:
    tags = headers.tiff_tags(data)
    width, height = tags.get(headers.WIDTH, 0), tags.get(headers.HEIGHT, 0)
    if not width or not height:
        return None
    bits, packing = tags.get(SAMPLES, 1) * tags.get(BITS, 1), tags.get(PACKING, 1)
    least = height / 8 if packing in FAX else width * height * bits / 8 / PACKED.get(packing, 1e-9)
    if least > len(data):  # libtiff would give what there is, and grey for the rest
        return None
    samples = 3 if tags.get(PHOTOMETRIC, 1) == 3 else tags.get(SAMPLES, 1)
    raw = samples * max(tags.get(BITS, 1), 8) / 8
    # A tile is decoded whole, however little of it the picture fills.
    tile = max(width, tags.get(TILE_WIDTH, 0)) * max(height, tags.get(TILE_HEIGHT, 0))
    return Size(width, height, raw, raw * (tile / (width * height) - 1))


_FINDERS: dict[str, Callable[[bytes], Size | None]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "BMP": _bmp,
    "WebP": _webp,
    "TIFF": _tiff,
}
