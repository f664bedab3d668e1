"""What OpenCV does not tell about a picture file: its kind, its EXIF orientation, whether more pages follow.

Nothing here raises: bytes that are missing read as zero, and what makes no sense is left out.
"""

from typing import Literal

import numpy as np

from ocr_edge.contract.types import Image

ORIENTATION = 0x0112
WIDTH, HEIGHT = 0x0100, 0x0101
MAX_PIECES = 2**18
"""Segments of a file that are looked through: a PNG of 192 MiB in the usual pieces of 8 KiB has a tenth of them."""

READ = ("JPEG", "PNG", "WebP", "TIFF", "BMP")
"""The formats that are decoded, and no others: those of cameras and phones, screens, messengers, scanners and machine
vision. A decoder is code that whoever can send a picture can reach, so one that nobody needs is left out: OpenCV
4.11's for JPEG 2000 writes past its memory (CVE-2025-53644), those for GIF keep every frame of an animation."""

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
    # Known only to be named when they are refused.
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"GIF8": "GIF",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"%PDF-": "PDF",
    **{b"P%d%s" % (number, space): "PNM" for number in range(1, 7) for space in (b"\n", b" ")},
}
_BRANDS = {"HEIC": {b"heic", b"heix", b"mif1", b"msf1"}, "AVIF": {b"avif", b"avis"}}
STILLS = tuple(_BRANDS)
"""Pictures that begin as a video does."""


def kind(data: bytes) -> str:
    """The name of the file format by its first bytes, such as ``JPEG``; empty when it is none we know."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return next((name for name, brands in _BRANDS.items() if data[8:12] in brands), "")
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")


def orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG, PNG or WebP file, 1 (upright) to 8; 1 where there is none.

    Read here and not by OpenCV, whose versions differ in which formats they turn.
    """
    finder = {"JPEG": _exif_in_jpeg, "PNG": _exif_in_png, "WebP": _exif_in_webp}.get(kind(data))
    value = tiff_tags(finder(data)).get(ORIENTATION, 1) if finder else 1
    return value if 1 <= value <= 8 else 1


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
    for _ in range(MAX_PIECES):
        if at + 12 > len(data) or data[at + 4 : at + 8] == b"IEND":
            break
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : at + 8] == b"IEND" and at + 12 <= len(data)


def _byte_order(tiff: bytes) -> Literal["little", "big"] | None:
    if tiff[:2] == b"II":
        return "little"
    return "big" if tiff[:2] == b"MM" else None


def tiff_tags(tiff: bytes) -> dict[int, int]:
    """The first value of each tag of the first page, where it is a whole number of 8, 16 or 32 bits."""
    order = _byte_order(tiff)
    if order is None:
        return {}
    start = int.from_bytes(tiff[4:8], order)
    tags: dict[int, int] = {}
    count = int.from_bytes(tiff[start : start + 2], order)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(tiff)), 12):
        tag, form = (int.from_bytes(tiff[at : at + 2], order) for at in (entry, entry + 2))
        width = {1: 1, 3: 2, 4: 4}.get(form)
        if width is None:
            continue
        values = int.from_bytes(tiff[entry + 4 : entry + 8], order)
        # More than fits into four bytes stands elsewhere.
        at = entry + 8 if width * values <= 4 else int.from_bytes(tiff[entry + 8 : entry + 12], order)
        tags.setdefault(tag, int.from_bytes(tiff[at : at + width], order))
    return tags


def _exif_in_jpeg(data: bytes) -> bytes:
    at = 2
    for _ in range(MAX_PIECES):
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in (0xDA, 0xD9):
            break
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
    for _ in range(MAX_PIECES):
        if at + 8 > len(data):
            break
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"eXIf":
            return data[at + 8 : at + 8 + size]
        at += 12 + size
    return b""


def _exif_in_webp(data: bytes) -> bytes:
    at = 12
    for _ in range(MAX_PIECES):
        if at + 8 > len(data):
            break
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0")
        at += 8 + size + size % 2
    return b""
