"""Glyphs without a font (dot-matrix, seven-segment), and effects that turn a font into a display."""

import cv2
import numpy as np

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Image

Drawn = tuple[Image, int, int, float]
"""Mask, left, top (below the baseline) and advance, as ``glyphs.rasterise`` gives them."""

# Five column bytes a character, 0-9 A-Z a-z, lowest bit on top: the common face of character displays.
_COLUMN_BYTES = bytes.fromhex(
    "3E5149453E00427F400042615149462141454B311814127F1027454545393C4A49493001710905033649494936"
    "064949291E7E1111117E7F494949363E414141227F4141221C7F494949417F090909013E4149497A7F0808087F"
    "00417F41002040413F017F081422417F404040407F020C027F7F0408107F3E4141413E7F090909063E4151215E"
    "7F09192946464949493101017F01013F4040403F1F2040201F3F4038403F631408146307087008076151494543"
    "20545454787F484444383844444420384444487F3854545418087E0901020C5252523E7F0804047800447D4000"
    "2040443D007F1028440000417F40007C041804787C0804047838444444387C14141408081414187C7C08040408"
    "4854545420043F4440203C4040207C1C2040201C3C4030403C44281028440C5050503C4464544C44"
)
_COLUMNS = {char: _COLUMN_BYTES[5 * i : 5 * i + 5] for i, char in enumerate(DEFAULT)}
# The same for marks; those of ``_POINTS`` below are smaller.
_MARK_BYTES = {
    "/": "2010080402", "%": "2313086462", "+": "08083E0808", "(": "001C224100", ")": "0041221C00", "°": "0006090906",
    "=": "1414141414", "*": "14083E0814", "!": "00005F0000", "?": "0201510906", "$": "242A7F2A12", "#": "147F147F14",
    "&": "3649552250", "<": "0814224100", ">": "0041221408", "'": "0000050300", '"': "0007000700", "@": "324979413E",
}  # fmt: skip
DOT_MARKS = "".join(_MARK_BYTES) + ".:-,"
"""Marks that a dot-matrix display shows."""
_COLUMNS |= {mark: bytes.fromhex(columns) for mark, columns in _MARK_BYTES.items()}
_POINTS = {".": [(4, 6)], ":": [(2, 2), (2, 5)], "-": [(1, 3), (2, 3), (3, 3)], ",": [(2, 6), (1, 7)]}

_LIT = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc"}
_LIT |= {"7": "abc", "8": "abcdefg", "9": "abfgcd", "-": "g"}
DOT_VARIANTS, SEGMENT_VARIANTS = 12, 72
WIDE_FROM = 24
"""Variants of segments from here on are those of electricity meters: wide digits, thin strokes, gaps that show."""
PARTED_FROM = 48
"""Variants of segments from here on stand apart, most of them slanted, as on cheap glass."""


def dots(char: str, variant: int, cap: int) -> Drawn | None:
    """A 5x7 dot-matrix character; the variant chooses dot size, roundness and proportion."""
    if char in _COLUMNS:
        columns = _COLUMNS[char]
        lit = [(x, y) for x in range(5) for y in range(7) if columns[x] >> y & 1]
    else:
        lit = _POINTS.get(char, [])
    if not lit:
        return None
    pitch = cap / 7
    across = pitch * (0.85, 1.0, 1.1)[variant % 3]
    size = pitch * (0.78, 0.92, 1.04, 0.86)[variant % 4]
    mask = np.zeros((round(cap * 8.5 / 7), round(across * 6)), np.uint8)
    for x, y in lit:
        centre_x, centre_y = (x + 0.5) * across, (y + 0.5) * pitch
        if variant % 2:
            _disc(mask, centre_x, centre_y, size / 2)
        else:
            left, top = round(centre_x - size / 2), round(centre_y - size / 2)
            mask[max(top, 0) : top + round(size), max(left, 0) : left + round(size)] = 255
    return mask, 0, -cap, across * 6


