"""Ink of a text: printed in a font of the system, on a seven-segment display, or on a dot matrix."""

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ink = npt.NDArray[np.float32]
"""How much of each pixel is ink, 0 to 1, shape ``(H, W)``."""

OVERSAMPLING = 4
"""Displays are drawn so many times as large and averaged, which gives smooth edges."""

_ENDS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
"""The seven segments, clockwise from the top, as ends on a grid of 2 by 3 points."""
SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc",
    "8": "abcdefg", "9": "abcdfg", "-": "g", "°": "abfg", " ": "", "A": "abcefg", "b": "cdefg", "C": "adef",
    "d": "bcdeg", "E": "adefg", "F": "aefg", "H": "bcefg", "h": "cefg", "L": "def", "n": "ceg", "o": "cdeg",
    "P": "abefg", "r": "eg", "t": "defg", "U": "bcdef",
}  # fmt: skip
"""What a seven-segment cell can say; points, commas and colons stand between the cells."""

DOTS = {
    " ": "0000000000", "%": "2313086462", "(": "001c224100", ")": "0041221c00", "+": "08083e0808",
    ",": "0050300000", "-": "0808080808", ".": "0060600000", "/": "2010080402", ":": "0036360000",
    "=": "1414141414", "°": "0006090906", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946",
    "3": "2141454b31", "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503",
    "8": "3649494936", "9": "064949291e", "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122",
    "D": "7f4141221c", "E": "7f49494941", "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f",
    "I": "00417f4100", "J": "2040413f01", "K": "7f08142241", "L": "7f40404040", "M": "7f020c027f",
    "N": "7f0408107f", "O": "3e4141413e", "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946",
    "S": "4649494931", "T": "01017f0101", "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f",
    "X": "6314081463", "Y": "0708700807", "Z": "6151494543",
}  # fmt: skip
"""Five columns of seven dots, two hexadecimal digits a column, the lowest bit on top."""


class NoFontError(Exception):
    """A family is not installed."""


