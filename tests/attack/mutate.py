"""Bytes made wrong in the ways in which files go wrong, and in those in which people make them wrong."""

import random
import zlib

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1)
HEAD = 64
"""Bytes in which formats say how large everything is."""


def mutate(content: bytes, chance: random.Random, other: bytes = b"") -> bytes:
    """A content with one to six things wrong in it.

    Args:
        content: A whole file.
        chance: Decides.
        other: Another file, of which a part may get into it.
    """
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        at = chance.randrange(min(len(data), HEAD) if chance.random() < 0.5 else len(data)) if data else 0
        length = min(len(data) - at, chance.choice((1, 2, 4, 8, 16, 100, 1000)))
        match chance.randrange(9):
            case 0 | 1:
                width = chance.choice((1, 2, 4))
                value = chance.choice((*EXTREMES, chance.getrandbits(32))) & (256**width - 1)
                data[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))
            case 2:
                if data:
                    data[at] ^= 1 << chance.randrange(8)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = bytes(data[at : at + length]) * chance.choice(
                    (1, 1, 10, 1000 // max(1, length) + 1)
                )
            case 5:
                data[at : at + length] = chance.randbytes(length)
            case 6:
                del data[chance.randrange(len(data) + 1) :]
            case 7:
                start = chance.randrange(len(other) + 1)
                data[at : at + length] = other[start : start + length]
            case 8:
                data[at : at + length] = bytes([chance.choice((0, 0xFF))]) * length
    return bytes(data)


def with_right_sums(png: bytes) -> bytes:
    """A PNG file whose pieces have the check sums that fit them: what is wrong inside gets as far as it can."""
    data, at = bytearray(png), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(data)
