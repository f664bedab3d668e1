"""What OpenCV does not tell about a picture file: its kind, its size, its EXIF orientation, whether more pages follow.

Nothing here raises: bytes that are missing read as zero, and what makes no sense is left out.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from ocr_edge.contract.types import Image

ORIENTATION = 0x0112
WIDTH, HEIGHT = 0x0100, 0x0101

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}


def kind(data: bytes) -> str:
    """The name of the file format by its first bytes, such as ``JPEG``; empty when it is none we know."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"mif1", b"msf1"}:
        return "HEIC"
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")


def orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG, PNG or WebP file, 1 (upright) to 8; 1 where there is none.

    Read here and not by OpenCV, whose versions differ in which formats they turn.
    """
    finder = {"JPEG": _exif_in_jpeg, "PNG": _exif_in_png, "WebP": _exif_in_webp}.get(kind(data))
    value = _tiff_tags(finder(data)).get(ORIENTATION, 1) if finder else 1
    return value if 1 <= value <= 8 else 1


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height as stored, before any turning; None where the header of the format is not known here."""
    finder = _SIZES.get(kind(data))
    return finder(data) if finder else None


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG comes in several passes: to decode it takes memory for all of it, at any scale."""
    return _jpeg_frame(data)[1:2] in {b"\xc2", b"\xc6", b"\xca", b"\xce"}


def turn(image: Image, orientation: int) -> Image:
    """Put a picture upright.

    Args:
        image: Shape ``(H, W, C)``.
        orientation: EXIF orientation, 1 to 8; from 5 on, height and width change places.

    Returns:
        The picture, contiguous; the same object when it is upright already.
    """
    flipped = {
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image,
        6: image[::-1],
        7: image[::-1, ::-1],
        8: image[:, ::-1],
    }.get(orientation, image)
    return np.ascontiguousarray(flipped.transpose(1, 0, 2) if orientation >= 5 else flipped)


def has_more_pages(data: bytes) -> bool:
    """Whether a TIFF file holds a second page (BigTIFF is not looked into)."""
    order = _byte_order(data)
    if order is None or int.from_bytes(data[2:4], order) != 42:
        return False
    first = int.from_bytes(data[4:8], order)
    following = first + 2 + 12 * int.from_bytes(data[first : first + 2], order)
    return int.from_bytes(data[following : following + 4], order) not in (0, first)


def is_whole(data: bytes) -> bool:
    """Whether the pieces of a PNG file fit into it, up to its end mark; True of every other kind.

    OpenCV 4.11 takes as much memory as a piece claims to need, gigabytes for one damaged length.
    """
    if kind(data) != "PNG":
        return True
    at = 8
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def _byte_order(tiff: bytes) -> Literal["little", "big"] | None:
    if tiff[:2] == b"II":
        return "little"
    return "big" if tiff[:2] == b"MM" else None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _tiff_tags(tiff: bytes) -> dict[int, int]:
    """The first value of each tag of the first page, where it is a whole number."""
    order = _byte_order(tiff)
    if order is None:
        return {}
    start = int.from_bytes(tiff[4:8], order)
    tags: dict[int, int] = {}
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(tiff[start : start + 2], order), 12):
        tag, form = (int.from_bytes(tiff[at : at + 2], order) for at in (entry, entry + 2))
        width = 4 if form == 4 else 2
        tags.setdefault(tag, int.from_bytes(tiff[entry + 8 : entry + 8 + width], order))
    return tags


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[12:16] == b"VP8X":
        return 1 + _little(data[24:27]), 1 + _little(data[27:30])
    if data[12:16] == b"VP8L":
        bits = _little(data[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    frame = _jpeg_frame(data)
    return _big(frame[7:9]), _big(frame[5:7])


def _tiff_size(data: bytes) -> tuple[int, int]:
    tags = _tiff_tags(data)
    return tags.get(WIDTH, 0), tags.get(HEIGHT, 0)


def _jpeg_frame(data: bytes) -> bytes:
    """The start of the frame header of a JPEG, from its mark on; empty where there is none."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        mark = data[at + 1]
        if mark == 0xFF:  # a fill byte
            at += 1
            continue
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            return data[at : at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return b""


def _exif_in_jpeg(data: bytes) -> bytes:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 10 : at + 2 + size]
        at += 2 + size
    return b""


def _exif_in_png(data: bytes) -> bytes:
    at = 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"eXIf":
            return data[at + 8 : at + 8 + size]
        at += 12 + size
    return b""


def _exif_in_webp(data: bytes) -> bytes:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0")
        at += 8 + size + size % 2
    return b""


_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "JPEG": _jpeg_size,
    "PNG": lambda data: (_big(data[16:20]), _big(data[20:24])),
    "GIF": lambda data: (_little(data[6:8]), _little(data[8:10])),
    # A negative height means that the rows come from above.
    "BMP": lambda data: (_little(data[18:22]), abs(int.from_bytes(data[22:26], "little", signed=True))),
    "TIFF": _tiff_size,
    "WebP": _webp_size,
}