def segments(char: str, variant: int, cap: int) -> Drawn | None:
    """A seven-segment digit; the variant chooses thickness, gaps, width and slant."""
    width = cap * (0.48, 0.54, 0.6)[variant % 3]
    thick = cap * (0.10, 0.13, 0.16, 0.19)[variant % 4]
    gap = cap * (0.0, 0.012, 0.025)[variant // 2 % 3]
    slant = (0.0, 0.09, 0.0, 0.17)[variant // 6 % 4]
    if variant >= WIDE_FROM:
        width = cap * (0.58, 0.66, 0.74, 0.82)[variant % 4]
        thick = cap * (0.07, 0.095, 0.12)[variant % 3]
        gap = cap * (0.012, 0.025, 0.04)[variant // 3 % 3]
    if variant >= PARTED_FROM:
        width = cap * (0.5, 0.58, 0.66)[variant % 3]
        thick = cap * (0.09, 0.12, 0.15)[variant // 3 % 3]
        gap = cap * (0.03, 0.05, 0.07)[variant // 2 % 3]
        slant = (0.09, 0.13, 0.17, 0.0)[variant % 4]
    ends = "67" if variant % 5 < 3 else ""
    mask = np.zeros((cap, round(width + slant * cap) + 1), np.uint8)
    if char in ".,":
        mask[-round(thick) :, : round(thick)] = 255
        return mask, 0, -cap, thick * 1.4
    if char == ":":
        for middle in (0.33, 0.67):
            mask[round(cap * middle - thick / 2) : round(cap * middle + thick / 2), : round(thick)] = 255
        return mask, 0, -cap, thick * 2
    # Some displays leave the tail of 6 and the hook of 7 and 9 to the maker's taste.
    lit = _LIT.get(char, "")
    if char == "6" and not ends:
        lit = lit.replace("a", "")
    if char == "7" and variant % 7 == 3:
        lit += "f"
    if char == "9" and variant % 5 == 4:
        lit = lit.replace("d", "")
    middle, half, far = cap / 2, thick / 2, width - thick / 2
    lines = {
        "a": (half, half, far, half),
        "b": (far, half, far, middle),
        "c": (far, middle, far, cap - half),
        "d": (half, cap - half, far, cap - half),
        "e": (half, middle, half, cap - half),
        "f": (half, half, half, middle),
        "g": (half, middle, far, middle),
    }
    for name in lit:
        _segment(mask, lines[name], half, gap, slant)
    return (mask, 0, -cap, width * 1.3) if lit else None


def stencil(mask: Image, char: str, variant: int, cap: int) -> Image:
    """Cut the bridges of a stencil: upright gaps through letters whose counters would fall out."""
    if char not in "04689ABDOPQRabdegopq":
        return mask
    result = mask.copy()
    gap = max(3, round(cap * (0.06, 0.08, 0.1)[variant % 3]))
    columns = np.flatnonzero((mask > 100).any(axis=0))
    if len(columns) < 4 * gap:
        return mask
    middle = int(columns[0] + columns[-1]) // 2
    result[:, middle - gap // 2 : middle - gap // 2 + gap] = 0
    return result


def through_grid(mask: Image, variant: int, cap: int) -> Image:
    """A glyph as a lamp sign shows it: only the dots of a fixed grid."""
    pitch = cap / (11, 13, 16)[variant % 3]
    padded = np.pad(mask, (0, int(pitch) + 1))
    columns, rows = int(padded.shape[1] / pitch), int(padded.shape[0] / pitch)
    level = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    result = np.zeros_like(padded)
    radius = pitch * (0.42, 0.5, 0.56)[variant // 3 % 3]
    for y, x in np.argwhere(level > 110):
        _disc(result, (x + 0.5) * pitch, (y + 0.5) * pitch, radius)
    return result


def _disc(mask: Image, x: float, y: float, radius: float) -> None:
    cv2.circle(mask, (round(x * 16), round(y * 16)), round(radius * 16), 255, -1, cv2.LINE_AA, 4)


def _segment(
    mask: Image, line: tuple[float, float, float, float], half: float, gap: float, slant: float
) -> None:
    """One bar with pointed ends, kept ``gap`` away from its neighbours."""
    start, end = np.array(line[:2]), np.array(line[2:])
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]]) * half
    start, end = start + along * gap, end - along * gap
    near, far = start + along * half, end - along * half
    points = np.stack([start, near + across, far + across, end, far - across, near - across])
    points[:, 0] += slant * (mask.shape[0] - points[:, 1])
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
