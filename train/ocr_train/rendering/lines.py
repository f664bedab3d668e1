"""Lines of text as ink masks, with the outline of every character kept to follow it through the camera."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.rendering.glyphs import CAP, Face, Stamp, stamp

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One character on the sheet.

    Attributes:
        char: What it is.
        hull: float32, shape ``(N, 2)``: convex hull of its ink, x and y in sheet pixels.
    """

    char: str
    hull: Points


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Text as it was printed, before any colour or camera.

    Attributes:
        ink: uint8, shape ``(H, W)``: the characters, 255 where fully inked.
        decor: uint8, same shape: underlines and frames.
        placed: Every character drawn, punctuation included.
        cap: Height of a capital in sheet pixels.
    """

    ink: Image
    decor: Image
    placed: tuple[Placed, ...]
    cap: float


def lay_out(face: Face, texts: list[str], cap: float, rng: np.random.Generator) -> Sheet:
    """Set lines of text in one face.

    Args:
        face: The face.
        texts: The lines, from top to bottom.
        cap: Height of a capital, in pixels of the sheet.
        rng: Source of spacing, jitter and decoration.

    Returns:
        The sheet, with a margin of a capital's height around the text.
    """
    tracking = _tracking(face, rng) * cap
    jitter = float(rng.uniform(0, 0.05)) if face.kind == "hand" else 0.0
    arc = float(rng.normal(0, 0.012)) / cap if rng.random() < 0.08 else 0.0
    leading = cap * float(rng.uniform(1.55, 2.4))
    align = float(rng.choice([0.0, 0.5, 1.0], p=[0.6, 0.3, 0.1]))
    how = _Setting(cap / CAP, tracking, jitter, arc)
    rows = [_row(face, text, how, rng) for text in texts]
    widest = max((row[1] for row in rows), default=0.0)
    pieces = [
        (char, made, x + align * (widest - width), y + line * leading, size)
        for line, (row, width) in enumerate(rows)
        for char, made, x, y, size in row
    ]
    return _paste(pieces, cap, leading, len(rows), rng)


def _tracking(face: Face, rng: np.random.Generator) -> float:
    """Extra space between characters, in cap heights: mostly the face's own, at times touching or wide."""
    draw = rng.random()
    if face.kind in ("seven-segment", "dot-matrix"):
        return float(rng.uniform(-0.02, 0.15))
    if draw < 0.12:
        return float(rng.uniform(-0.07, 0.0))
    return float(rng.uniform(0.0, 0.1) if draw < 0.72 else rng.uniform(0.1, 0.5))


Piece = tuple[str, Stamp, float, float, float]
"""Character, stamp, pen x, baseline y (sheet pixels) and its own scale."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """How lines are set: scale of the stamps, extra space, unrest in cap heights, bend of the baseline."""

    scale: float
    tracking: float
    jitter: float
    arc: float


def _row(face: Face, text: str, how: _Setting, rng: np.random.Generator) -> tuple[list[Piece], float]:
    """The pieces of one line and its width."""
    row: list[Piece] = []
    pen = 0.0
    for char in text:
        made = None if char == " " else stamp(face, char)
        if made is None:
            pen += 0.4 * how.scale * CAP + how.tracking
            continue
        size = how.scale * (1 + how.jitter * float(rng.normal()))
        row.append((char, made, pen, how.jitter * how.scale * CAP * float(rng.normal()), size))
        pen += made.advance * size + how.tracking
    bent = [(char, made, x, y + how.arc * (x - pen / 2) ** 2, size) for char, made, x, y, size in row]
    return bent, pen


def _paste(pieces: list[Piece], cap: float, leading: float, lines: int, rng: np.random.Generator) -> Sheet:
    starts = np.array(
        [(x + made.left * size, y + made.top * size) for _, made, x, y, size in pieces] or [(0, 0)]
    )
    sizes = np.array(
        [(m.mask.shape[1] * size, m.mask.shape[0] * size) for _, m, _, _, size in pieces] or [(cap, cap)]
    )
    shift_x, shift_y = cap - starts.min(axis=0)
    right, bottom = (starts + sizes).max(axis=0)
    width, height = int(np.ceil(right + shift_x + cap)) + 2, int(np.ceil(bottom + shift_y + cap)) + 2
    ink = np.zeros((height, width), np.uint8)
    placed = []
    for char, made, x, y, size in pieces:
        wide, high = max(1, round(made.mask.shape[1] * size)), max(1, round(made.mask.shape[0] * size))
        mask = cv2.resize(
            made.mask, (wide, high), interpolation=cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR
        )
        left, top = round(x + made.left * size + shift_x), round(y + made.top * size + shift_y)
        window = ink[top : top + high, left : left + wide]
        np.maximum(window, mask, out=window)
        factor = np.array([wide / made.mask.shape[1], high / made.mask.shape[0]], np.float32)
        placed.append(Placed(char, made.hull * factor + np.array([left, top], np.float32)))
    decor = np.zeros_like(ink)
    _decorate(decor, [shift_y + line * leading for line in range(lines)], cap, rng)
    return Sheet(ink, decor, tuple(placed), cap)


def _decorate(decor: Image, baselines: list[float], cap: float, rng: np.random.Generator) -> None:
    """At times a rule under the lines, a frame, or the edges of a field."""
    draw = rng.random()
    thick = max(1, round(cap * float(rng.uniform(0.03, 0.12))))
    height, width = decor.shape
    inset = round(cap * float(rng.uniform(0.15, 0.6)))
    if draw < 0.07:
        for baseline in baselines:
            y = round(baseline + cap * float(rng.uniform(0.35, 0.5)))
            decor[y : y + thick, inset : width - inset] = 255
    elif draw < 0.14:
        cv2.rectangle(decor, (inset, inset), (width - inset, height - inset), 255, thick)
    elif draw < 0.17:
        decor[:, inset : inset + thick] = 255
        decor[:, width - inset - thick : width - inset] = 255
