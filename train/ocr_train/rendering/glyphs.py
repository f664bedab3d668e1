"""Single characters of a face as ink masks, rasterised from a font file or drawn."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageFont

from ocr_edge.contract.types import Image
from ocr_train.rendering import drawn

CAP = 64
"""Height of a capital, in pixels, at which stamps are made."""


@dataclass(frozen=True, slots=True)
class Face:
    """One style of one family.

    Attributes:
        family: What is kept together when data is split; also the sample's group.
        style: Name of the style within the family.
        path: The font file; empty for a drawn face.
        index: Which face of the file, as fontconfig counts (a variable font's instance in the upper 16 bits).
        kind: ``sans``, ``serif``, ``mono``, ``typewriter``, ``hand``, ``display``, ``condensed``,
            ``stencil``, ``seven-segment`` or ``dot-matrix``.
        labels: The characters it shows legibly and distinctly.
        effect: What is done to each glyph: empty, ``stencil`` (bridges cut out), ``squeeze`` (narrower),
            ``dots`` (seen through a dot grid), ``drawn-dots`` or ``drawn-segments`` (no font file at all).
        variant: Number that shapes the effect.
    """

    family: str
    style: str
    path: str
    index: int
    kind: str
    labels: str
    effect: str = ""
    variant: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One character's ink, in pixels at ``CAP``.

    Attributes:
        mask: uint8, shape ``(h, w)``, cropped to the ink.
        left: Where the mask begins, right of the pen.
        top: Where the mask begins, below the baseline (negative: above).
        advance: How far the pen moves on.
        hull: float32, shape ``(N, 2)``, convex hull of the ink as x, y of pixel corners within the mask.
    """

    mask: Image
    left: int
    top: int
    advance: float
    hull: npt.NDArray[np.float32]


@lru_cache(maxsize=64)
def load_font(path: str, index: int) -> ImageFont.FreeTypeFont:
    """A font at the size where its capitals (or digits) are ``CAP`` pixels high.

    Raises:
        OSError: Not a font that FreeType opens at such a size.
    """
    trial = ImageFont.truetype(path, 100, index=index, layout_engine=ImageFont.Layout.BASIC)
    heights = [box[3] - box[1] for box in (trial.getbbox(c) for c in "HEN0") if box[3] > box[1]]
    if not heights:
        raise OSError(f"{path}: no capitals and no zero")
    size = 100 * CAP / float(np.median(heights))
    if not 8 <= size <= 600:
        raise OSError(f"{path}: capitals would need a size of {size:.0f} pixels")
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)
def stamp(face: Face, char: str) -> Stamp | None:
    """The ink of one character.

    Args:
        face: Which face.
        char: One character.

    Returns:
        The stamp; None when the face has no ink for it.
    """
    if face.effect == "drawn-dots":
        made = drawn.dots(char, face.variant, CAP)
    elif face.effect == "drawn-segments":
        made = drawn.segments(char, face.variant, CAP)
    else:
        made = rasterise(face.path, face.index, char)
        if made is not None and char not in face.labels and _is_missing(face, made[0]):
            return None
        if made is not None:
            made = _apply(made, face, char)
    if made is None:
        return None
    mask, left, top, advance = made
    box = cv2.boundingRect((mask > 100).astype(np.uint8))
    if box[2] == 0 or box[3] == 0:
        return None
    mask = np.ascontiguousarray(mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]])
    return Stamp(mask, left + box[0], top + box[1], advance, _hull(mask))


def rasterise(path: str, index: int, char: str) -> tuple[Image, int, int, float] | None:
    """A character as FreeType draws it at ``CAP``: mask, left, top, advance; None when blank."""
    font = load_font(path, index)
    ink, (left, top) = font.getmask2(char, mode="L", anchor="ls")
    if 0 in ink.size or ink.size[0] > 8 * CAP or ink.size[1] > 8 * CAP:
        return None
    mask = np.frombuffer(bytes(ink), np.uint8).reshape(ink.size[1], ink.size[0])
    return mask, int(left), int(top), float(font.getlength(char))


@lru_cache(maxsize=64)
def missing(path: str, index: int) -> bytes | None:
    """The pixels of what a font draws for a character it lacks; None when nothing."""
    made = rasterise(path, index, "\U0010fffe")
    return None if made is None else made[0].tobytes()


def _is_missing(face: Face, mask: Image) -> bool:
    return mask.tobytes() == missing(face.path, face.index)


def _apply(made: tuple[Image, int, int, float], face: Face, char: str) -> tuple[Image, int, int, float]:
    mask, left, top, advance = made
    if face.effect == "squeeze":
        factor = (0.55, 0.65, 0.75, 0.85)[face.variant % 4]
        width = max(3, round(mask.shape[1] * factor))
        mask = np.asarray(cv2.resize(mask, (width, mask.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
        return mask, round(left * factor), top, advance * factor
    if face.effect == "stencil":
        return drawn.stencil(mask, char, face.variant, CAP), left, top, advance
    if face.effect == "dots":
        return drawn.through_grid(mask, face.variant, CAP), left, top, advance
    return made


def _hull(mask: Image) -> npt.NDArray[np.float32]:
    """Convex hull of the ink, its points on the outer corners of the pixels."""
    inked = np.argwhere(mask > 100)[:, ::-1]
    rows = cv2.convexHull(inked.astype(np.int32))[:, 0, :]
    corners = np.concatenate([rows + offset for offset in ((0, 0), (0, 1), (1, 0), (1, 1))])
    return np.asarray(cv2.convexHull(corners.astype(np.int32))[:, 0, :], np.float32)