@lru_cache
def font_file(family: str, style: str = "Regular") -> Path:
    """The file that holds a face.

    Raises:
        NoFontError: fontconfig does not know the family, or is not installed itself.
    """
    command = ["fc-match", "--format=%{family}\t%{file}", f"{family}:style={style}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoFontError(f"fontconfig does not answer ({error})") from error
    names, _, file = done.stdout.partition("\t")
    # fc-match always answers, with another family where the wanted one is missing.
    if family not in names.split(","):
        raise NoFontError(f"{family} is not installed")
    return Path(file)


def printed(text: str, file: Path, size: float, spacing: float = 0.0) -> Ink:
    """A line in a font.

    Args:
        text: One line.
        file: The font, TrueType or OpenType.
        size: Pixels of an em.
        spacing: Added after each character, in em.

    Returns:
        The line's ink, without a margin.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    pieces = list(text) if spacing else [text]
    width = sum(font.getlength(piece) for piece in pieces) + spacing * size * len(pieces)
    canvas = Image.new("L", (int(width + 2 * size), int(3 * size)))
    left = size
    for piece in pieces:
        ImageDraw.Draw(canvas).text((left, 2 * size), piece, fill=255, font=font, anchor="ls")
        left += font.getlength(piece) + spacing * size
    return _cropped(np.asarray(canvas, np.float32) / 255)


def segments(text: str, height: int, *, thick: float = 0.12, slant: float = 0.1, ghost: float = 0.0) -> Ink:
    """A line on a seven-segment display.

    Args:
        text: Characters of ``SEGMENTS``, and ``.``, ``,`` and ``:`` between them.
        height: Pixels of a cell.
        thick: Width of a segment, as a share of the height.
        slant: How far the top leans to the right, as a share of the height.
        ghost: How much the segments that are off still show, 0 to 1.

    Raises:
        KeyError: The display cannot show a character.
    """
    from PIL import Image, ImageDraw

    tall = height * OVERSAMPLING
    wide, half, step = 0.5 * tall, thick * tall / 2, (1 - thick) * tall / 2
    room = np.full(2, tall * 0.3)
    canvas = Image.new("L", (int((len(text) + 1) * 0.8 * tall), int(1.6 * tall)))
    draw = ImageDraw.Draw(canvas)
    left = room[0]
    for character in text:
        if character in ".,:":
            low = room[1] + tall - half
            places = [low] if character in ".," else [room[1] + 0.3 * tall, room[1] + 0.7 * tall]
            for y in places:
                x = left - 0.03 * tall
                draw.ellipse((x - 1.1 * half, y - 1.1 * half, x + 1.1 * half, y + 1.1 * half), fill=255)
                if character == ",":
                    tail = [(x + half, y), (x - half, y + 3.5 * half), (x - half, y)]
                    draw.polygon(tail, fill=255)
            left += 0.12 * tall
            continue
        on = SEGMENTS[character]
        for name, ends in _ENDS.items():
            shade = 255 if name in on else round(255 * ghost)
            if shade and character != " ":
                corners = [(left + half + x * (wide - 2 * half), room[1] + half + y * step) for x, y in ends]
                draw.polygon(_segment(*corners, half), fill=shade)
        left += wide + 0.18 * tall
    leaning = canvas.transform(
        canvas.size, Image.Transform.AFFINE, (1, slant, -slant * (room[1] + tall), 0, 1, 0), Image.Resampling.BILINEAR
    )  # fmt: skip
    return _smaller(np.asarray(leaning, np.float32) / 255)


def dots(text: str, pitch: float, *, size: float = 0.85, ghost: float = 0.0) -> Ink:
    """A line on a matrix of 5 by 7 dots a character.

    Args:
        text: Characters of ``DOTS``.
        pitch: Pixels from dot to dot.
        size: A dot's diameter, as a share of the pitch.
        ghost: How much the dots that are off still show, 0 to 1.

    Raises:
        KeyError: The display cannot show a character.
    """
    from PIL import Image, ImageDraw

    columns = [int(DOTS[character][i : i + 2], 16) for character in text for i in range(0, 10, 2)]
    step, radius = pitch * OVERSAMPLING, pitch * OVERSAMPLING * size / 2
    canvas = Image.new("L", (int((len(text) * 6 + 1) * step), int(9 * step)))
    draw = ImageDraw.Draw(canvas)
    for index, column in enumerate(columns):
        x = (index + index // 5 + 1) * step
        for row in range(7):
            shade = 255 if column >> row & 1 else round(255 * ghost)
            y = (row + 1) * step
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)
    return _smaller(np.asarray(canvas, np.float32) / 255)


def stacked(lines: Sequence[Ink], gap: int, *, centred: bool = False) -> Ink:
    """Lines below each other.

    Args:
        lines: From top to bottom.
        gap: Pixels between two of them.
        centred: Whether their middles are aligned, not their left ends.
    """
    width = max(line.shape[1] for line in lines)
    rows: list[Ink] = []
    for line in lines:
        free = width - line.shape[1]
        before = free // 2 if centred else 0
        rows += [np.pad(line, ((0, gap), (before, free - before)))]
    return np.concatenate(rows)[:-gap] if gap else np.concatenate(rows)


def _segment(start: tuple[float, float], end: tuple[float, float], half: float) -> list[tuple[float, float]]:
    """Corners of a bar with pointed ends, a little shorter than from end to end."""
    (x, y), (u, v) = start, end
    along = np.array((u - x, v - y)) / np.hypot(u - x, v - y)
    aside = np.array((-along[1], along[0])) * half
    first, last = np.array(start) + along * half * 0.25, np.array(end) - along * half * 0.25
    inner = [first + along * half, last - along * half]
    corners = [first, inner[0] + aside, inner[1] + aside, last, inner[1] - aside, inner[0] - aside]
    return [(float(corner[0]), float(corner[1])) for corner in corners]


def _smaller(ink: Ink) -> Ink:
    """Averaged over the oversampling, cropped to the ink."""
    height, width = (side // OVERSAMPLING for side in ink.shape)
    ink = ink[: height * OVERSAMPLING, : width * OVERSAMPLING]
    return _cropped(ink.reshape(height, OVERSAMPLING, width, OVERSAMPLING).mean(axis=(1, 3)))


def _cropped(ink: Ink) -> Ink:
    """Without rows and columns that hold no ink at all.

    Raises:
        ValueError: There is no ink.
    """
    if not (ink > 0).any():
        raise ValueError("no ink")
    (top, bottom), (left, right) = (np.flatnonzero((ink > 0).any(axis))[[0, -1]] for axis in (1, 0))
    return ink[top : bottom + 1, left : right + 1]
