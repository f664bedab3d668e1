"""What OpenCV does not tell about a picture file: its kind, its EXIF orientation, whether more pages follow.

Nothing here raises: bytes that are missing read as zero, and what makes no sense is left out.
"""

from typing import Literal

import numpy as np

from ocr_edge.contract.types import Image

ORIENTATION = 0x0112

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
    exif = finder(data) if finder else b""
    order = _byte_order(exif)
    if order is None:
        return 1
    start = int.from_bytes(exif[4:8], order)
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(exif[start : start + 2], order), 12):
        if int.from_bytes(exif[entry : entry + 2], order) == ORIENTATION:
            value = int.from_bytes(exif[entry + 8 : entry + 10], order)
            return value if 1 <= value <= 8 else 1
    return 1


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
