"""Lines of text as ink masks, with the outline of every character kept to follow it through the camera."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.rendering.decor import decorate, ghosts
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
        decor: uint8, same shape: rules, frames, the unlit segments of a display.
        placed: Every character drawn, punctuation included.
        cap: Height of a capital in sheet pixels.
    """

    ink: Image
    decor: Image
    placed: tuple[Placed, ...]
    cap: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A character on its line: pen x and baseline y in sheet pixels, and the scale of its stamp."""

    char: str
    made: Stamp
    x: float
    y: float
    scale: float

    def span(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its ink."""
        left, top = self.x + self.made.left * self.scale, self.y + self.made.top * self.scale
        height, width = self.made.mask.shape
        return left, top, left + width * self.scale, top + height * self.scale


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
    moved = [
        replace(piece, x=piece.x + align * (widest - width), y=piece.y + line * leading)
        for line, (row, width) in enumerate(rows)
        for piece in row
    ]
    return _print(face, moved, [line * leading for line in range(len(rows))], cap, rng)


def _tracking(face: Face, rng: np.random.Generator) -> float:
    """Extra space between characters, in cap heights: mostly the face's own, at times touching or wide."""
    draw = rng.random()
    if face.kind in ("seven-segment", "dot-matrix"):
        return float(rng.uniform(-0.02, 0.15))
    if draw < 0.12:
        return float(rng.uniform(-0.07, 0.0))
    return float(rng.uniform(0.0, 0.1) if draw < 0.72 else rng.uniform(0.1, 0.5))


@dataclass(frozen=True, slots=True)
class _Setting:
    """How lines are set: scale of the stamps, extra space, unrest in cap heights, bend of the baseline."""

    scale: float
    tracking: float
    jitter: float
    arc: float


def _row(face: Face, text: str, how: _Setting, rng: np.random.Generator) -> tuple[list[_Piece], float]:
    """The pieces of one line and its width."""
    row: list[_Piece] = []
    pen = 0.0
    for char in text:
        made = None if char == " " else stamp(face, char)
        if made is None:
            pen += 0.4 * how.scale * CAP + how.tracking
            continue
        size = how.scale * (1 + how.jitter * float(rng.normal()))
        row.append(_Piece(char, made, pen, how.jitter * how.scale * CAP * float(rng.normal()), size))
        pen += made.advance * size + how.tracking
    return [replace(piece, y=piece.y + how.arc * (piece.x - pen / 2) ** 2) for piece in row], pen


def _print(
    face: Face, pieces: list[_Piece], baselines: list[float], cap: float, rng: np.random.Generator
) -> Sheet:
    """Put the pieces on a sheet that leaves a capital's height of margin."""
    spans = np.array([piece.span() for piece in pieces] or [(0.0, 0.0, cap, cap)])
    shift_x, shift_y = cap - spans[:, :2].min(axis=0)
    right, bottom = spans[:, 2:].max(axis=0)
    shape = int(np.ceil(bottom + shift_y + cap)) + 2, int(np.ceil(right + shift_x + cap)) + 2
    moved = [replace(piece, x=piece.x + shift_x, y=piece.y + shift_y) for piece in pieces]
    ink = np.zeros(shape, np.uint8)
    placed = tuple(Placed(piece.char, _stamp_on(ink, piece)) for piece in moved)
    edges = [shift_x + (a + b) / 2 for a, b in zip(spans[:-1, 2], spans[1:, 0], strict=True)]
    decor = decorate(shape, [shift_y + y for y in baselines], edges if len(baselines) == 1 else [], cap, rng)
    visible = ghosts(face, rng)
    unlit = stamp(face, "8") if visible else None
    if unlit is not None:
        layer = np.zeros(shape, np.uint8)
        for piece in moved:
            if piece.char.isdigit():
                _stamp_on(layer, replace(piece, made=unlit))
        decor = np.maximum(decor, (layer * visible).astype(np.uint8))
    return Sheet(ink, decor, placed, cap)


def _stamp_on(layer: Image, piece: _Piece) -> Points:
    """Print a piece and return its hull where it came to stand."""
    mask = piece.made.mask
    wide, high = max(1, round(mask.shape[1] * piece.scale)), max(1, round(mask.shape[0] * piece.scale))
    how = cv2.INTER_AREA if piece.scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(mask, (wide, high), interpolation=how)
    left, top = (round(value) for value in piece.span()[:2])
    window = layer[top : top + high, left : left + wide]
    np.maximum(window, scaled[: window.shape[0], : window.shape[1]], out=window)
    factor = np.array([wide / mask.shape[1], high / mask.shape[0]], np.float32)
    return np.asarray(piece.made.hull * factor + np.array([left, top], np.float32), np.float32)
